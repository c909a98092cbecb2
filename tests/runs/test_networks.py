"""A run's folder: which weights the reconstruction scripts get."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from configs import paths
from configs.settings import (
    FusionConfig,
    NetworkConfig,
    PrealignmentName,
    ReconstructionConfig,
    TrainingConfig,
)
from models import esbn, release_checkpoint
from models.fast.layers import FastConvolution
from models.layers import Convolution
from utils import files
from utils.runs import checkpoints, provenance, settings
from utils.runs.networks import load_networks, trained_prealignment, weights_in_words

NETWORK = NetworkConfig(width=4, residual_blocks=1, dense_layers=2, initializer="he")


def networks():
    return esbn.networks(**dataclasses.asdict(NETWORK))


def save_stage(run, stage, parts, prealign: PrealignmentName = "off"):
    folder = paths.stage_dir(run, stage)
    config = TrainingConfig(run=run, network=NETWORK)
    settings.write_settings(folder, config, samples=1, prealign=prealign)
    checkpoints.save(tf.train.Checkpoint(**parts), folder / settings.CHECKPOINTS_NAME, step=1)


def load(run, **changes):
    config = ReconstructionConfig(run=run, precision="float32", **changes)
    return load_networks(config)


def assert_equal(ours, theirs):
    for one, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_alignments_come_from_their_own_stages_until_there_is_a_fusion(tmp_path):
    low, high = networks(), networks()
    save_stage(tmp_path, "align_low", {"low": low["low"]})
    save_stage(tmp_path, "align_high", {"high": high["high"]})
    loaded = load(tmp_path)
    assert set(loaded) == {"low", "high"}
    assert_equal(loaded["low"], low["low"])
    assert_equal(loaded["high"], high["high"])
    whole = networks()
    save_stage(tmp_path, "fusion", whole)
    loaded = load(tmp_path)
    assert set(loaded) == {"low", "high", "merging"}
    for name, network in loaded.items():
        assert_equal(network, whole[name])


@pytest.mark.parametrize(
    ("arithmetic", "layer"), [("fast", FastConvolution), ("plain", Convolution)]
)
def test_the_arithmetic_chooses_the_layers_not_the_weights(tmp_path, arithmetic, layer):
    whole = networks()
    save_stage(tmp_path, "fusion", whole)
    loaded = load(tmp_path, arithmetic=arithmetic)
    for name, network in loaded.items():
        assert type(network.get_layer("output")) is layer
        assert_equal(network, whole[name])


def test_the_authors_checkpoints_replace_single_networks_of_a_run(tmp_path):
    whole, released = networks(), networks()
    save_stage(tmp_path, "fusion", whole)
    release_checkpoint.save_all(released, str(tmp_path / "iter"))
    loaded = load(tmp_path, release_high=str(tmp_path / "iter_high"))
    assert_equal(loaded["high"], released["high"])
    assert_equal(loaded["low"], whole["low"])
    assert_equal(loaded["merging"], whole["merging"])


def test_words_say_where_the_networks_come_from(tmp_path):
    def words(**changes):
        return weights_in_words(ReconstructionConfig(run=tmp_path, **changes))

    save_stage(tmp_path, "fusion", networks())
    assert words() == str(tmp_path / "fusion")
    assert words(release_low="iter_low") == f"low of the authors' iter_low, {tmp_path / 'fusion'}"
    assert words(weights=tmp_path / "folder") == str(tmp_path / "folder")
    assert words(weights=paths.WEIGHTS_DIR) == "those that come with this code"
    assert words(weights=paths.SMALL_WEIGHTS_DIR) == "the small ones that come with this code"


def test_with_all_three_authors_checkpoints_no_run_is_needed(tmp_path):
    released = esbn.networks()
    release_checkpoint.save_all(released, str(tmp_path / "iter"))
    flags = {f"release_{name}": str(tmp_path / f"iter_{name}") for name in released}
    loaded = load(tmp_path / "nowhere", **flags)
    for name, network in loaded.items():
        assert_equal(network, released[name])


def test_a_run_without_alignment_is_rebuilt_without(tmp_path):
    whole = esbn.networks(**dataclasses.asdict(NETWORK), aligned=False)
    folder = paths.stage_dir(tmp_path, "fusion")
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="none")
    settings.write_settings(folder, config, samples=1)
    checkpoints.save(tf.train.Checkpoint(**whole), folder / settings.CHECKPOINTS_NAME, step=1)
    loaded = load(tmp_path)
    assert not loaded["low"].weights
    assert not loaded["high"].weights
    assert_equal(loaded["merging"], whole["merging"])


def test_frames_are_prepared_as_for_the_stages_that_are_used(tmp_path):
    config = ReconstructionConfig(run=tmp_path)
    parts = networks()
    save_stage(tmp_path, "align_low", {"low": parts["low"]}, "auto")
    save_stage(tmp_path, "align_high", {"high": parts["high"]}, "off")
    with pytest.raises(settings.SettingsError, match=r"say with --prealign.*'align_high': 'off'"):
        trained_prealignment(config)
    released = dataclasses.replace(config, release_high="somewhere")
    assert trained_prealignment(released) == "auto"
    save_stage(tmp_path, "fusion", parts, "on")
    assert trained_prealignment(config) == "on"
    names = {f"release_{name}": "somewhere" for name in parts}
    assert trained_prealignment(dataclasses.replace(config, **names)) == "off"


def test_a_run_without_weights_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")


def test_a_stage_without_a_checkpoint_is_named(tmp_path):
    for stage in paths.ALIGNMENT.values():
        folder = paths.stage_dir(tmp_path, stage)
        settings.write_settings(folder, TrainingConfig(run=tmp_path, network=NETWORK), samples=1)
    with pytest.raises(FileNotFoundError, match="align_low"):
        load(tmp_path)


def test_a_folder_in_which_nothing_was_trained_counts_as_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(paths.SHIPPED_WEIGHTS, tmp_path, paths.WEIGHTS_DIR)
    with files.lock(paths.stage_dir(tmp_path, "align_high")):
        pass  # a training that found no records
    config = FusionConfig(run=tmp_path, network=NETWORK)
    settings.write_settings(paths.stage_dir(tmp_path, "fusion"), config, samples=1)
    assert set(load(tmp_path)) == {"low", "high", "merging"}
    said = capsys.readouterr().out.splitlines()
    history = provenance.SHIPPED[paths.WEIGHTS_DIR]
    assert said == [f"Weights: {paths.WEIGHTS_DIR} that come with this code: {history}"]


def test_hardly_trained_weights_are_warned_about(tmp_path, capsys, caplog):
    save_stage(tmp_path, "fusion", networks())
    folder = paths.stage_dir(tmp_path, "fusion")
    (folder / "validation.csv").write_text("step,psnr_mu\n0,9.5\n1,12.25\n2,50\n")
    load(tmp_path)
    line = f"Weights: {folder}, 1 steps, validation PSNR-mu 12.25 dB\n"
    assert capsys.readouterr().out == line
    assert "1 steps in all stages, validation PSNR-mu 12.25 dB, below 30" in caplog.text


@pytest.mark.parametrize(
    "table",
    [
        b"step,psnr_mu\n0,9.5\n1,12.25\n2,50\n".replace(b"\n", b"\r\n"),
        b"step,psnr_m1,12.25\n",
        b"st1,12.25\npsnr_mu,1\n",
        b"step,psnr_mu\n1,twelve\n",
        b"psnr_mu\n1\n",
        b"step,psnr_mu\n" + bytes(40),
        b"\xff\xfe\n\x80",
    ],
)
def test_a_damaged_table_of_scores_stops_nobody(tmp_path, capsys, table):
    save_stage(tmp_path, "fusion", networks())
    folder = paths.stage_dir(tmp_path, "fusion")
    (folder / "validation.csv").write_bytes(table)
    load(tmp_path)
    score = ", validation PSNR-mu 12.25 dB" if table.count(b"\r") else ""
    assert capsys.readouterr().out == f"Weights: {folder}, 1 steps{score}\n"


@pytest.mark.parametrize(
    "line",
    [b"x,50", b"1", b",", b"1,nan", b"1,inf", b"\xff\xfe,50", b"\0,50", b"2,50", b"1,"],
    ids=repr,
)
def test_a_damaged_line_of_scores_is_passed_over(tmp_path, capsys, line):
    save_stage(tmp_path, "fusion", networks())
    folder = paths.stage_dir(tmp_path, "fusion")
    (folder / "validation.csv").write_bytes(b"step,psnr_mu\n1,12.25\n" + line + b"\n")
    provenance.say_stages([folder])
    assert "validation PSNR-mu 12.25 dB" in capsys.readouterr().out
    (folder / "validation.csv").write_bytes(line)  # without a heading
    provenance.say_stages([folder])
    assert "PSNR" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("begun", "steps", "psnr", "warned"),
    [
        (False, 5_000, 30.0, False),
        (False, 4_999, 30.0, True),
        (False, 5_000, 29.9, True),
        (True, 10, 36.0, False),
        (True, 10, 29.0, True),
    ],
)
def test_the_rule_counts_steps_of_a_fresh_start_and_validation(
    tmp_path, caplog, *, begun, steps, psnr, warned
):
    folder = paths.stage_dir(tmp_path, "fusion")
    config = FusionConfig(run=tmp_path, start_weights=tmp_path if begun else None)
    settings.write_settings(folder, config, samples=1)
    checkpoints.save(tf.train.Checkpoint(), folder / settings.CHECKPOINTS_NAME, step=steps)
    (folder / "validation.csv").write_text(f"step,psnr_mu\n{steps},{psnr}\n")
    provenance.say_stages([folder])
    assert bool(caplog.records) == warned
