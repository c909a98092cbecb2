"""Gradients of the convolution: those of TensorFlow's own."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from models.fast.gradients import convolve


@pytest.mark.parametrize("side", [1, 3, 5])
@pytest.mark.parametrize(("channels", "filters"), [(8, 3), (3, 8), (4, 4)])
@pytest.mark.parametrize("size", [(7, 9), (1, 2)])
def test_values_and_gradients_are_tensorflows(side, channels, filters, size):
    generator = np.random.default_rng(side)
    x = tf.constant(generator.standard_normal((2, *size, channels)), tf.float32)
    kernel = tf.constant(generator.standard_normal((side, side, channels, filters)), tf.float32)
    upstream = tf.constant(generator.standard_normal((2, *size, filters)), tf.float32)
    results = []
    for function in (convolve, lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME")):
        with tf.GradientTape() as tape:
            tape.watch((x, kernel))
            y: Any = function(x, kernel)
        results.append((y, *tape.gradient(y, (x, kernel), [upstream])))
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_gradients_keep_the_precision_of_their_inputs():
    x, kernel = tf.ones((1, 4, 4, 3), tf.bfloat16), tf.ones((3, 3, 3, 2), tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch((x, kernel))
        y: Any = convolve(x, kernel)
    assert [g.dtype for g in tape.gradient(y, (x, kernel))] == [tf.bfloat16, tf.bfloat16]
