"""The one layer of all networks: a convolution with its normalisation and activation.

    [nearest x2] -> conv KxK, zero padding, bias -> [batch normalisation] -> [activation]

The weights are the release's: kernel and bias, and gamma, beta, moving mean and moving variance
where it normalises. With `folded` (the default) the arithmetic is rewritten exactly: kernels as in
models/fast/folding.py; outside training the normalisation goes into kernel and bias; inside
training the bias, which the normalisation takes out again, only enters the moving mean. Without it
the layer computes what its description says, step by step: the yardstick of tests and of
lab/benchmark.py.
"""

from collections.abc import Callable
from typing import Any, Literal

import keras
import tensorflow as tf

from models.fast import folding
from models.fast.gradients import convolve
from models.normalisation import normalise_batch

LEAKY_SLOPE = 0.2
BN_MOMENTUM = 0.9
BN_EPSILON = 1e-5
RELEASE_SIGMA = 0.01

Tensor = Any  # tf.Tensor or keras.KerasTensor
Activation = Literal["relu", "lrelu", "tanh"] | None

# Below this many channels a vector register of 16 stays largely empty (6 of the input frames, 3 of
# the output): then the pixels of a 2x2 block are taken as channels.
_FEW_CHANNELS = 8
_BLOCK_PIXELS = folding.BLOCK**2


