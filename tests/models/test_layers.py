"""The layer of the networks, in either arithmetic: statistics, initial values, precision."""

import keras
import numpy as np
import pytest

from models.alignment import alignment
from models.fast.layers import FastConvolution
from models.layers import Convolution

LAYERS = pytest.mark.parametrize("layer_class", [Convolution, FastConvolution])


def randomised(network: keras.layers.Layer, seed: int = 0) -> None:
    """Gives every weight a random value, variances a positive one."""
    generator = np.random.default_rng(seed)
    for variable in network.variables:
        value = 0.3 * generator.standard_normal(variable.shape)
        if "variance" in variable.path or "gamma" in variable.path:
            value = 0.5 + np.abs(value)
        variable.assign(value)


def picture(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


@LAYERS
def test_moving_variance_is_unbiased(layer_class):
    layer = layer_class(1, 1, normalise=True)
    x = np.array([1.0, 3.0], np.float32).reshape(1, 2, 1, 1)
    layer.build(x.shape)
    layer.kernel.assign(np.ones((1, 1, 1, 1)))
    layer(x, training=True)
    # N / (N - 1) = 2 times the variance 1, with momentum 0.9 from the start value 1.
    np.testing.assert_allclose(layer.moving_variance, [0.9 * 1 + 0.1 * 2], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_mean, [0.1 * 2], rtol=1e-6)


@LAYERS
@pytest.mark.parametrize("attribute", ["trainable", "frozen_statistics"])
def test_frozen_layer_keeps_its_statistics(layer_class, attribute):
    layer = layer_class(4, 3, normalise=True)
    x = picture(1, 8, 8, 4)
    layer.build(x.shape)
    setattr(layer, attribute, attribute == "frozen_statistics")
    before = [v.numpy() for v in layer.variables]
    layer(x, training=True)
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)


def test_initialisers_give_every_layer_its_own_kernel():
    keras.utils.set_random_seed(0)
    network = alignment(width=16)
    kernel = network.get_layer("residual0_1").kernel.numpy()
    assert not np.array_equal(kernel, network.get_layer("residual0_2").kernel.numpy())
    # A normal of sigma 0.01 cut at two sigma has a deviation of 0.0088.
    np.testing.assert_allclose(kernel.std(), 0.0088, rtol=0.05)
    assert np.abs(kernel).max() <= 0.02
    he = alignment(width=16, initializer="he").get_layer("residual0_1").kernel.numpy()
    np.testing.assert_allclose(he.std(), np.sqrt(2 / (9 * 64)), rtol=0.05)


def test_bfloat16_keeps_weights_and_output_in_float32():
    network = alignment(width=4, dtype="mixed_bfloat16")
    assert {v.dtype for v in network.variables} == {"float32"}
    x = picture(1, 16, 16, 6)
    reference = alignment(width=4)
    reference.set_weights(network.get_weights())
    output = network([x, x])
    assert output.dtype == "float32"
    np.testing.assert_allclose(output, reference([x, x]), atol=0.05)
