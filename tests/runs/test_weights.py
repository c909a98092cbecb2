"""Weights in safetensors: written ones come back, and nothing else does."""

import dataclasses

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from configs import paths
from configs.settings import FusionConfig, NetworkConfig, ReconstructionConfig
from models import esbn
from utils import files
from utils.runs import weights
from utils.runs.networks import build_networks, load_networks, trained_prealignment
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
    weights.save(written, tmp_path / "weights")
    return tmp_path / "weights", written


def reseal(folder):
    """Writes new checksums, as one who changes files on purpose would."""
    sums = folder / weights.SUMS_NAME
    names = [line.split("  ")[1] for line in sums.read_text().splitlines()]
    sums.write_text("".join(f"{files.sha256(folder / n)}  {n}\n" for n in names))


def test_loading_gives_the_weights_rounded_to_float16(saved):
    folder, written = saved
    loaded = networks()
    weights.load(loaded, folder)
    for name, network in loaded.items():
        for ours, theirs in zip(network.get_weights(), written[name].get_weights(), strict=True):
            assert ours.dtype == np.float32
            np.testing.assert_array_equal(ours, theirs.astype(np.float16).astype(np.float32))


def test_every_tensor_is_float16_and_named_after_its_layer(saved):
    folder, written = saved
    tensors = load_file(folder / "merging.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {np.dtype(np.float16)}
    assert {"mid1/kernel", "dense3/bias", "dense_out/kernel", "output/bias"} <= tensors.keys()
    assert len(tensors) == len(written["merging"].get_weights())


def test_weights_say_how_their_frames_were_prealigned(saved, tmp_path):
    folder, written = saved
    assert weights.read_prealignment(folder) == "off"
    with safe_open(folder / "low.safetensors", "numpy") as file:
        assert file.metadata() is None
    weights.save(written, tmp_path / "auto", "auto")
    assert weights.read_prealignment(tmp_path / "auto") == "auto"
    config = ReconstructionConfig(run=tmp_path, weights=tmp_path / "auto")
    assert trained_prealignment(config) == "auto"
    (tmp_path / "auto" / "high.safetensors").write_bytes((folder / "high.safetensors").read_bytes())
    reseal(tmp_path / "auto")
    with pytest.raises(
        WeightsError, match=r"one kind of frames\. Received: low with --prealign auto"
    ):
        weights.read_prealignment(tmp_path / "auto")


def test_the_shipped_weights_were_trained_with_the_motion_taken_out():
    assert weights.read_prealignment(paths.WEIGHTS_DIR) == "auto"


def test_sizes_follow_from_the_files(saved):
    size = weights.read_size(saved[0])
    assert size == dataclasses.replace(SIZE, initializer="release")


@pytest.mark.parametrize("name", ["low", "high", "merging"])
def test_a_changed_byte_is_found_and_the_file_named(saved, name):
    folder, _ = saved
    path = folder / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{name}\.safetensors is not what SHA256SUMS says"):
        weights.load(networks(), folder)


def test_a_missing_file_is_named(saved):
    folder, _ = saved
    (folder / "high.safetensors").unlink()
    with pytest.raises(WeightsError, match=r"high\.safetensors.*no such file"):
        weights.read_size(folder)


def test_a_folder_that_is_not_one_of_weights_is_named(tmp_path):
    with pytest.raises(WeightsError, match=f"SHA256SUMS.*{tmp_path.name}"):
        weights.load(networks(), tmp_path)


def test_networks_of_another_size_are_refused_by_tensor(saved):
    folder, _ = saved
    wider = networks(dataclasses.replace(SIZE, width=8))
    with pytest.raises(WeightsError, match=r"low\.safetensors: source1/kernel must have the shape"):
        weights.load(wider, folder)
    deeper = networks(dataclasses.replace(SIZE, dense_layers=4))
    with pytest.raises(WeightsError, match=r"merging\.safetensors: dense4/bias is missing"):
        weights.load(deeper, folder)


def test_a_file_that_is_no_safetensors_is_named(saved):
    folder, _ = saved
    (folder / "low.safetensors").write_bytes(b"pickle")
    reseal(folder)
    with pytest.raises(WeightsError, match=r"low\.safetensors must be a safetensors file"):
        weights.read_size(folder)


def test_weights_of_something_else_are_refused(saved):
    folder, _ = saved
    save_file({"conv/kernel": np.zeros(1, np.float16)}, folder / "low.safetensors")
    reseal(folder)
    with pytest.raises(WeightsError, match=r"must hold weights of ESBN.*source1/kernel"):
        weights.read_size(folder)


def test_a_weight_that_does_not_fit_float16_is_not_written(tmp_path):
    written = networks()
    written["high"].get_layer("output").bias.assign([0.0, 1e6, 0.0])
    with pytest.raises(WeightsError, match=r"alignment_high/output/bias.*1000000"):
        weights.save(written, tmp_path / "weights")
    assert not (tmp_path / "weights").exists()


def test_weights_are_never_overwritten(saved):
    folder, written = saved
    with pytest.raises(FileExistsError, match="weights"):
        weights.save(written, folder)


def load(run, **changes):
    config = ReconstructionConfig(run=run, precision="float32", **changes)
    return load_networks(config)


def test_reconstruction_takes_the_folder_that_is_named(saved, tmp_path):
    folder, written = saved
    loaded = load(tmp_path / "no_run", weights=folder)
    assert set(loaded) == {"low", "high", "merging"}
    for name, network in loaded.items():
        kernel = written[name].get_layer("output").kernel.numpy()
        np.testing.assert_array_equal(
            network.get_layer("output").kernel, kernel.astype(np.float16).astype(np.float32)
        )


def test_a_presets_own_run_falls_back_on_the_weights_of_this_code(saved, tmp_path, monkeypatch):
    monkeypatch.setitem(paths.SHIPPED_WEIGHTS, tmp_path / "quick", saved[0])
    assert set(load(tmp_path / "quick")) == {"low", "high", "merging"}
    with pytest.raises(FileNotFoundError, match="other"):
        load(tmp_path / "other")
    (tmp_path / "quick" / "fusion").mkdir(parents=True)
    assert set(load(tmp_path / "quick")) == {"low", "high", "merging"}  # nothing is trained in it


def test_training_without_alignment_starts_from_the_merging_network_alone(saved, tmp_path):
    folder, written = saved
    config = FusionConfig(run=tmp_path, network=SIZE, alignment="none", start_weights=folder)
    built = build_networks(config)
    assert not built["low"].weights
    for ours, theirs in zip(
        built["merging"].get_weights(), written["merging"].get_weights(), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("kernel", np.nan, r"low\.safetensors: .*/kernel must be finite.*: 1 values such as nan"),
        ("moving_variance", -1.0, r"low\.safetensors: .*/moving_variance must be positive.*-1\.0"),
    ],
)
def test_weights_that_would_make_wrong_pictures_are_refused(tmp_path, variable, value, message):
    weights.save(networks(), tmp_path / "broken")
    path = tmp_path / "broken" / "low.safetensors"
    tensors = load_file(path)
    key = next(key for key in sorted(tensors) if key.endswith(variable))
    tensors[key].flat[0] = value
    save_file(tensors, path)
    reseal(tmp_path / "broken")
    with pytest.raises(WeightsError, match=message):
        load_networks(ReconstructionConfig(run=tmp_path / "run", weights=tmp_path / "broken"))
