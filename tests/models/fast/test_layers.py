"""Fast layers and networks equal the plain ones: values, moving statistics and gradients."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.alignment import alignment
from models.fast.layers import FastConvolution
from models.layers import Convolution
from models.merging import merging
from tests.models.test_layers import picture, randomised

VARIANTS = {  # filters, size of the kernel, settings, channels of the input
    "upsample": (5, 5, {"upsample": True, "activation": "relu"}, 7),
    "upsample_normalised": (5, 5, {"upsample": True, "normalise": True}, 7),
    "stride_of_few_channels": (9, 5, {"strides": 2}, 6),
    "stride_of_many": (9, 5, {"strides": 2, "normalise": True, "activation": "lrelu"}, 16),
    "stride_to_few": (4, 5, {"strides": 2}, 16),
    "few_outputs": (3, 3, {"activation": "tanh"}, 10),
    "few_outputs_wide": (3, 5, {"activation": "tanh"}, 10),
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("size", [(8, 12), (2, 4), (7, 9), (1, 1)])
@pytest.mark.parametrize("training", [False, True])
def test_a_fast_layer_equals_the_plain_one(variant, size, training):
    filters, kernel, settings, channels = VARIANTS[variant]
    if settings.get("strides") == 2:
        size = tuple(2 * n for n in size)
    x = picture(2, *size, channels)
    outputs, statistics = [], []
    for layer_class in (FastConvolution, Convolution):
        layer = layer_class(filters, kernel, **settings)
        layer.build(x.shape)
        randomised(layer)
        outputs.append(layer(x, training=training).numpy())
        statistics.append([v.numpy() for v in layer.non_trainable_variables])
        assert layer.compute_output_shape(x.shape) == outputs[-1].shape
    np.testing.assert_allclose(*outputs, atol=2e-5)
    for fast, plain in zip(*statistics, strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-4, atol=1e-5)


def pair(build) -> list[keras.Model]:
    """A fast and a plain network of the same random weights."""
    fast, plain = (build(width=4, arithmetic=name) for name in ("fast", "plain"))
    assert [v.path for v in fast.variables] == [v.path for v in plain.variables]
    randomised(fast)
    plain.set_weights(fast.get_weights())
    return [fast, plain]


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("build", "size"), [(alignment, (24, 16)), (merging, (24, 16)), (merging, (13, 7))]
)
def test_a_fast_network_equals_the_plain_one(build, size, training):
    networks = pair(build)
    inputs = [picture(2, *size, 6, seed=seed) for seed in range(len(networks[0].inputs))]
    outputs = [network(inputs, training=training) for network in networks]
    assert outputs[0].shape == (2, *size, 3)
    np.testing.assert_allclose(*outputs, atol=2e-5)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("frozen", [False, True])
def test_gradients_of_a_fast_layer_equal_those_of_the_plain_one(variant, frozen):
    filters, kernel, settings, channels = VARIANTS[variant]
    x = tf.constant(picture(2, 8, 12, channels))
    gradients = []
    for layer_class in (FastConvolution, Convolution):
        layer: Any = layer_class(filters, kernel, **settings)
        layer.build(x.shape)
        randomised(layer)
        layer.frozen_statistics = frozen
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x, training=True)
            loss = tf.reduce_sum(y * picture(*y.shape, seed=2))
        # A bias before a normalisation has no gradient but for rounding.
        names = ["kernel"] if layer.normalise and not frozen else ["kernel", "bias"]
        weights = [getattr(layer, name).value for name in names]
        gradients.append(tape.gradient(loss, [x, *weights]))
    for fast, plain in zip(*gradients, strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-3, atol=1e-4)
