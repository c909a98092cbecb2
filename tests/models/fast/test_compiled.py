"""Compiled networks give what the trained ones give."""

from typing import Any

import keras
import numpy as np
import pytest

from models.alignment import alignment
from models.esbn import networks
from models.fast.compiled import compile_alignment, compile_merging, compile_networks
from models.fast.layers import Arithmetic
from models.merging import merging
from tests.models.test_layers import picture, randomised

BOTH = pytest.mark.parametrize("arithmetic", ["fast", "plain"])


def made(arithmetic: Arithmetic) -> keras.Model:
    network = alignment(width=4, residual_blocks=3, arithmetic=arithmetic)
    randomised(network)
    for variable in network.layers[-1].variables:  # else tanh is at its ends in every pixel
        variable.assign(variable / 3000)
    return network


@pytest.fixture(scope="module")
def network():
    return made("fast")


@BOTH
def test_compiled_alignment_equals_the_network(arithmetic):
    network = made(arithmetic)
    frames = [picture(1, 24, 40, 6, seed=seed) for seed in range(2)]
    compiled = compile_alignment(network)
    expected = network(frames)
    np.testing.assert_allclose(compiled(*frames), expected, atol=1e-5)
    x3 = compiled.encode(*frames)
    res = compiled.trunk(x3)
    assert x3.shape == res.shape == (1, 3, 5, 16)
    np.testing.assert_allclose(compiled.decode(*frames, x3, res), expected, atol=1e-5)
    assert compiled.trunk_halo == 6


def operations(compiled: Any) -> list[str]:
    """Types of the operations of a compiled network."""
    return [op.type for op in compiled.whole.get_concrete_function().graph.get_operations()]


def test_plain_networks_are_compiled_layer_by_layer():
    """The graph has nearest x2 and normalisations, but no blocks of pixels."""
    kinds = {"FusedBatchNormV3", "Tile", "DepthToSpace"}
    fast, plain = (kinds & {*operations(compile_alignment(made(x)))} for x in ("fast", "plain"))
    assert (fast, plain) == ({"DepthToSpace"}, {"FusedBatchNormV3", "Tile"})


def test_groups_of_channels_give_the_same(network, monkeypatch):
    monkeypatch.setattr("models.fast.frozen._GROUP", 4)
    monkeypatch.setattr("models.fast.frozen._LARGE_KERNEL", 0)
    frames = [picture(1, 24, 40, 6, seed=seed) for seed in range(2)]
    compiled = compile_alignment(network)
    np.testing.assert_allclose(compiled(*frames), network(frames), atol=5e-5)
    assert operations(compiled).count("Conv2D") == 53  # 15 without groups


@BOTH
@pytest.mark.parametrize(("width", "dense_layers"), [(4, 3), (16, 6), (16, 1)])
def test_compiled_merging_equals_the_network(width, dense_layers, arithmetic):
    network = merging(width=width, dense_layers=dense_layers, arithmetic=arithmetic)
    randomised(network)
    frames = [picture(1, 13, 7, 6, seed=seed) for seed in range(3)]
    compiled = compile_merging(network)
    np.testing.assert_allclose(compiled(*frames), network(frames), atol=1e-5)
    assert compiled.halo == dense_layers + 3


def test_network_and_compiled_one_do_not_change_each_other():
    network = merging(width=4, dense_layers=2)
    frames = [picture(1, 8, 8, 6, seed=seed) for seed in range(3)]
    before, layers = network.get_weights(), list(map(id, network.layers))
    compiled = compile_merging(network)
    expected = network(frames)
    np.testing.assert_equal(network.get_weights(), before)
    assert list(map(id, network.layers)) == layers
    randomised(network)
    np.testing.assert_allclose(compiled(*frames), expected, atol=1e-6)


def test_one_graph_serves_every_size(network):
    compiled = compile_alignment(network)
    for size in ((8, 8), (16, 24), (32, 8)):
        assert compiled(*(picture(1, *size, 6) for _ in range(2))).shape == (1, *size, 3)
    with pytest.raises(TypeError, match="float32"):
        compiled(*(keras.ops.cast(picture(1, 8, 8, 6), "float16") for _ in range(2)))


def test_bfloat16_keeps_features_small_and_the_output_in_float32():
    keras.utils.set_random_seed(0)
    network = alignment(width=4, residual_blocks=1, initializer="he", dtype="mixed_bfloat16")
    frames = [picture(1, 16, 16, 6, seed=seed) for seed in range(2)]
    compiled = compile_alignment(network)
    assert compiled.encode(*frames).dtype == "bfloat16"
    output = compiled(*frames)
    assert output.dtype == "float32"
    assert np.std(output) > 0.1
    # Fused steps round once where the network, called by itself, rounds several times.
    np.testing.assert_allclose(output, network(frames), atol=0.05)
    single = compile_alignment(alignment(width=4, residual_blocks=1))
    assert compiled.bytes_per_pixel == single.bytes_per_pixel / 2


def test_without_alignment_the_compiled_ones_give_the_source():
    compiled: Any = compile_networks(networks(width=4, dense_layers=2, aligned=False))
    source, reference = picture(1, 8, 16, 6, seed=0), picture(1, 8, 16, 6, seed=1)
    np.testing.assert_array_equal(compiled["low"](source, reference), source[..., :3])
    np.testing.assert_array_equal(compiled["high"](source, reference), source[..., :3])


def test_networks_without_merging_are_compiled():
    models = networks(width=4, residual_blocks=1, dense_layers=1)
    del models["merging"]
    assert list(compile_networks(models)) == ["low", "high"]
