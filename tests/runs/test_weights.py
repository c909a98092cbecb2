"""Folders of weights: complete, checked, and equal to what was written."""

import dataclasses
import json
import subprocess

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from configs import paths
from configs.settings import FusionConfig, NetworkConfig, ReconstructionConfig
from models import esbn
from utils.radiometry.radiance import GAMMA
from utils.runs import weights
from utils.runs.networks import build_networks, load_networks
from utils.runs.weights import WeightsError

SIZE = NetworkConfig(width=4, residual_blocks=2, dense_layers=3, initializer="he")


def networks(size=SIZE):
    return esbn.networks(**dataclasses.asdict(size))


@pytest.fixture
def saved(tmp_path):
    """A folder of weights, and the networks that it was written from."""
    rng = np.random.default_rng(0)
    written = networks()
    for network in written.values():
        for variable in network.weights:
            value = rng.normal(0, 1, variable.shape)
            variable.assign(np.abs(value) if variable.name == "moving_variance" else value)
    weights.save(written, tmp_path / "weights", "auto")
    return tmp_path / "weights", written


def assert_rounded(ours, theirs):
    """The weights of one network are the other's, rounded to float16."""
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, other.astype(np.float16).astype(np.float32))


def test_weights_come_back_rounded_to_float16(saved):
    folder, written = saved
    loaded = networks()
    weights.load(loaded, folder)
    for name, network in loaded.items():
        assert_rounded(network, written[name])
    assert weights.read_size(folder) == dataclasses.replace(SIZE, initializer="release")
    for name, network in load_networks(ReconstructionConfig(weights=folder)).items():
        assert_rounded(network, written[name])


def test_a_folder_is_complete(saved):
    folder, written = saved
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    sums = (folder / "SHA256SUMS").read_text()
    assert {path.name for path in folder.iterdir() if path.name in sums} == {
        *("README.md", "config.json"),
        *(f"{name}.safetensors" for name in written),
    }
    config = json.loads((folder / "config.json").read_text())
    assert config == weights.describe(SIZE, "auto")
    assert (config["gamma"], config["prealign"]) == (GAMMA, "auto")
    tensors = load_file(folder / "merging.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float16)}
    assert {"mid1/kernel", "dense3/bias", "dense_out/kernel", "output/bias"} <= tensors.keys()
    with safe_open(folder / "low.safetensors", "numpy") as file:
        assert file.metadata() == {"prealign": "auto"}


@pytest.mark.parametrize("name", ["low.safetensors", "merging.safetensors", "config.json"])
def test_a_changed_byte_is_found_and_the_file_named(saved, name):
    folder, _ = saved
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{name} does not match SHA256SUMS"):
        weights.load(networks(), folder)
    (folder / name).unlink()
    with pytest.raises(WeightsError, match=rf"{name}.*no such file"):
        weights.read_size(folder)


@pytest.mark.parametrize("folder", [paths.WEIGHTS_DIR, paths.WEIGHTS_DIR / "small"])
def test_a_folder_without_weights_is_told_those_of_this_code(folder):
    with pytest.raises(WeightsError, match=rf"weights/esbn-24 and weights/esbn-64.*: {folder}$"):
        weights.load(networks(), folder)


def test_networks_of_another_size_are_refused_by_tensor(saved):
    for name, value, message in (
        ("width", 8, r"low\.safetensors: source1/kernel must have the shape"),
        ("dense_layers", 4, r"merging\.safetensors: dense4/bias is missing"),
    ):
        other = networks(dataclasses.replace(SIZE, **{name: value}))
        with pytest.raises(WeightsError, match=message):
            weights.load(other, saved[0])


def test_weights_that_do_not_fit_float16_or_exist_are_not_written(saved, tmp_path):
    folder, written = saved
    with pytest.raises(FileExistsError, match="weights"):
        weights.save(written, folder)
    written["high"].get_layer("output").bias.assign([0.0, 1e6, 0.0])
    with pytest.raises(WeightsError, match=r"alignment_high/output/bias.*1000000"):
        weights.save(written, tmp_path / "more")
    assert not (tmp_path / "more").exists()


def test_training_without_alignment_starts_from_the_merging_network_alone(saved, tmp_path):
    folder, written = saved
    config = FusionConfig(run=tmp_path, network=SIZE, alignment="none", start_weights=folder)
    built = build_networks(config)
    assert not built["low"].weights
    assert_rounded(built["merging"], written["merging"])
