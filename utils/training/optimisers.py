"""Optimisers: Adam (release), and Muon, which needs fewer steps."""

import math
from typing import Any

import keras
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.training.stages import Stage

_MOMENTUM = 0.95
_ITERATIONS = 5
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_SIZE = 0.5  # root mean square of an update of rate 1; Moonlight's 0.2 was slower in 500 steps
_FEWEST_CHANNELS = 16  # in and out; the first and last kernels have fewer and use Adam


class _Adam(keras.optimizers.Adam):
    """Adam on gradients that are already summed over the devices, in one pass over memory.

    Keras sums gradients itself, but their norm is needed first. It also reads and writes every
    weight a dozen times; TensorFlow's own operation (release) does so once.
    """

    def __init__(self, rate: float, name: str = "adam") -> None:
        super().__init__(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8, name=name)

    def _all_reduce_sum_gradients(self, grads_and_vars: list[Any]) -> list[Any]:
        return grads_and_vars

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Changes one weight."""
        index = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=self.beta_1**step,
            beta2_power=self.beta_2**step,
            lr=tf.cast(learning_rate, tf.float32),
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


class _Muon(_Adam):
    """Muon for the kernels of convolutions between features, Adam for all other weights.

    A kernel is a matrix, output channels by all other axes. Its update is the momentum with all
    singular values brought near one.
    """

    def __init__(self, rate: float, dtype: tf.DType) -> None:
        super().__init__(rate, "muon")
        self._matrix_dtype = dtype

    def update_step(
        self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor
    ) -> None:
        """Changes one weight."""
        shape = [int(length or 0) for length in variable.shape]
        if len(shape) != 4 or min(shape[2:]) < _FEWEST_CHANNELS:
            super().update_step(gradient, variable, learning_rate)
            return
        momentum = self._momentums[self._get_variable_index(variable)].value
        mean = momentum.assign(_MOMENTUM * momentum + (1 - _MOMENTUM) * gradient)
        update = _MOMENTUM * mean + (1 - _MOMENTUM) * gradient
        matrix = tf.transpose(tf.reshape(update, (-1, shape[-1])))
        change = orthogonalise(matrix, self._matrix_dtype)
        size = _SIZE * max(shape[-1], math.prod(shape[:-1])) ** 0.5
        change = tf.reshape(tf.transpose(change), shape)
        variable.assign_sub(tf.cast(learning_rate, tf.float32) * size * change)


def orthogonalise(matrix: tf.Tensor, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """Brings the singular values of a matrix to 0.7 to 1.2 and keeps its singular vectors.

    Five steps of a Newton-Schulz iteration of fifth order.

    Args:
        matrix: `(m, n)` float32, any scale.
        dtype: Type of the products; bfloat16 is enough for an optimiser.

    Returns:
        `(m, n)` float32.
    """
    first, third, fifth = _COEFFICIENTS
    x = tf.cast(matrix / (tf.norm(matrix) + 1e-12), dtype)
    for _ in range(_ITERATIONS):
        gram = tf.matmul(x, x, transpose_b=True)
        x = first * x + tf.matmul(third * gram + fifth * tf.matmul(gram, gram), x)
    return tf.cast(x, tf.float32)


def optimiser(config: TrainingConfig, stage: Stage) -> keras.optimizers.Optimizer:
    """The optimiser of a stage's trained weights.

    `adam` has the release's constants. `muon` is Jordan et al.'s
    (https://kellerjordan.github.io/posts/muon/, 2024), with updates of the same size for any shape
    (Liu et al., Muon is scalable for LLM training, arXiv:2502.16982, 2025).
    """
    if config.optimizer == "adam":
        return adam(config.learning_rate, stage)
    used = {layer.compute_dtype for name in stage.trained for layer in stage.networks[name].layers}
    made = _Muon(config.learning_rate, tf.bfloat16 if "bfloat16" in used else tf.float32)
    made.build(stage.variables)
    return made


def adam(rate: float, stage: Stage) -> keras.optimizers.Optimizer:
    """Adam for a stage's trained weights with the release's constants."""
    made = _Adam(rate)
    made.build(stage.variables)
    return made
