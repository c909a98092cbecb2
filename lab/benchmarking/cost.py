"""Counts the weights of a network and the multiply-adds of its convolutions."""

import math
from typing import Any

import keras
import tensorflow as tf

Tensor = Any  # tf.Tensor
Operation = Any  # tf.Operation


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
