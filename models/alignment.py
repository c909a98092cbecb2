"""The alignment network: synthesises one exposure with the structure of the reference.

Source: the paper's release. One network per side (low, high), same graph, own weights.

    source, reference   (B, H, W, 6)       LDR and linearised radiance, both in [-1, 1]
    two encoders        no shared weights
      x1                (B, H/2, W/2, 64)    conv5x5 s2
      x2                (B, H/4, W/4, 128)   lrelu, conv5x5 s2, BN
    blend
      x3                (B, H/8, W/8, 256)   concat x2 of both, lrelu, conv5x5 s2, BN
      res               (B, H/8, W/8, 256)   nine residual blocks, no activation after the sum
    decoder             each step: concat, ReLU, nearest x2, conv5x5, BN
      y2                (B, H/4, W/4, 128)   of res, x3
      y1                (B, H/2, W/2, 64)    of y2, x2 of both
      y0                (B, H, W, 64)        of y1, x1 of both
    aligned             (B, H, W, 3)         ReLU, conv5x5, tanh: LDR in [-1, 1]

Height and width are multiples of 8. At width 64 with nine blocks: 15,265,091 trainable weights,
15,275,843 in all.
"""

import functools
from collections.abc import Callable
from typing import Any, Literal

import keras

from models.fast.layers import Arithmetic, convolution_layer
from models.layers import Convolution

INPUT_CHANNELS = 6

Block = Callable[..., Convolution]
Tensor = Any  # keras.KerasTensor


def alignment(
    *,
    width: int = 64,
    residual_blocks: int = 9,
    initializer: Literal["release", "he"] = "release",
    arithmetic: Arithmetic = "fast",
    dtype: str = "float32",
    name: str = "alignment",
) -> keras.Model:
    """Builds an alignment network.

    Args:
        width: Channels of the first convolution; 64 in the paper.
        residual_blocks: Blocks of the trunk; 9 in the paper.
        initializer: Kernels at the start, see `models.layers.kernel_initializer`.
        arithmetic: `plain` computes step by step as above; `fast` the same result, cheaper.
        dtype: Keras policy, `float32` or `mixed_bfloat16`; the output is float32 always.
        name: Name of the model.

    Returns:
        Model of `[source, reference]`, each `(B, H, W, 6)`, to `(B, H, W, 3)`, all
        in [-1, 1].
    """
    block = functools.partial(convolution_layer(arithmetic), initializer=initializer, dtype=dtype)
    source = keras.Input((None, None, INPUT_CHANNELS), name="source")
    reference = keras.Input((None, None, INPUT_CHANNELS), name="reference")
    x1_source, x2_source = _encoder(block, source, width, "source")
    x1_reference, x2_reference = _encoder(block, reference, width, "reference")
    x3 = block(4 * width, 5, strides=2, normalise=True, name="blend")(
        _concatenate([x2_source, x2_reference], "blend_concat")
    )
    res = x3
    for index in range(residual_blocks):
        res = _residual_block(block, res, 4 * width, f"residual{index}")
    step = functools.partial(block, kernel_size=5, upsample=True, normalise=True, activation="relu")
    y2 = step(2 * width, name="decoder2")(_rectify([res, x3], "decoder2"))
    y1 = step(width, name="decoder1")(_rectify([y2, x2_source, x2_reference], "decoder1"))
    y0 = step(width, blocks_out=True, name="decoder0")(
        _rectify([y1, x1_source, x1_reference], "decoder0")
    )
    aligned = block(3, 5, blocks_in=True, activation="tanh", name="output")(y0)
    return keras.Model([source, reference], aligned, name=name)


def unaligned(name: str = "alignment") -> keras.Model:
    """A model without weights that returns the source's LDR unchanged, for comparison.

    Returns:
        Model of `[source, reference]`, each `(B, H, W, 6)`, to `(B, H, W, 3)`.
    """
    source = keras.Input((None, None, INPUT_CHANNELS), name="source")
    reference = keras.Input((None, None, INPUT_CHANNELS), name="reference")
    return keras.Model([source, reference], source[..., :3], name=name)


def _encoder(block: Block, frame: Tensor, width: int, name: str) -> tuple[Tensor, Tensor]:
    """x1 and x2 after lrelu, which does not change the ReLU of the decoder."""
    x1 = block(width, 5, strides=2, activation="lrelu", name=f"{name}1")(frame)
    x2 = block(2 * width, 5, strides=2, normalise=True, activation="lrelu", name=f"{name}2")(x1)
    return x1, x2


def _residual_block(block: Block, x: Tensor, filters: int, name: str) -> Tensor:
    y = block(filters, 3, normalise=True, activation="relu", name=f"{name}_1")(x)
    y = block(filters, 3, normalise=True, name=f"{name}_2")(y)
    return keras.layers.Add(dtype=y.dtype, name=f"{name}_sum")([x, y])


def _rectify(parts: list[Tensor], name: str) -> Tensor:
    """Applies ReLU, but for the output of a decoder step, which has it already; concatenates."""
    rectified = [
        part
        if index == 0 and len(parts) > 2
        else keras.layers.ReLU(dtype=part.dtype, name=f"{name}_relu{index}")(part)
        for index, part in enumerate(parts)
    ]
    return _concatenate(rectified, f"{name}_concat")


def _concatenate(parts: list[Tensor], name: str) -> Tensor:
    return keras.layers.Concatenate(dtype=parts[0].dtype, name=name)(parts)
