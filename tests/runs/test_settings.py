"""A stage's settings: checked when it goes on, also those that an earlier version wrote."""

import dataclasses
import json
import os

import pytest
import tensorflow as tf

from configs.settings import FusionConfig, NetworkConfig, TrainingConfig
from utils.runs import checkpoints, settings

NETWORK = NetworkConfig(width=4)


def train(folder):
    """Leaves a checkpoint as large as the networks', so that the settings beside it bind."""
    path = folder / settings.CHECKPOINTS_NAME
    checkpoints.save(tf.train.Checkpoint(weights=tf.Variable(tf.zeros(50_000))), path, step=1)


def rewrite(folder, **changes):
    """Writes the stage's settings anew, some of them as an earlier version did."""
    path = folder / settings.SETTINGS_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_texts_that_an_earlier_version_left_empty_are_not_set(tmp_path):
    config = TrainingConfig(run=tmp_path, network=NETWORK)
    settings.write_settings(tmp_path, config, samples=1)
    train(tmp_path)
    empty = dict.fromkeys(("records", "release_checkpoint", "save_release"), "")
    rewrite(tmp_path, **empty, **{"network.aligned": True})
    settings.write_settings(tmp_path, config, samples=1)
    other = TrainingConfig(run=tmp_path, network=NETWORK, release_checkpoint="iter")
    with pytest.raises(settings.SettingsError, match=r"release_checkpoint=None.*='iter'"):
        settings.write_settings(tmp_path, other, samples=1)
    assert settings.had_alignments(tmp_path)
    assert settings.read_network_config(tmp_path) == NETWORK


def test_a_run_of_an_earlier_version_without_alignment_goes_on_as_alignment_none(tmp_path):
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="from_scratch")
    settings.write_settings(tmp_path, config, samples=1)
    train(tmp_path)
    rewrite(tmp_path, **{"network.aligned": False})
    assert not settings.had_alignments(tmp_path)
    with pytest.raises(settings.SettingsError, match=r"alignment='none'.*='from_scratch'"):
        settings.write_settings(tmp_path, config, samples=1)
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="none")
    settings.write_settings(tmp_path, config, samples=1)


def test_a_folder_without_a_stage_is_named_with_the_script_that_trains_it(tmp_path):
    folder = tmp_path / "align_low"
    message = f"run training_align_low.py --run {tmp_path} first.*no checkpoint in {folder}"
    with pytest.raises(FileNotFoundError, match=message):
        settings.read_settings(folder)


def test_settings_of_a_run_that_trained_nothing_bind_nobody(tmp_path):
    config = TrainingConfig(run=tmp_path, network=NETWORK, batch_size=8)
    settings.write_settings(tmp_path, config, samples=1)
    other = dataclasses.replace(config, batch_size=4)
    settings.write_settings(tmp_path, other, samples=2, prealign="on")
    assert settings.read_settings(tmp_path)["batch_size"] == 4
    settings.require_prealignment(tmp_path, "off")
    train(tmp_path)
    with pytest.raises(settings.SettingsError, match=r"batch_size=4.*batch_size=8"):
        settings.write_settings(tmp_path, config, samples=2, prealign="on")


def test_more_steps_go_on_where_the_schedule_does_not_depend_on_them(tmp_path):
    config = TrainingConfig(run=tmp_path, network=NETWORK, steps=10, schedule="step")
    settings.write_settings(tmp_path, config, samples=1)
    train(tmp_path)
    for steps in (20, 5):
        settings.write_settings(tmp_path, dataclasses.replace(config, steps=steps), samples=1)
    assert settings.read_settings(tmp_path)["steps"] == 20


def test_the_length_of_a_cosine_is_free_until_it_falls(tmp_path):
    config = TrainingConfig(
        run=tmp_path, network=NETWORK, schedule="cosine", steps=10, hold_steps=1
    )
    settings.write_settings(tmp_path, config, samples=1)
    train(tmp_path)
    shorter = dataclasses.replace(config, steps=6)
    settings.write_settings(tmp_path, shorter, samples=1)
    assert settings.read_settings(tmp_path)["steps"] == 6
    fallen = dataclasses.replace(config, hold_steps=0)
    with pytest.raises(settings.SettingsError, match="hold_steps=0"):
        settings.write_settings(tmp_path, fallen, samples=1)


SIZES = {"width": 4, "residual_blocks": 9, "dense_layers": 6}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in SIZES for value in (0, -1, "4", 4.0, True, None, [4], 2**40)),
        ("width", 3),
        ("width", 1000),
        ("residual_blocks", 2000),
        ("initializer", 5),
    ],
)
def test_sizes_of_networks_that_the_checkpoint_cannot_hold_are_refused(tmp_path, name, value):
    settings.write_settings(tmp_path, TrainingConfig(run=tmp_path, network=NETWORK), samples=1)
    train(tmp_path)
    assert settings.read_network_config(tmp_path) == NETWORK
    rewrite(tmp_path, **{f"network.{name}": value})
    with pytest.raises(settings.SettingsError, match=rf"{settings.SETTINGS_NAME}.*Received: "):
        settings.read_network_config(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", "[" * 100_000, "\x00", '{"steps": }', '"a"', "\udcff"], ids=repr
)
def test_settings_that_are_no_json_object_are_refused_by_name(tmp_path, text):
    config = TrainingConfig(run=tmp_path, network=NETWORK)
    settings.write_settings(tmp_path, config, samples=1)
    train(tmp_path)
    path = tmp_path / settings.SETTINGS_NAME
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for read in (settings.read_settings, lambda x: settings.write_settings(x, config, samples=1)):
        with pytest.raises(ValueError, match=rf"^{path} must hold .*Received: "):
            read(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FileNotFoundError, match=f"No such file. Received: {path}"):
        settings.read_settings(tmp_path)


@pytest.mark.parametrize("value", ["maybe", 5, None, []], ids=repr)
def test_an_unknown_pre_alignment_is_refused(tmp_path, value):
    settings.write_settings(tmp_path, TrainingConfig(run=tmp_path, network=NETWORK), samples=1)
    rewrite(tmp_path, prealign=value)
    with pytest.raises(settings.SettingsError, match=r"prealign must be .*Received: "):
        settings.read_prealignment(tmp_path)


@pytest.mark.parametrize("value", ["20", None, [20]], ids=repr)
def test_steps_that_are_no_number_are_refused(tmp_path, value):
    config = TrainingConfig(run=tmp_path, network=NETWORK)
    settings.write_settings(tmp_path, config, samples=1)
    train(tmp_path)
    rewrite(tmp_path, steps=value)
    with pytest.raises(settings.SettingsError, match=r"steps must be a number. Received: "):
        settings.write_settings(tmp_path, config, samples=1)
