"""Which weights the reconstruction scripts get: of a run, a folder, the authors or this code."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from configs import paths
from configs.settings import FusionConfig, NetworkConfig, ReconstructionConfig, TrainingConfig
from models import esbn, release_checkpoint
from models.fast.layers import FastConvolution
from models.layers import Convolution
from utils import files
from utils.runs import checkpoints, settings
from utils.runs.networks import (
    load_networks,
    prealign_in_words,
    weights_files,
    weights_in_words,
)

NETWORK = NetworkConfig(width=4, residual_blocks=1, dense_layers=2, initializer="he")


def networks():
    return esbn.networks(**dataclasses.asdict(NETWORK))


def save_stage(run, stage, parts, config=None, prealign="off"):
    folder = paths.stage_dir(run, stage)
    config = config or TrainingConfig(run=run, network=NETWORK)
    settings.write_settings(folder, config, samples=1, prealign=prealign)
    checkpoints.save(tf.train.Checkpoint(**parts), folder / settings.CHECKPOINTS_NAME, step=1)


def load(run, *, merging=True, **changes):
    config = ReconstructionConfig(run=run, precision="float32", **changes)
    return load_networks(config, merging=merging)


def assert_equal(ours, theirs):
    for one, other in zip(ours.variables, theirs.variables, strict=True):
        np.testing.assert_array_equal(one, other)


def test_alignments_come_from_their_own_stages_until_there_is_a_fusion(tmp_path):
    parts = {"low": networks()["low"], "high": networks()["high"]}
    for side, network in parts.items():
        save_stage(tmp_path, f"align_{side}", {side: network})
    for expected in (parts, networks()):
        if len(expected) == 3:
            save_stage(tmp_path, "fusion", expected)
        loaded = load(tmp_path, merging=len(expected) == 3)
        assert loaded.keys() == expected.keys()
        for name, network in loaded.items():
            assert_equal(network, expected[name])


def test_a_merging_network_that_is_not_trained_is_named(tmp_path):
    for side in ("low", "high"):
        save_stage(tmp_path, f"align_{side}", {side: networks()[side]})
    with pytest.raises(ValueError, match=r"run training_fusion\.py first.*Received: .*align_low"):
        load(tmp_path)


def test_the_arithmetic_chooses_the_layers_not_the_weights(tmp_path):
    whole = networks()
    save_stage(tmp_path, "fusion", whole)
    for arithmetic, layer in (("fast", FastConvolution), ("plain", Convolution)):
        for name, network in load(tmp_path, arithmetic=arithmetic).items():
            assert type(network.get_layer("output")) is layer
            assert_equal(network, whole[name])


def test_the_authors_checkpoints_replace_single_networks_of_a_run(tmp_path):
    whole, released = networks(), networks()
    save_stage(tmp_path, "fusion", whole)
    release_checkpoint.save_all(released, str(tmp_path / "iter"))
    loaded = load(tmp_path, release_high=str(tmp_path / "iter_high"))
    for name, expected in (whole | {"high": released["high"]}).items():
        assert_equal(loaded[name], expected)


def test_the_authors_checkpoints_need_no_run(tmp_path):
    released = esbn.networks()
    release_checkpoint.save_all(released, str(tmp_path / "iter"))
    flags: dict[str, Any] = {f"release_{name}": str(tmp_path / f"iter_{name}") for name in released}
    for name, network in load(None, **flags).items():
        assert_equal(network, released[name])
    del flags["release_merging"]  # then merging is the one of this code that has their size
    loaded = load(None, **flags)
    assert loaded["merging"].get_layer("mid1").kernel.shape[-1] == 64
    assert_equal(loaded["low"], released["low"])


def test_a_reader_is_told_where_the_networks_come_from_and_their_mode(tmp_path, capsys):
    save_stage(tmp_path, "fusion", networks(), prealign="on")
    fusion, folder, esbn64 = tmp_path / "fusion", tmp_path / "folder", paths.WEIGHTS_DIR / "esbn-64"
    released: dict[str, Any] = {f"release_{x}": "x" for x in ("low", "high", "merging")}
    cases: tuple[tuple[dict[str, Any], str, str], ...] = (
        ({}, "esbn-24 of this code", "auto"),
        ({"run": tmp_path}, str(fusion), "on"),
        ({"run": tmp_path, "release_low": "x"}, f"low of the authors' x, {fusion}", "on"),
        ({"run": tmp_path, "weights": folder}, str(folder), "off"),
        ({"run": tmp_path, "weights": esbn64}, "esbn-64 of this code", "auto"),
        (released, ", ".join(f"{x} of the authors' x" for x in ("low", "high", "merging")), "off"),
    )
    for changes, words, mode in cases:
        config = ReconstructionConfig(**changes)
        assert (weights_in_words(config), prealign_in_words(config)) == (words, mode)
    load(tmp_path)
    assert capsys.readouterr().out == f"Weights: {fusion}\n"


def test_a_run_without_alignment_is_rebuilt_without(tmp_path):
    whole = esbn.networks(**dataclasses.asdict(NETWORK), aligned=False)
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="none")
    save_stage(tmp_path, "fusion", whole, config)
    loaded = load(tmp_path)
    assert not loaded["low"].weights
    assert not loaded["high"].weights
    assert_equal(loaded["merging"], whole["merging"])
    release_checkpoint.save_all(loaded, str(tmp_path / "iter"))
    assert {path.name for path in tmp_path.glob("iter_*.index")} == {"iter_merging.index"}


def test_only_files_of_the_checkpoint_count_as_weights(tmp_path):
    for name in ("iter_3.index", "iter_3.data-00000-of-00001", "iter_30.index"):
        (tmp_path / name).touch()
    flags: dict[str, Any] = {f"release_{x}": str(tmp_path / "iter_3") for x in networks()}
    config = ReconstructionConfig(**flags)
    assert [path.name for path in weights_files(config)] == [
        *("iter_3.data-00000-of-00001", "iter_3.index"),
    ]


def test_a_run_without_weights_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"align_low yet; run training_align_low\.py --run"):
        load(tmp_path / "nowhere")
    for stage in paths.ALIGNMENT.values():  # settings and a lock, but no checkpoint
        folder = paths.stage_dir(tmp_path, stage)
        settings.write_settings(folder, TrainingConfig(run=tmp_path, network=NETWORK), samples=1)
        with files.lock(folder):
            pass
    with pytest.raises(FileNotFoundError, match="align_low"):
        load(tmp_path)
