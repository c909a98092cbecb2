"""Counts the weights of a network and the multiply-adds of its convolutions."""

import math
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

Tensor = Any  # tf.Tensor
Operation = Any  # tf.Operation

_PEAK_CHANNELS = 256
_PEAK_REPEATS = 4
_PEAK_STRIPS = 4


def parameters(network: keras.Model) -> tuple[int, int]:
    """Trainable weights, and all weights with the statistics of normalisations."""
    trainable, weights = (
        sum(math.prod(variable.shape) for variable in variables)
        for variables in (network.trainable_variables, network.variables)
    )
    return trainable, weights


def multiply_adds(network: keras.Model, height: int, width: int) -> int:
    """Multiply-adds of all convolutions for one picture outside training.

    They are counted on the graph, as a fast network really computes them. Zeros in kernels of
    convolutions that read blocks are counted; additions of biases and activations are not.

    Args:
        network: Alignment or merging network.
        height: Pixels of the picture.
        width: The same.
    """

    def call(*frames: Tensor) -> Tensor:
        return network(list(frames), training=False)

    specs = [tf.TensorSpec((1, height, width, x.shape[-1]), x.dtype) for x in network.inputs]
    graph = tf.function(call, autograph=False).get_concrete_function(*specs).graph
    return sum(_conv_cost(op) for op in graph.get_operations() if op.type == "Conv2D")


def _conv_cost(op: Operation) -> int:
    """Pixels of the output times weights of the kernel."""
    _, height, width, _ = op.outputs[0].shape
    return height * width * op.inputs[1].shape.num_elements()


def peak_convolutions(height: int, width: int) -> tuple[dict[str, Callable[[], object]], int]:
    """The trunk's convolution, 3x3 of 256 channels at an eighth of the size: a machine's peak.

    The picture comes in strips, one behind the other in the batch: as fast as whole or faster, in
    either precision.

    Args:
        height: Pixels of the picture.
        width: The same.

    Returns:
        Functions that compute it some times over, `peak float32` and `peak bfloat16`, and the
        multiply-adds of each.
    """
    shape = (_PEAK_STRIPS, height // 8 // _PEAK_STRIPS, width // 8, _PEAK_CHANNELS)
    kernel_shape = (3, 3, _PEAK_CHANNELS, _PEAK_CHANNELS)
    convolve = tf.function(lambda x, kernel: tf.nn.conv2d(x, kernel, 1, "SAME"))
    runs: dict[str, Callable[[], object]] = {}
    for dtype in (tf.float32, tf.bfloat16):
        x = tf.cast(tf.random.normal(shape), dtype)
        kernel = tf.cast(tf.random.normal(kernel_shape), dtype)
        runs[f"peak {dtype.name}"] = lambda x=x, kernel=kernel: [
            convolve(x, kernel) for _ in range(_PEAK_REPEATS)
        ]
    return runs, _PEAK_REPEATS * math.prod(shape[:3]) * math.prod(kernel_shape)
