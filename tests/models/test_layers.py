"""The cheaper convolutions equal the ones that the description names."""

import keras
import numpy as np
import pytest

from models.alignment import alignment
from models.layers import Convolution
from models.merging import merging

VARIANTS = {
    "upsample": ({"filters": 5, "kernel_size": 5, "upsample": True, "activation": "relu"}, 7),
    "upsample_normalised": (
        {"filters": 5, "kernel_size": 5, "upsample": True, "normalise": True},
        7,
    ),
    "stride_of_few_channels": ({"filters": 9, "kernel_size": 5, "strides": 2}, 6),
    "stride_of_many_channels": (
        {"filters": 9, "kernel_size": 5, "strides": 2, "normalise": True, "activation": "lrelu"},
        16,
    ),
    "few_outputs": ({"filters": 3, "kernel_size": 3, "activation": "tanh"}, 10),
    "few_outputs_wide": ({"filters": 3, "kernel_size": 5, "activation": "tanh"}, 10),
}


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


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [(8, 12), (2, 4), (7, 9), (1, 1)])
@pytest.mark.parametrize("training", [False, True])
def test_folded_equals_plain(variant, size, training):
    settings, channels = VARIANTS[variant]
    if settings.get("strides") == 2:
        size = tuple(2 * n for n in size)
    x = picture(2, *size, channels)
    outputs, statistics = [], []
    for folded in (True, False):
        layer = Convolution(**settings, folded=folded)
        layer.build(x.shape)
        randomised(layer)
        outputs.append(layer(x, training=training).numpy())
        statistics.append([v.numpy() for v in layer.non_trainable_variables])
        assert layer.compute_output_shape(x.shape) == outputs[-1].shape
    np.testing.assert_allclose(*outputs, atol=2e-5)
    for folded, plain in zip(*statistics, strict=True):
        np.testing.assert_allclose(folded, plain, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("build", [alignment, merging])
def test_folded_network_equals_plain(build, training):
    folded, plain = (build(width=4, folded=folded) for folded in (True, False))
    randomised(folded)
    plain.set_weights(folded.get_weights())
    inputs = [picture(2, 24, 16, 6, seed=seed) for seed in range(len(folded.inputs))]
    np.testing.assert_allclose(
        folded(inputs, training=training), plain(inputs, training=training), atol=2e-5
    )


def test_merging_takes_odd_sizes():
    folded, plain = (merging(width=4, folded=folded) for folded in (True, False))
    plain.set_weights(folded.get_weights())
    inputs = [picture(1, 13, 7, 6, seed=seed) for seed in range(3)]
    assert folded(inputs).shape == (1, 13, 7, 3)
    np.testing.assert_allclose(folded(inputs), plain(inputs), atol=2e-5)


def test_moving_variance_is_unbiased():
    layer = Convolution(1, 1, normalise=True)
    x = np.array([1.0, 3.0], np.float32).reshape(1, 2, 1, 1)
    layer.build(x.shape)
    layer.kernel.assign(np.ones((1, 1, 1, 1)))
    layer(x, training=True)
    # N / (N - 1) = 2 times the variance 1, with momentum 0.9 from the start value 1.
    np.testing.assert_allclose(layer.moving_variance, [0.9 * 1 + 0.1 * 2], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_mean, [0.1 * 2], rtol=1e-6)


def test_frozen_layer_keeps_its_statistics():
    layer = Convolution(4, 3, normalise=True)
    x = picture(1, 8, 8, 4)
    layer.build(x.shape)
    layer.trainable = False
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
