"""A narrow network starts as what it can keep of a wide one."""

from pathlib import Path

import keras
import numpy as np
import pytest

from configs import paths
from lab.networks.narrowing import build, narrow
from models.alignment import alignment
from models.esbn import networks
from models.merging import merging
from tests.models.test_layers import picture, randomised
from utils.radiometry.levels import ldr_to_float, network_input
from utils.runs import weights
from utils.scenes.folders import read_scene

ROOT = Path(__file__).parents[2]


def inputs_of(network: keras.Model) -> list[np.ndarray]:
    return [picture(5, 32, 48, 6, seed=seed) for seed in range(len(network.inputs))]


def tamed(network: keras.Model, seed: int = 0) -> keras.Model:
    """Random weights, but for tanh at its ends in every pixel."""
    randomised(network, seed)
    for variable in network.get_layer("output").variables:
        variable.assign(variable / 3000)
    return network


def doubled(network: keras.Model, wide: keras.Model) -> keras.Model:
    """Gives every channel of a network a twin in a network of twice its width."""
    for layer in wide.layers:
        for variable in layer.variables:
            value = np.asarray(
                next(v for v in network.get_layer(layer.name).variables if v.name == variable.name)
            )
            if layer.name != "output":
                value = np.repeat(value, 2, axis=-1)
            if variable.name == "kernel" and variable.shape[2] != value.shape[2]:
                value = np.repeat(value, 2, axis=2) / 2
            variable.assign(value)
    return wide


def sample(name: str) -> list[np.ndarray]:
    """Frames of a bundled scene as merging takes them, a corner of `(1, 192, 192, 6)` each."""
    scene = read_scene(ROOT / "samples" / name)
    ldr = ldr_to_float(scene.ldr)[:, :192, :192]
    return [network_input(x, t)[None] for x, t in zip(ldr, scene.exposure_times, strict=True)]


BUILDS = pytest.mark.parametrize(
    "make",
    [lambda width: alignment(width=width, residual_blocks=2), lambda width: merging(width=width)],
)


@BUILDS
def test_nothing_is_lost_of_a_network_with_twins(make):
    slim, wide = make(4), make(8)
    inputs = inputs_of(wide)
    expected = tamed(slim)(inputs)
    doubled(slim, wide)
    np.testing.assert_allclose(wide(inputs), expected, atol=1e-4)
    randomised(slim, seed=5)
    narrow(wide, slim, inputs)
    np.testing.assert_allclose(slim(inputs), expected, atol=5e-3)


def test_half_of_the_shipped_network_keeps_most_of_its_result():
    wide, slim = merging(), merging(width=32)
    weights.load({"merging": wide}, paths.WEIGHTS_DIR / "esbn-64")
    unseen = sample("budgie_on_lantern")
    wanted = np.asarray(wide(unseen))
    narrow(wide, slim, sample("guitar_in_depot"))
    error = np.sqrt(np.mean((np.asarray(slim(unseen)) - wanted) ** 2))
    np.testing.assert_array_less(error, 0.3 * wanted.std())


def test_the_networks_are_as_deep(monkeypatch):
    monkeypatch.setattr("lab.networks.narrowing._MOST_ROWS", 500)
    wide = networks(width=8, residual_blocks=3, dense_layers=4)
    slim = build(wide, 4)
    for name, network in wide.items():
        assert [layer.name for layer in network.layers] == [x.name for x in slim[name].layers]
        narrow(network, slim[name], inputs_of(network))
    assert slim["low"].get_layer("source1").filters == 4


def test_only_of_a_wider_network_of_the_same_graph():
    wide = alignment(width=4, residual_blocks=2)
    with pytest.raises(ValueError, match=r"one graph\. Received: \['residual1_1', 'residual1_2'\]"):
        narrow(wide, alignment(width=2, residual_blocks=1), inputs_of(wide))
    with pytest.raises(ValueError, match=r"narrower\. Received: 8 channels for 4"):
        narrow(wide, alignment(width=8, residual_blocks=2), inputs_of(wide))
