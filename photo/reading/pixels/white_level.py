"""White level of frames of 10 to 15 bits that lie in the low bits of 16, as some programs write."""

from collections.abc import Sequence

import numpy as np
from PIL import Image

from utils.radiometry.levels import to_16bit

FULL = 65535
"""White level of frames that use all 16 bits."""

_FEWEST_BITS = 9
_MANY = 1e-3  # share of samples at the largest value that shows that it is white
_LARGEST_SAMPLE = 0x0155  # TIFF's SMaxSampleValue


def white_range(frame: np.ndarray, data: bytes, exif: Image.Exif) -> tuple[int, int]:
    """Lowest and highest possible white level of a frame.

    They are equal if the file names `2 ** bits - 1`, or if it is the largest value and that of many
    samples; else the frame may be too dark to tell.

    Args:
        frame: `(H, W, 3)`; frames of uint8 count as full.
        data: Bytes of the file.
        exif: Its EXIF, or the tags of a TIFF.
    """
    highest = int(frame.max())
    if frame.dtype == np.uint8 or highest == FULL:
        return FULL, FULL
    for white in (2**bits - 1 for bits in range(_FEWEST_BITS, 16)):
        clipped = white == highest > frame.min() and np.mean(frame == white) >= _MANY
        if highest <= white and (clipped or white == _named(data, exif)):
            return white, white
    return highest, FULL


def common_white(ranges: Sequence[tuple[int, int]]) -> int:
    """White level of a bracket, whose frames a program wrote alike."""
    lowest, highest = (max(low for low, _ in ranges), min(high for _, high in ranges))
    return highest if lowest <= highest else FULL


def to_full_range(frame: np.ndarray, white: int) -> np.ndarray:
    """A uint16 frame scaled from its white level to 65535; any frame if that is its level."""
    if white == FULL:
        return frame
    return to_16bit(np.minimum(np.arange(FULL + 1) / white, 1))[frame]


def _named(data: bytes, exif: Image.Exif) -> int:
    """White level by PNG's sBIT or TIFF's SMaxSampleValue; 0 if neither is there."""
    bits = data.partition(b"IDAT")[0].partition(b"sBIT")[2][:1] if data[1:4] == b"PNG" else b""
    value = exif.get(_LARGEST_SAMPLE, 0)
    return 2 ** bits[0] - 1 if bits else max(value) if isinstance(value, tuple) else value
