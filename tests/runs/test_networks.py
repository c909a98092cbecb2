"""Which weights the reconstruction scripts get: of a run, a folder, the authors or this code."""

import dataclasses

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
from utils.runs.networks import load_networks, prealign_in_words, weights_in_words

NETWORK = NetworkConfig(width=4, residual_blocks=1, dense_layers=2, initializer="he")


def networks():
    return esbn.networks(**dataclasses.asdict(NETWORK))


def save_stage(run, stage, parts, config=None, prealign="off"):
    folder = paths.stage_dir(run, stage)
    config = config or TrainingConfig(run=run, network=NETWORK)
    settings.write_settings(folder, config, samples=1, prealign=prealign)
    checkpoints.save(tf.train.Checkpoint(**parts), folder / settings.CHECKPOINTS_NAME, step=1)


def load(run, **changes):
    return load_networks(ReconstructionConfig(run=run, precision="float32", **changes))


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


def test_the_authors_checkpoints_need_no_run(tmp_path):
    released = esbn.networks()
    release_checkpoint.save_all(released, str(tmp_path / "iter"))
    flags = {f"release_{name}": str(tmp_path / f"iter_{name}") for name in released}
    for name, network in load(None, **flags).items():
        assert_equal(network, released[name])
    del flags["release_merging"]  # then merging is the one of this code that has their size
    loaded = load(None, **flags)
    assert loaded["merging"].get_layer("mid1").kernel.shape[-1] == 64
    assert_equal(loaded["low"], released["low"])


def test_the_scripts_print_where_the_networks_come_from(tmp_path, capsys):
    def words(run=None, **changes):
        return weights_in_words(ReconstructionConfig(run=run, **changes))

    save_stage(tmp_path, "fusion", networks(), prealign="on")
    fusion = tmp_path / "fusion"
    assert words() == "esbn-24 of this code"
    assert words(tmp_path) == str(fusion)
    assert words(tmp_path, release_low="iter_low") == f"low of the authors' iter_low, {fusion}"
    assert words(tmp_path, weights=tmp_path / "folder") == str(tmp_path / "folder")
    assert words(tmp_path, weights=paths.WEIGHTS_DIR / "esbn-64") == "esbn-64 of this code"
    load(tmp_path)
    assert capsys.readouterr().out == f"Weights: {fusion}\n"


def test_a_reader_is_told_the_mode_of_the_training(tmp_path):
    save_stage(tmp_path, "fusion", networks(), prealign="on")
    assert prealign_in_words(ReconstructionConfig(run=tmp_path)) == "on"
    assert prealign_in_words(ReconstructionConfig()) == "auto"
    released = ReconstructionConfig(release_low="x", release_high="x", release_merging="x")
    assert prealign_in_words(released) == "off"


def test_a_run_without_alignment_is_rebuilt_without(tmp_path):
    whole = esbn.networks(**dataclasses.asdict(NETWORK), aligned=False)
    config = FusionConfig(run=tmp_path, network=NETWORK, alignment="none")
    save_stage(tmp_path, "fusion", whole, config)
    loaded = load(tmp_path)
    assert not loaded["low"].weights
    assert not loaded["high"].weights
    assert_equal(loaded["merging"], whole["merging"])


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
