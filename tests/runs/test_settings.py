"""Settings of a stage: compared when it resumes, refused when they are damaged."""

import dataclasses
import json
import os
from contextlib import nullcontext
from pathlib import Path

import pytest
import tensorflow as tf

from configs.settings import FusionConfig, NetworkConfig, SamplingConfig, TrainingConfig
from utils.runs import checkpoints, settings
from utils.runs.settings import ChangedSettingError, SettingsError

NETWORK = NetworkConfig(width=4)


@pytest.fixture
def stage(tmp_path):
    """A trained stage's folder, and its settings."""
    config = TrainingConfig(run=tmp_path, network=NETWORK)
    return _trained(tmp_path, config), config


def _trained(folder, config):
    settings.write_settings(folder, config, samples=1)
    path = folder / settings.CHECKPOINTS_NAME
    checkpoints.save(tf.train.Checkpoint(weights=tf.Variable(tf.zeros(1))), path, step=1)
    return folder


def rewrite(folder, without=(), **changes):
    """Changes the stage's settings file."""
    path = folder / settings.SETTINGS_NAME
    content = json.loads(path.read_text()) | changes
    path.write_text(json.dumps({k: v for k, v in content.items() if k not in without}))


def test_a_field_that_the_file_lacks_has_its_default(stage):
    """As of a run that was started before the field was added."""
    folder, config = stage
    rewrite(folder, without=("hold_steps", "optimizer", "network.dense_layers", "prealign"))
    settings.write_settings(folder, config, samples=1)
    assert settings.read_network_config(folder) == NETWORK
    assert settings.read_settings(folder)["optimizer"] == "adam"
    with pytest.raises(ChangedSettingError, match=r"optimizer='adam'.*: optimizer='muon'"):
        settings.write_settings(folder, dataclasses.replace(config, optimizer="muon"), samples=1)


def test_start_weights_may_be_named_from_elsewhere(tmp_path, monkeypatch):
    config = TrainingConfig(run=tmp_path, network=NETWORK, start_weights=tmp_path / "start")
    folder = _trained(tmp_path, config)
    monkeypatch.chdir(tmp_path)
    named = dataclasses.replace(config, start_weights=Path("start"))
    settings.write_settings(folder, named, samples=1)
    other = dataclasses.replace(config, start_weights=tmp_path / "other")
    with pytest.raises(ChangedSettingError, match="start_weights"):
        settings.write_settings(folder, other, samples=1)


def test_an_unknown_field_is_named(stage):
    folder, config = stage
    rewrite(folder, tomorrow=1)
    for read in (settings.read_settings, lambda x: settings.write_settings(x, config, samples=1)):
        with pytest.raises(SettingsError, match=r"settings\.json: unknown .*Received: tomorrow"):
            read(folder)


def test_settings_without_a_checkpoint_may_be_overwritten(tmp_path):
    config = TrainingConfig(run=tmp_path, network=NETWORK, batch_size=8)
    settings.write_settings(tmp_path, config, samples=1)
    other = dataclasses.replace(config, batch_size=4)
    settings.write_settings(_trained(tmp_path, other), other, samples=1, prealign="on")
    with pytest.raises(ChangedSettingError, match=r"batch_size=4.*batch_size=8"):
        settings.write_settings(tmp_path, config, samples=1)


def test_a_stage_without_a_digest_takes_any_records(stage):
    """As of a run that was started before digests were kept."""
    folder, config = stage
    settings.write_settings(folder, config, samples=1, digest="other")
    rewrite(folder, records_sha256=["no text"])
    with pytest.raises(SettingsError, match=r"\['no text'\].*Received: records of digest other$"):
        settings.write_settings(folder, config, samples=1, digest="other")


FREE = {
    *("run", "records", "log_every", "validate_every", "checkpoint_every", "validation_crop"),
    *("sampling.cache_bytes", "sampling.skip_damaged", "save_release", "deterministic"),
    *("strategy", "arithmetic", "prealign"),
}


def test_every_setting_is_compared_but_those_that_leave_the_weights(stage):
    folder, config = stage
    path = folder / settings.SETTINGS_NAME
    sound = path.read_text()
    for name in json.loads(sound):
        rewrite(folder, **{name: "another"})
        with nullcontext() if name in FREE else pytest.raises(SettingsError, match="another"):
            settings.write_settings(folder, config, samples=1)
        path.write_text(sound)


def test_more_steps_resume_where_the_schedule_does_not_depend_on_them(stage):
    folder, config = stage
    for steps in (400_000, 5):
        settings.write_settings(folder, dataclasses.replace(config, steps=steps), samples=1)
    assert settings.read_settings(folder)["steps"] == 400_000


def test_the_length_of_a_cosine_may_change_until_it_falls(tmp_path):
    config = FusionConfig(run=tmp_path, network=NETWORK, schedule="cosine", steps=10, hold_steps=1)
    _trained(tmp_path, config)
    settings.write_settings(tmp_path, dataclasses.replace(config, steps=6), samples=1)
    assert settings.read_settings(tmp_path)["steps"] == 6
    fallen = dataclasses.replace(config, steps=6, hold_steps=0)
    with pytest.raises(ChangedSettingError, match=r"hold_steps=1.*hold_steps=0"):
        settings.write_settings(tmp_path, fallen, samples=1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("network.width", value) for value in (0, -1, "4", 4.0, True, None, [4], 2**40, 3)),
        *(("network.residual_blocks", 2000), ("network.initializer", 5)),
        *(("steps", value) for value in ("20", None, [20])),
    ],
)
def test_illegal_values_are_refused(stage, name, value):
    folder, config = stage
    rewrite(folder, **{name: value})
    readers = {"steps": lambda x: settings.write_settings(x, config, samples=1)}
    like = settings.like(folder.name)
    for read in (
        readers.get(name, settings.read_network_config),
        lambda x: like(config, x.parent),
    ):
        with pytest.raises(SettingsError, match=rf"{settings.SETTINGS_NAME}.*Received: "):
            read(folder)


def test_like_takes_all_settings_and_the_records_of_another_run(tmp_path):
    sampling = SamplingConfig(stride=8, resample=True)
    other = FusionConfig(
        run=tmp_path / "other",
        network=NETWORK,
        sampling=sampling,
        fixed=("low",),
        start_weights=Path("weights/esbn-64"),
        save_release="x",
        learning_rate=1,
    )
    _trained(other.run / "fusion", other)
    found = settings.like("fusion")(FusionConfig(run=tmp_path, clip_norm=3.0), other.run)
    records = str(other.run / "records")
    assert found == dataclasses.replace(other, records=records, save_release=None)
    assert type(found.learning_rate) is float


_HUGE = f"{{{' ' * 2**20}}}"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "[" * 100_000, "\x00", '{"steps": }', "\udcff", _HUGE],
    ids=lambda text: ascii(text[:9]),
)
def test_settings_that_are_no_json_object_are_refused(stage, text):
    folder, config = stage
    path = folder / settings.SETTINGS_NAME
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    for read in (settings.read_settings, lambda x: settings.write_settings(x, config, samples=1)):
        with pytest.raises(ValueError, match=rf"^{path} must hold .*Received: "):
            read(folder)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(FileNotFoundError, match=f"No such file. Received: {path}"):
        settings.read_settings(folder)
