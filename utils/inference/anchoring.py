"""Gives a merged picture the brightness of the reference frame, where that is well exposed.

The networks get details right sooner than brightness: over areas of many pixels their results are a
little too bright or too dark, where the reference itself is exact. Its mean over a few pixels is
nearly free of noise, so the result keeps its details and takes that mean.
"""

import cv2
import numpy as np

from utils.radiometry.levels import ldr_to_float, levels_to_hdr
from utils.radiometry.radiance import MU, brightest_channel

CELL = 4
"""Height and width in pixels of the squares whose means are compared. Smaller ones would bring the
reference's noise into shadows that the high frame has cleaner."""

_BLUR = 1.0  # standard deviation in cells
_WELL_EXPOSED, _CLIPPED = 0.8, 0.9  # LDR; in between the reference counts less and less
_FLOOR = 1.0 / MU  # radiance below which the mu-law does not show relative errors
_LARGEST = 1.0  # relative error that is still one of brightness
_LEAST = 0.02  # of a cell: less that is well exposed says little


def anchor(
    hdr: np.ndarray, reference: np.ndarray, exposure_time: np.float32 | float, cell: int = CELL
) -> np.ndarray:
    """Scales a merged picture, area by area, to the brightness of the reference.

    The scale is a smooth field for each channel, the mean relative error of squares of a few
    pixels. Pixels that the reference clips stay as they are.

    Args:
        hdr: `(H, W, 3)` float32 merged radiance in [0, 1].
        reference: `(H, W, 3)` frame in uint8, uint16, or float32 in [0, 1].
        exposure_time: Its relative exposure time.
        cell: Height and width of the squares in pixels.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """
    height, width = hdr.shape[:2]
    brightest = ldr_to_float(brightest_channel(reference))
    weight = np.clip((_CLIPPED - brightest) / (_CLIPPED - _WELL_EXPOSED), 0, 1)
    weights = cv2.merge([weight] * 3)  # twice as fast as broadcasting
    scaled = hdr + np.float32(_FLOOR)
    error = levels_to_hdr(reference, exposure_time) - hdr
    error /= scaled
    np.clip(error, -_LARGEST, _LARGEST, out=error)
    error *= weights
    size = (-(-width // cell), -(-height // cell))
    mean, known = (_means(x, size) for x in (error, weight))
    result = cv2.resize(mean / (known + _LEAST)[..., None], (width, height))
    result *= weights
    result *= scaled
    result += hdr
    return np.clip(result, 0, 1, out=result)


def _means(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Means of the squares, smoothed; size is their number across and down."""
    return cv2.GaussianBlur(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), (0, 0), _BLUR)