@tf.custom_gradient
def _leaky_relu(x: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Leaky ReLU whose gradient asks for the sign of its output, which is that of its input.

    Nothing needs the input then, so that convolution, bias and activation fuse in training too.
    """
    y = tf.nn.leaky_relu(x, LEAKY_SLOPE)

    def gradient(upstream: Tensor) -> Tensor:
        return tf.raw_ops.LeakyReluGrad(gradients=upstream, features=y, alpha=LEAKY_SLOPE)

    return y, gradient


def activate(x: Tensor, activation: Activation) -> Tensor:
    """Applies an activation; the leaky slope is 0.2 (release)."""
    if activation == "relu":
        return tf.nn.relu(x)
    if activation == "lrelu":
        return _leaky_relu(x)
    if activation == "tanh":
        return tf.tanh(x)
    return x


def kernel_initializer(name: Literal["release", "he"]) -> keras.initializers.Initializer:
    """A fresh initialiser: `release` is truncated normal of sigma 0.01, `he` is He's normal."""
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
        normalise: Batch normalisation after the convolution, momentum 0.9, epsilon 1e-5. As in
            TF's fused kernel the moving variance takes the unbiased batch variance (release).
        blocks_in: The input comes in blocks: `(B, H / 2, W / 2, 4 C)`, the 2x2 pixels of a block in
            the channels, as a layer with `blocks_out` gives it (stride 1, `kernel_size` 5).
        blocks_out: Leave the output of `upsample` in blocks, as its convolution makes it.
            Two such layers in a row save moving the pixels to their places and back; without
            `folded` neither has an effect.
        activation: Applied last, `relu`, `lrelu`, `tanh` or None.
        initializer: `release` or `he`; biases start at 0, gamma at 1, beta at 0.
        folded: Compute by the cheaper equal convolution.
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
        initializer: Literal["release", "he"] = "release",
        folded: bool = True,
        name: str | None = None,
        dtype: str = "float32",
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.filters = filters
        self.kernel_size = kernel_size
        self.strides = strides
        self.upsample = upsample
        self.blocks_in = blocks_in and folded
        self.blocks_out = blocks_out and folded
        self.normalise = normalise
        self.activation: Activation = activation
        self.initializer: Literal["release", "he"] = initializer
        self.folded = folded
        self.frozen_statistics = False
        """Training too normalises by the moving statistics, and leaves them as they are."""

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Makes the weights, all float32 under every policy."""
        channels = input_shape[-1] // (_BLOCK_PIXELS if self.blocks_in else 1)
        self.kernel = self.add_weight(
            name="kernel",
            shape=(self.kernel_size, self.kernel_size, channels, self.filters),
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
        training = bool(training) and self.trainable  # frozen layers keep their statistics
        if not self.folded:
            return self._call_plain(inputs, training=training and not self.frozen_statistics)
        if not training:
            return self.infer(inputs, self.inference_weights())
        if self.frozen_statistics or not self.normalise:
            kernel, bias = self.inference_weights(training=True)
            y = self._biased(self._convolve(inputs, kernel, training=True), bias)
        else:
            kernel = tf.cast(self._fold(self.kernel.value, training=True), inputs.dtype)
            y = self._convolve(inputs, kernel, training=True)
            y = self._normalise_batch(y, self.bias.value)
        return self._place_pixels(activate(y, self.activation), inputs)

    def inference_weights(self, *, training: bool = False) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the cheaper convolution with the normalisation in them, for `infer`.

        They depend on the weights alone: models/fast/compiled.py computes them once. With
        `training` the convolution is the one whose gradient is cheap too.
        """
        kernel, bias = self.kernel.value, self.bias.value
        if self.normalise:
            scale = self.gamma.value * tf.math.rsqrt(self.moving_variance.value + BN_EPSILON)
            kernel = kernel * scale
            bias = (bias - self.moving_mean.value) * scale + self.beta.value
        kernel = tf.cast(self._fold(kernel, training=training), self.compute_dtype)
        return kernel, self._tile_bias(bias, kernel)

    def infer(
        self, inputs: Tensor, *weights: tuple[Tensor, Tensor], first: Tensor | None = None
    ) -> Tensor:
        """The layer outside training.

        Args:
            inputs: `(B, H, W, C)`.
            weights: Kernel and bias of `inference_weights`, or of each group of their channels out.
            first: Channels in that come before those of `inputs` (stride 1). They are convolved on
                their own, which saves concatenating; in bfloat16 the sum rounds once more.
        """
        groups = [self._infer_group(inputs, *group, first) for group in weights]
        return self._place_pixels(tf.concat(groups, axis=-1), inputs)

    def _infer_group(self, x: Tensor, kernel: Tensor, bias: Tensor, first: Tensor | None) -> Tensor:
        if first is None:
            y = self._biased(self._convolve(x, kernel), bias)
        else:
            kernel_first, kernel = tf.split(kernel, [first.shape[-1], x.shape[-1]], axis=2)
            # In this order TensorFlow fuses the sum into the convolution.
            y = self._biased(self._convolve(x, kernel), bias) + self._convolve(first, kernel_first)
        return activate(y, self.activation)

    def _fold(self, kernel: Tensor, *, training: bool) -> Tensor:
        """The kernel of the cheaper convolution; the kernel itself if there is none."""
        if self.upsample:
            return folding.upsample_kernel(kernel)
        if self.blocks_in:
            return folding.blocks_kernel(kernel)
        if self._takes_blocks:
            return folding.stride_kernel(kernel)
        if self.filters < _FEW_CHANNELS and not training:  # its gradient is slow
            return folding.output_kernel(kernel)
        return kernel

    @property
    def _takes_blocks(self) -> bool:
        """True if the 2x2 pixels under a stride are taken as channels."""
        return self.strides == folding.BLOCK and self.kernel.shape[2] < _FEW_CHANNELS

    def _convolve(self, x: Tensor, kernel: Tensor, *, training: bool = False) -> Tensor:
        """Convolves with a kernel of `_fold`; blocks that it makes are still in the channels.

        In training the gradients are the fast ones; what they take keeps bias and activation from
        being fused into the convolution.
        """
        strides: int = self.strides
        padding: Any = "SAME"
        if self._takes_blocks:
            x, strides = tf.nn.space_to_depth(x, folding.BLOCK), 1
        elif kernel.shape[0] == self.kernel_size + 1:  # folding.output_kernel
            half = self.kernel_size // 2
            strides = folding.BLOCK
            # One more zero below and right, so that an odd size ends in a block of its own.
            padding = ((0, 0), (half, half + 1), (half, half + 1), (0, 0))
        if training and strides == 1:
            return convolve(x, kernel)
        return tf.nn.conv2d(x, kernel, strides, padding)

    def _place_pixels(self, y: Tensor, inputs: Tensor) -> Tensor:
        """Moves the pixels of blocks from the channels to their places, if there are any."""
        if self.blocks_out or y.shape[-1] == self.filters:
            return y
        y = tf.nn.depth_to_space(y, folding.BLOCK)
        if self.upsample or self.blocks_in:
            return y
        height, width = tf.unstack(tf.shape(inputs)[1:3])
        return y[:, :height, :width]

    def _tile_bias(self, bias: Tensor, kernel: Tensor) -> Tensor:
        """The bias for each pixel of the blocks that a kernel of `_fold` makes."""
        return tf.tile(bias, (kernel.shape[-1] // self.filters,))

    def _biased(self, y: Tensor, bias: Tensor) -> Tensor:
        if self.activation == "tanh":
            y = tf.cast(y, tf.float32)
        return tf.nn.bias_add(y, tf.cast(bias, y.dtype))

    def _normalise_batch(self, y: Tensor, bias: Tensor | None) -> Tensor:
        """`gamma (y - mean) / sqrt(var + eps) + beta`; moves the averages."""
        shape = tf.shape(y)
        # The pixels of a block share their channel's statistics.
        pixels = tf.reshape(y, (shape[0], shape[1], -1, self.filters))
        pixels, mean, variance = normalise_batch(
            pixels, self.gamma.value, self.beta.value, BN_EPSILON
        )
        if bias is not None:
            mean = mean + bias
        for average, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            change = (1.0 - BN_MOMENTUM) * (tf.stop_gradient(value) - average.value)
            average.assign_add(change)
        return tf.ensure_shape(tf.reshape(pixels, shape), y.shape)

    def _call_plain(self, x: Tensor, *, training: bool) -> Tensor:
        if self.upsample:
            x = tf.repeat(tf.repeat(x, 2, axis=1), 2, axis=2)
        y = tf.nn.conv2d(x, tf.cast(self.kernel.value, x.dtype), self.strides, "SAME")
        y = self._biased(y, self.bias.value)
        if self.normalise and training:
            y = self._normalise_batch(y, None)
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
        return activate(y, self.activation)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`(B, H, W, C)` to `(B, H', W', filters)`."""
        batch, *size, _ = input_shape
        larger = 2 if self.upsample != self.blocks_out or self.blocks_in else 1
        return (
            batch,
            *(None if n is None else n * larger // self.strides for n in size),
            self.filters * (_BLOCK_PIXELS if self.blocks_out else 1),
        )
