"""ESBN as a whole: two alignment networks and the merging network in one graph.

frames           (B, 3, H, W, 6)   low, mid, high: LDR and linearised radiance in [-1, 1]
exposure_time    (B, 3)            relative exposure times
  -> aligned low   (B, H, W, 3)    alignment of (low, mid): LDR in [-1, 1]
  -> aligned high  (B, H, W, 3)    alignment of (high, mid)
  -> merged        (B, H, W, 3)    merging of both, linearised by their own exposures, and mid
"""

from collections.abc import Callable
from typing import Any, Literal

import keras

from models.alignment import INPUT_CHANNELS, alignment, unaligned
from models.fast.layers import Arithmetic
from models.frames import HIGH, LOW, MERGING, MID_FRAME, SOURCE_FRAME
from models.merging import merging


def networks(
    *,
    width: int = 64,
    residual_blocks: int = 9,
    dense_layers: int = 6,
    aligned: bool = True,
    initializer: Literal["release", "he"] = "release",
    dtype: str = "float32",
    arithmetic: Arithmetic = "fast",
) -> dict[str, keras.Model]:
    """Builds the three networks by name: `low`, `high` and `merging`.

    Without `aligned`, `low` and `high` return their source frame unchanged. `arithmetic` is
    `plain` (step by step, as the paper describes it) or `fast` (the same result, cheaper).
    """
    common: dict[str, Any] = {
        "width": width,
        "initializer": initializer,
        "dtype": dtype,
        "arithmetic": arithmetic,
    }
    built = {}
    for side in SOURCE_FRAME:
        name = f"alignment_{side}"
        built[side] = (
            alignment(residual_blocks=residual_blocks, name=name, **common)
            if aligned
            else unaligned(name)
        )
    return built | {MERGING: merging(dense_layers=dense_layers, **common)}


def esbn(parts: dict[str, keras.Model], to_frame: Callable[[Any, Any], Any]) -> keras.Model:
    """Joins the three networks into one.

    Args:
        parts: Networks by name, as `networks` builds them; the weights are shared, not copied.
        to_frame: Function of an aligned frame `(B, H, W, 3)` in [-1, 1] and its exposure time
            `(B, 1, 1, 1)` to an input of the merging network, `(B, H, W, 6)` in [-1, 1].

    Returns:
        Model of `[frames, exposure_time]` to `[aligned low, aligned high, merged]`.
    """
    frames = keras.Input((3, None, None, INPUT_CHANNELS), name="frames")
    exposure_time = keras.Input((3,), name="exposure_time")
    reference = frames[:, MID_FRAME]
    aligned, merging_frames = {}, {}
    for side, index in SOURCE_FRAME.items():
        aligned[side] = parts[side]([frames[:, index], reference])
        time = keras.ops.reshape(exposure_time[:, index], (-1, 1, 1, 1))
        merging_frames[side] = to_frame(aligned[side], time)
    merged = parts[MERGING]([merging_frames[LOW], reference, merging_frames[HIGH]])
    return keras.Model([frames, exposure_time], [aligned[LOW], aligned[HIGH], merged], name="esbn")
