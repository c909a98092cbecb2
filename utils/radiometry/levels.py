"""Converts between 8 and 16 bits, [0, 1] and the [-1, 1] of the networks."""

import cv2
import numpy as np

from utils.radiometry.radiance import GAMMA, Array, ldr_to_hdr, operations

SIZE_MULTIPLE = 8
"""Height and width must be multiples of it: alignment halves the picture three times."""


def to_network(x: Array) -> Array:
    """[0, 1] to the networks' [-1, 1], for LDR and radiance alike."""
    return x * 2.0 - 1.0


def from_network(x: Array) -> Array:
    """The networks' [-1, 1] to [0, 1], for LDR and radiance alike."""
    return (x + 1.0) / 2.0


def join_network_input(ldr: Array, hdr: Array) -> Array:
    """Six-channel network input of a frame and its linearised values.

    Args:
        ldr: `(..., 3)` LDR values in [0, 1].
        hdr: `(..., 3)` the same frame linearised, radiance.

    Returns:
        `(..., 6)`, LDR then radiance, in the network range.
    """
    return to_network(operations(ldr).concatenate([ldr, hdr], axis=-1))


def network_input(ldr: Array, exposure_time: Array) -> Array:
    """Six-channel network input of a frame.

    Args:
        ldr: `(..., 3)` LDR values in [0, 1].
        exposure_time: Relative exposure time, broadcast against `ldr`.

    Returns:
        `(..., 6)`, LDR then radiance, in the network range.
    """
    return join_network_input(ldr, ldr_to_hdr(ldr, exposure_time))


def picture_input(ldr: np.ndarray, exposure_time: np.float32 | float) -> np.ndarray:
    """`network_input` of one picture up to rounding, three times as fast.

    Args:
        ldr: `(H, W, 3)` float32 LDR values in [0, 1].
        exposure_time: Relative exposure time.

    Returns:
        `(H, W, 6)`, LDR then radiance, in the network range.
    """
    return join_picture_input(ldr, cv2.pow(ldr, GAMMA), 1.0 / float(exposure_time))


def join_picture_input(ldr: np.ndarray, hdr: np.ndarray, scale: float = 1.0) -> np.ndarray:
    """`join_network_input` of one picture, bit for bit, three times as fast.

    Args:
        ldr: `(H, W, 3)` float32 LDR values in [0, 1].
        hdr: `(H, W, 3)` float32, the same frame linearised.
        scale: Factor from `hdr` to radiance.

    Returns:
        `(H, W, 6)`, LDR then radiance, in the network range.
    """
    joined = np.empty((*ldr.shape[:2], 6), np.float32)
    parts = [cv2.addWeighted(ldr, 2.0, ldr, 0.0, -1.0), cv2.addWeighted(hdr, 2 * scale, hdr, 0, -1)]
    return cv2.mixChannels(parts, [joined], [c for c in range(6) for _ in range(2)])[0]


def to_display(x: np.ndarray) -> np.ndarray:
    """Values in [0, 1], any shape, rounded to uint8."""
    return np.rint(255.0 * x).astype(np.uint8)


def ldr_to_float(ldr: np.ndarray, divisor: int | None = None) -> np.ndarray:
    """Frames of any shape to float32 in [0, 1]; float32 frames are returned unchanged.

    Args:
        ldr: Frames in uint8, uint16 or float32.
        divisor: Divisor of integers; None: the largest value of their type (255, 65535).
    """
    if ldr.dtype == np.float32:
        return ldr
    return ldr.astype(np.float32) / np.float32(divisor or np.iinfo(ldr.dtype).max)


def levels_to_hdr(ldr: np.ndarray, exposure_time: np.float32 | float) -> np.ndarray:
    """Linearises frames; integers by a table of their levels.

    Args:
        ldr: Frames in uint8, uint16 or float32, any shape.
        exposure_time: Relative exposure time.

    Returns:
        Radiance in [0, 1 / t], float32, bit for bit `ldr_to_hdr(ldr_to_float(ldr))`.
    """
    if ldr.dtype == np.float32:
        return ldr_to_hdr(ldr, exposure_time)
    table = ldr_to_hdr(ldr_to_float(_levels(ldr.dtype)), exposure_time)
    return cv2.LUT(ldr, table[None])


def _levels(dtype: np.dtype) -> np.ndarray:
    """All values of an unsigned integer type, ascending."""
    return np.arange(np.iinfo(dtype).max + 1, dtype=dtype)


def to_8bit(ldr: np.ndarray) -> np.ndarray:
    """Frames of any shape to uint8, rounded as OpenCV reads a 16-bit TIFF (release)."""
    if ldr.dtype == np.uint8:
        return ldr
    if np.issubdtype(ldr.dtype, np.floating):
        return to_display(ldr)
    return ((ldr.astype(np.uint32) + 128) // 257).astype(np.uint8)


def to_16bit(ldr: np.ndarray) -> np.ndarray:
    """LDR values in [0, 1], any shape, rounded to uint16."""
    return np.rint(65535 * ldr).astype(np.uint16)


def truncate_8bit(ldr: np.ndarray) -> np.ndarray:
    """LDR values in [0, 1], any shape, to uint8, truncated (release)."""
    return (255 * ldr).astype(np.uint8)


def quantise_8bit(ldr: np.ndarray) -> np.ndarray:
    """LDR values in [0, 1] rounded to 8-bit levels, as float32; NaN stays NaN."""
    return np.rint(ldr * np.float32(255)) / np.float32(255)
