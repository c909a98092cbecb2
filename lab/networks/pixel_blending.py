"""The alignment network with one encoder of both frames, which blends pixels: for lab/ablation.py.

models/alignment.py encodes source and reference apart and blends their features. Here one encoder
sees both frames at once; blend, trunk and decoder are the paper's. With seven eighths of the
channels of both encoders together it has as many weights, within 0.4 % at widths from 16 to 64.
"""

import functools
from typing import Literal

import keras
from keras.layers import Add, Concatenate, ReLU

from models.alignment import INPUT_CHANNELS
from models.fast.layers import Arithmetic, convolution_layer


def pixel_blending(
    *,
    width: int = 64,
    residual_blocks: int = 9,
    initializer: Literal["release", "he"] = "release",
    arithmetic: Arithmetic = "fast",
    dtype: str = "float32",
    name: str = "alignment",
) -> keras.Model:
    """Builds the network; arguments, inputs and output are those of `models.alignment.alignment`.

    The ReLU of the decoder's inputs does not change features after ReLU, and makes the same of
    features before and after lrelu.
    """
    block = functools.partial(convolution_layer(arithmetic), initializer=initializer, dtype=dtype)
    step = functools.partial(block, kernel_size=5, upsample=True, normalise=True, activation="relu")
    frames = [keras.Input((None, None, INPUT_CHANNELS), name=x) for x in ("source", "reference")]

    def join(*parts: keras.KerasTensor) -> keras.KerasTensor:
        return Concatenate(dtype=parts[0].dtype)([ReLU(dtype=x.dtype)(x) for x in parts])

    both = Concatenate(name="pixels")(frames)
    x1 = block(7 * width // 4, 5, strides=2, activation="lrelu", name="both1")(both)
    x2 = block(7 * width // 2, 5, strides=2, normalise=True, activation="lrelu", name="both2")(x1)
    x3 = res = block(4 * width, 5, strides=2, normalise=True, name="blend")(x2)
    for index in range(residual_blocks):
        y = block(4 * width, 3, normalise=True, activation="relu", name=f"residual{index}_1")(res)
        y = block(4 * width, 3, normalise=True, name=f"residual{index}_2")(y)
        res = Add(dtype=y.dtype)([res, y])
    y2 = step(2 * width, name="decoder2")(join(res, x3))
    y1 = step(width, name="decoder1")(join(y2, x2))
    y0 = step(width, blocks_out=True, name="decoder0")(join(y1, x1))
    aligned = block(3, 5, blocks_in=True, activation="tanh", name="output")(y0)
    return keras.Model(frames, aligned, name=name)
