"""The one layer of all networks: a convolution with its normalisation and activation.

    [nearest x2] -> conv KxK, zero padding, bias -> [batch normalisation] -> [activation]

It computes what the paper describes, step by step. The weights are the release's: kernel and bias,
and gamma, beta, moving mean and moving variance where the layer normalises. models/fast/layers.py
computes the same result from the same weights with less work.
"""

from typing import Any, Literal

import keras
import tensorflow as tf

from models.normalisation import normalise_batch

LEAKY_SLOPE = 0.2
BN_MOMENTUM = 0.9
BN_EPSILON = 1e-5
RELEASE_SIGMA = 0.01

Tensor = Any  # tf.Tensor or keras.KerasTensor
Initializer = Literal["release", "he"]
Activation = Literal["relu", "lrelu", "tanh"] | None


def kernel_initializer(name: Initializer) -> keras.initializers.Initializer:
    """A new initialiser: `release` is truncated normal of sigma 0.01, `he` is He's normal."""
    if name == "he":
        return keras.initializers.HeNormal()
    return keras.initializers.TruncatedNormal(stddev=RELEASE_SIGMA)


class Convolution(keras.layers.Layer):
    """`[nearest x2] -> conv -> [BN] -> [activation]`, `(B, H, W, C)` to `(B, H', W', filters)`.

    Heights and widths must be even where `strides` is 2.

    Args:
        filters: Output channels.
        kernel_size: Side of the kernel.
        strides: 1 or 2.
        upsample: Doubles height and width by nearest neighbours first (`kernel_size` 5).
        blocks_in: A hint for models/fast/layers.py, which may keep the pixels between two layers
            in 2x2 blocks (stride 1, `kernel_size` 5). No effect here.
        blocks_out: The same hint for the layer before, which has `upsample`.
        normalise: Batch normalisation after the convolution, momentum 0.9, epsilon 1e-5. As in
            TF's fused kernel the moving variance takes the unbiased batch variance (release).
        activation: Applied last: `relu`, `lrelu` of slope 0.2 (release), `tanh` or None.
        initializer: `release` or `he`; biases start at 0, gamma at 1, beta at 0.
        name: Name of the layer.
        dtype: Keras policy. Under a mixed one only the convolution is in the lower precision;
            statistics and tanh stay float32.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int,
        *,
        strides: int = 1,
        upsample: bool = False,
        blocks_in: bool = False,
        blocks_out: bool = False,
        normalise: bool = False,
        activation: Activation = None,
        initializer: Initializer = "release",
        name: str | None = None,
        dtype: str = "float32",
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.upsample = upsample
        self.blocks_in = blocks_in
        self.blocks_out = blocks_out
        self.normalise = normalise
        self.activation: Activation = activation
        self.initializer: Initializer = initializer
        self.frozen_statistics = False
        """Training too normalises by the moving statistics, and leaves them as they are."""

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Makes the weights, all float32 under every policy."""
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, input_shape[-1], self.filters),
            initializer=kernel_initializer(self.initializer),
            autocast=False,
        )
        self.bias = self._channel_weight("bias", "zeros")
        if self.normalise:
            self.gamma = self._channel_weight("gamma", "ones")
            self.beta = self._channel_weight("beta", "zeros")
            self.moving_mean = self._channel_weight("moving_mean", "zeros", trainable=False)
            self.moving_variance = self._channel_weight("moving_variance", "ones", trainable=False)

    def _channel_weight(self, name: str, start: str, *, trainable: bool = True) -> keras.Variable:
        return self.add_weight(
            name=name,
            shape=(self.filters,),
            initializer=start,
            trainable=trainable,
            autocast=False,
            # Statistics are those of all devices already (models/normalisation.py).
            aggregation=None if trainable else "only_first_replica",
        )

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Computes the layer; `training` chooses batch or moving statistics."""
        x = inputs
        if self.upsample:
            x = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
        y = tf.nn.conv2d(x, tf.cast(self.kernel.value, x.dtype), self.strides, "SAME")
        y = self._add_bias(y, self.bias.value)
        if self.normalise and self._takes_batch_statistics(training):
            y, mean, variance = normalise_batch(y, self.gamma.value, self.beta.value, BN_EPSILON)
            self._move_averages(mean, variance)
        elif self.normalise:
            y, *_ = tf.raw_ops.FusedBatchNormV3(
                x=y,
                scale=self.gamma.value,
                offset=self.beta.value,
                mean=self.moving_mean.value,
                variance=self.moving_variance.value,
                epsilon=BN_EPSILON,
                is_training=False,
            )
        return self._activate(y)

    def _takes_batch_statistics(self, training: bool | None) -> bool:
        """False too in a layer that is not trained, which keeps its statistics."""
        return bool(training) and self.trainable and not self.frozen_statistics

    def _add_bias(self, y: Tensor, bias: Tensor) -> Tensor:
        if self.activation == "tanh":
            y = tf.cast(y, tf.float32)
        return tf.nn.bias_add(y, tf.cast(bias, y.dtype))

    def _move_averages(self, mean: Tensor, variance: Tensor) -> None:
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            change = (1.0 - BN_MOMENTUM) * (tf.stop_gradient(value) - average.value)
            average.assign_add(change)

    def _activate(self, y: Tensor) -> Tensor:
        if self.activation == "relu":
            return tf.nn.relu(y)
        if self.activation == "lrelu":
            return tf.nn.leaky_relu(y, LEAKY_SLOPE)
        if self.activation == "tanh":
            return tf.tanh(y)
        return y

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`(B, H, W, C)` to `(B, H', W', filters)`."""
        batch, *size, _ = input_shape
        larger = 2 if self.upsample else 1
        return (
            batch,
            *(None if n is None else n * larger // self.strides for n in size),
            self.filters,
        )
