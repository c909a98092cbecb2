"""The layer of all networks with the same result and weights, but less work.

- Kernels are rewritten to cheaper convolutions (models/fast/folding.py).
- Outside training the normalisation goes into kernel and bias.
- In training the bias, which the normalisation subtracts again, is added to the moving mean only,
  and gradients are those of models/fast/gradients.py.
- Two layers in a row may keep the 2x2 pixels of a block as channels (`blocks_out`, `blocks_in`),
  which saves moving them to their places and back.
"""

from typing import Any, Literal

import tensorflow as tf

from models.fast import folding
from models.fast.gradients import convolve, leaky_relu
from models.layers import BN_EPSILON, Convolution, Tensor
from models.normalisation import normalise_batch

Arithmetic = Literal["fast", "plain"]

# With fewer channels (6 of the input frames, 3 of the output) a vector register of 16 stays largely
# empty: the pixels of a 2x2 block are then taken as channels.
_FEW_CHANNELS = 8
_BLOCK_PIXELS = folding.BLOCK**2


def convolution_layer(arithmetic: Arithmetic) -> type[Convolution]:
    """The layer class: `plain` as the paper describes it, or `fast`, the same result, cheaper."""
    return {"fast": FastConvolution, "plain": Convolution}[arithmetic]


class FastConvolution(Convolution):
    """`Convolution` with the same arguments, weights and result.

    With `blocks_in` it takes `(B, H / 2, W / 2, 4 C)`, the 2x2 pixels of a block in the channels;
    with `blocks_out` it returns the output of `upsample` in that form.
    """

    def build(self, input_shape: tuple[Any, ...]) -> None:
        """Makes the weights, all float32 under every policy."""
        channels = input_shape[-1] // (_BLOCK_PIXELS if self.blocks_in else 1)
        super().build((*input_shape[:-1], channels))

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        """Computes the layer; `training` chooses batch or moving statistics."""
        if not (training and self.trainable):
            return self.infer(inputs, self.inference_weights())
        if self.normalise and self._takes_batch_statistics(training):
            kernel = tf.cast(self._fold(self.kernel.value, training=True), inputs.dtype)
            y = self._normalise_batch(self._convolve(inputs, kernel, training=True))
        else:
            kernel, bias = self.inference_weights(training=True)
            y = self._add_bias(self._convolve(inputs, kernel, training=True), bias)
        return self._place_pixels(self._activate(y), inputs)

    def inference_weights(self, *, training: bool = False) -> tuple[Tensor, Tensor]:
        """Kernel and bias of the cheaper convolution with the normalisation in them, for `infer`.

        They depend on the weights alone: models/fast/frozen.py computes them once. With `training`
        the convolution is the one whose gradient is cheap too.
        """
        kernel, bias = self.kernel.value, self.bias.value
        if self.normalise:
            scale = self.gamma.value * tf.math.rsqrt(self.moving_variance.value + BN_EPSILON)
            kernel = kernel * scale
            bias = (bias - self.moving_mean.value) * scale + self.beta.value
        kernel = tf.cast(self._fold(kernel, training=training), self.compute_dtype)
        # The pixels of a block share the bias of their channel.
        return kernel, tf.tile(bias, (kernel.shape[-1] // self.filters,))

    def infer(
        self, inputs: Tensor, *weights: tuple[Tensor, Tensor], first: Tensor | None = None
    ) -> Tensor:
        """Computes the layer outside training.

        Args:
            inputs: `(B, H, W, C)`.
            weights: Kernel and bias of `inference_weights`, or of each group of their output
                channels.
            first: Input channels before those of `inputs` (stride 1). They are convolved on their
                own, which saves concatenating; in bfloat16 the sum rounds once more.
        """
        groups = [self._infer_group(inputs, *group, first) for group in weights]
        return self._place_pixels(tf.concat(groups, axis=-1), inputs)

    def _infer_group(self, x: Tensor, kernel: Tensor, bias: Tensor, first: Tensor | None) -> Tensor:
        if first is None:
            y = self._add_bias(self._convolve(x, kernel), bias)
        else:
            kernel_first, kernel = tf.split(kernel, [first.shape[-1], x.shape[-1]], axis=2)
            # In this order TensorFlow fuses the sum into the convolution.
            y = self._add_bias(self._convolve(x, kernel), bias)
            y += self._convolve(first, kernel_first)
        return self._activate(y)

    def _fold(self, kernel: Tensor, *, training: bool) -> Tensor:
        """The kernel of the cheaper convolution; the kernel itself if there is none."""
        if self.upsample:
            return folding.upsample_kernel(kernel)
        if self.blocks_in:
            return folding.blocks_kernel(kernel)
        if self._folds_stride:
            return folding.stride_kernel(kernel)
        if self.filters < _FEW_CHANNELS and self.strides == 1 and not training:  # slow gradient
            return folding.output_kernel(kernel)
        return kernel

    @property
    def _folds_stride(self) -> bool:
        """True if the 2x2 pixels under a stride are taken as channels."""
        return self.strides == folding.BLOCK and self.kernel.shape[2] < _FEW_CHANNELS

    def _convolve(self, x: Tensor, kernel: Tensor, *, training: bool = False) -> Tensor:
        """Convolves with a kernel of `_fold`; blocks that it makes are still in the channels.

        The cheaper gradients of training keep bias and activation from being fused into the
        convolution, so inference does without them.
        """
        strides: int = self.strides
        padding: Any = "SAME"
        if self._folds_stride:
            x, strides = tf.nn.space_to_depth(x, folding.BLOCK), 1
        elif kernel.shape[0] == self.kernel_size + 1:  # folding.output_kernel
            half = self.kernel_size // 2
            strides = folding.BLOCK
            # One more zero below and right, so that an odd size ends in a block of its own.
            padding = ((0, 0), (half, half + 1), (half, half + 1), (0, 0))
        if training and strides == 1:
            return convolve(x, kernel)
        return tf.nn.conv2d(x, kernel, strides, padding)

    def _normalise_batch(self, y: Tensor) -> Tensor:
        """`gamma (y - mean) / sqrt(var + eps) + beta` of `y` without bias; moves the averages."""
        shape = tf.shape(y)
        # The pixels of a block share the statistics of their channel.
        pixels = tf.reshape(y, (shape[0], shape[1], -1, self.filters))
        pixels, mean, variance = normalise_batch(
            pixels, self.gamma.value, self.beta.value, BN_EPSILON
        )
        self._move_averages(mean + self.bias.value, variance)
        return tf.ensure_shape(tf.reshape(pixels, shape), y.shape)

    def _activate(self, y: Tensor) -> Tensor:
        return leaky_relu(y) if self.activation == "lrelu" else super()._activate(y)

    def _place_pixels(self, y: Tensor, inputs: Tensor) -> Tensor:
        """Moves the pixels of blocks from the channels to their places, if there are any."""
        if self.blocks_out or y.shape[-1] == self.filters:
            return y
        y = tf.nn.depth_to_space(y, folding.BLOCK)
        if self.upsample or self.blocks_in:
            return y
        height, width = tf.unstack(tf.shape(inputs)[1:3])
        return y[:, :height, :width]

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """`(B, H, W, C)` to `(B, H', W', filters)`, or to blocks."""
        batch, *size, _ = input_shape
        larger = 2 if self.upsample != self.blocks_out or self.blocks_in else 1
        return (
            batch,
            *(None if n is None else n * larger // self.strides for n in size),
            self.filters * (_BLOCK_PIXELS if self.blocks_out else 1),
        )
