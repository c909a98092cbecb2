"""A convolution whose gradients are computed by the fastest equal operations of a processor.

TensorFlow's own two (oneDNN underneath) are slower than its convolution: that of the input up to
2.4 times, that of the kernel up to 12 times where few channels come out. docs/performance.md has
the figures.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Tensor = Any  # tf.Tensor

_STRIDES = (1, 1, 1, 1)


@tf.custom_gradient
def convolve(x: Tensor, kernel: Tensor) -> tuple[Tensor, Callable[[Tensor], tuple[Tensor, Tensor]]]:
    """Convolves with stride 1 and zero padding; the gradients are exact, but for rounding.

    The input's gradient is the convolution of the upstream one with the kernel turned by half a
    turn, its channels in and out exchanged. The kernel's gradient with x and the upstream one
    exchanged is the same, turned and exchanged in the same way; that order is the faster one where
    more channels come in than go out.

    Args:
        x: `(B, H, W, C)`, any float.
        kernel: `(K, K, C, F)`, K odd.

    Returns:
        `(B, H, W, F)`.
    """
    y = tf.nn.conv2d(x, kernel, 1, "SAME")

    def gradient(upstream: Tensor) -> tuple[Tensor, Tensor]:
        of_x = tf.nn.conv2d(upstream, _turn(kernel), 1, "SAME")
        if kernel.shape[2] > kernel.shape[3]:
            return of_x, _turn(_of_kernel(upstream, x, kernel))
        return of_x, _of_kernel(x, upstream, kernel)

    return y, gradient


def _turn(kernel: Tensor) -> Tensor:
    """The kernel turned by half a turn, channels in and out exchanged."""
    return tf.transpose(tf.reverse(kernel, (0, 1)), (0, 1, 3, 2))


def _of_kernel(x: Tensor, upstream: Tensor, kernel: Tensor) -> Tensor:
    sizes = (*kernel.shape[:2], x.shape[-1], upstream.shape[-1])
    return tf.raw_ops.Conv2DBackpropFilter(
        input=x, filter_sizes=sizes, out_backprop=upstream, strides=_STRIDES, padding="SAME"
    )
