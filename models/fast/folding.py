"""Kernels of cheaper convolutions with exactly the same result.

Each function takes the stored kernel (the release's) and returns that of the cheaper convolution.
They are linear, so gradients pass through them, and training uses them as inference does. Zero
padding at the border of the picture has the same effect.

Kernels are `(height, width, input channels, output channels)`.
"""

import numpy as np
import tensorflow as tf

from models.layers import Tensor

BLOCK = 2
"""Side of the pixel blocks that `space_to_depth` and `depth_to_space` move into channels."""

# Nearest x2, then taps -2..2: an even row 2i reads the small rows i-1, i-1, i, i, i+1, i.e. taps
# (-2,-1), (0,1), (2); an odd row 2i+1 reads taps (-2), (-1,0), (1,2) of the same three rows.
_UPSAMPLE_TAPS = np.array(
    [
        [[1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 1]],
        [[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]],
    ],
    np.float32,
)
# Both directions at once: rows are (y, x, p, q) of window and parities, columns the taps (h, w).
_UPSAMPLE_MATRIX = np.einsum("pyh,qxw->yxpqhw", _UPSAMPLE_TAPS, _UPSAMPLE_TAPS).reshape(36, 25)


def upsample_kernel(kernel: Tensor) -> Tensor:
    """Nearest x2 and a 5x5 convolution -> a 3x3 convolution and `depth_to_space`.

    After nearest x2 a 5x5 window holds only 3x3 different values, in one of four ways by the parity
    of its centre: 9 taps for each of the four instead of 25, 2.8 times fewer multiply-adds.

    Args:
        kernel: `(5, 5, C, F)`.

    Returns:
        `(3, 3, C, 4 F)`, the four parities in the order of `tf.nn.depth_to_space`.
    """
    channels, filters = kernel.shape[2:]
    taps = tf.reshape(kernel, (25, channels * filters))
    sums = tf.linalg.matmul(tf.constant(_UPSAMPLE_MATRIX), taps)
    sums = tf.reshape(sums, (3, 3, BLOCK * BLOCK, channels, filters))
    sums = tf.transpose(sums, (0, 1, 3, 2, 4))
    return tf.reshape(sums, (3, 3, channels, BLOCK * BLOCK * filters))


def stride_kernel(kernel: Tensor) -> Tensor:
    """A 5x5 convolution of stride 2 -> `space_to_depth` and a 3x3 convolution of stride 1.

    Worth it for few input channels: 6 leave most of a vector register empty, 24 do not.
    With SAME padding and an even size, output i reads rows 2i-1..2i+3, i.e. blocks i-1, i, i+1
    without the first row of block i-1.

    Args:
        kernel: `(5, 5, C, F)`.

    Returns:
        `(3, 3, 4 C, F)`.
    """
    return _taps_to_channels(tf.pad(kernel, ((1, 0), (1, 0), (0, 0), (0, 0))))


def blocks_kernel(kernel: Tensor) -> Tensor:
    """A 5x5 convolution of a picture kept in blocks -> a 3x3 convolution of blocks to blocks.

    The four windows of a block's pixels lie within its 3x3 neighbouring blocks.

    Args:
        kernel: `(5, 5, C, F)`.

    Returns:
        `(3, 3, 4 C, 4 F)`, both in the order of `tf.nn.depth_to_space`.
    """
    return _taps_to_channels(output_kernel(kernel))


def _taps_to_channels(kernel: Tensor) -> Tensor:
    """The kernel of stride 2, `(6, 6, C, F)`, for blocks in the channels, `(3, 3, 4 C, F)`."""
    channels, filters = kernel.shape[2:]
    kernel = tf.reshape(kernel, (3, BLOCK, 3, BLOCK, channels, filters))
    kernel = tf.transpose(kernel, (0, 2, 1, 3, 4, 5))
    return tf.reshape(kernel, (3, 3, BLOCK * BLOCK * channels, filters))


def output_kernel(kernel: Tensor) -> Tensor:
    """A KxK convolution to few channels -> one of stride 2 to four times as many.

    Three output channels leave most of a vector register empty. The 2x2 pixels of a block, taken as
    channels, fill it, and read one (K+1)x(K+1) window instead of four KxK ones.

    Args:
        kernel: `(K, K, C, F)`, K odd.

    Returns:
        `(K + 1, K + 1, C, 4 F)` in the order of `tf.nn.depth_to_space`, for stride 2 and K // 2
        rows and columns of zeros on each side.
    """
    shifted = [
        [tf.pad(kernel, ((p, 1 - p), (q, 1 - q), (0, 0), (0, 0))) for q in range(BLOCK)]
        for p in range(BLOCK)
    ]
    blocks = tf.stack([tf.stack(row, 3) for row in shifted], 3)  # (K + 1, K + 1, C, 2, 2, F)
    return tf.reshape(blocks, (*blocks.shape[:3], BLOCK * BLOCK * kernel.shape[3]))
