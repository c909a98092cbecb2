"""Gives a merged picture the brightness of the reference frame, where that is well exposed.

The networks' results have small errors of brightness over large areas; the reference has none. The
mean of the reference over a few pixels is nearly free of noise, so the result takes this mean and
keeps its details.
"""

import dataclasses

import cv2
import numpy as np

from utils.inference.pipeline import Reconstruction
from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.levels import ldr_to_float, levels_to_hdr
from utils.radiometry.radiance import MU, brightest_channel
from utils.scenes.scene import Scene

_CELL = 4
"""Height and width in pixels of the squares whose means are compared; smaller ones add the
reference's noise to shadows."""

_BLUR = 1.0  # standard deviation in cells
_WELL_EXPOSED, _CLIPPED = 0.8, 0.9  # LDR; between them the weight falls to 0
_FLOOR = 1.0 / MU  # radiance; relative errors below it are invisible after the mu-law
_LARGEST = 1.0  # relative error that is still corrected
_BAND = 64  # rows of squares computed at a time, to bound memory
_LEAST = 0.02  # share of well exposed pixels that a square needs


def anchored(reconstruction: Reconstruction, scene: Scene) -> Reconstruction:
    """A reconstruction with the brightness of its scene's reference frame; see `anchor`."""
    reference, time = scene.ldr[MID_FRAME], scene.exposure_times[MID_FRAME]
    return dataclasses.replace(reconstruction, hdr=anchor(reconstruction.hdr, reference, time))


def anchor(hdr: np.ndarray, reference: np.ndarray, exposure_time: np.float32 | float) -> np.ndarray:
    """Scales a merged picture, area by area, to the brightness of the reference.

    The scale is a smooth field for each channel: the mean relative error over squares of a few
    pixels. Pixels that are clipped in the reference do not change.

    Args:
        hdr: `(H, W, 3)` float32 merged radiance in [0, 1].
        reference: `(H, W, 3)` frame in uint8, uint16, or float32 in [0, 1].
        exposure_time: Its relative exposure time.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """
    height, width = hdr.shape[:2]
    rows = _BAND * _CELL
    bands = [slice(top, min(top + rows, height)) for top in range(0, height, rows)]
    cells = [_cells(*_errors(hdr, reference, exposure_time, band)) for band in bands]
    mean, known = (
        cv2.GaussianBlur(np.concatenate(parts), (0, 0), _BLUR) for parts in zip(*cells, strict=True)
    )
    field = mean / (known + _LEAST)[..., None]
    field = cv2.resize(field, (width, len(field)))
    result = np.empty_like(hdr)
    for band in bands:
        part = _rows(field, band)
        part *= cv2.merge([_weight(reference[band])] * 3)  # twice as fast as broadcasting
        part *= hdr[band] + np.float32(_FLOOR)
        part += hdr[band]
        np.clip(part, 0, 1, out=result[band])
    return result


def _errors(
    hdr: np.ndarray, reference: np.ndarray, exposure_time: np.float32 | float, band: slice
) -> tuple[np.ndarray, np.ndarray]:
    """Weighted relative errors of a band of the result, `(h, W, 3)`, and the weights, `(h, W)`."""
    weight = _weight(reference[band])
    error = levels_to_hdr(reference[band], exposure_time) - hdr[band]
    error /= hdr[band] + np.float32(_FLOOR)
    np.clip(error, -_LARGEST, _LARGEST, out=error)
    error *= cv2.merge([weight] * 3)
    return error, weight


def _weight(reference: np.ndarray) -> np.ndarray:
    """Weight of each pixel in [0, 1]: 1 if it is well exposed."""
    brightest = ldr_to_float(brightest_channel(reference))
    return np.clip((_CLIPPED - brightest) / (_CLIPPED - _WELL_EXPOSED), 0, 1)


def _cells(error: np.ndarray, weight: np.ndarray) -> list[np.ndarray]:
    """Means over the squares of a band; the last ones may be cut off."""
    height, width = weight.shape
    shape = (-(-width // _CELL), -(-height // _CELL))
    return [cv2.resize(x, shape, interpolation=cv2.INTER_AREA) for x in (error, weight)]


def _rows(field: np.ndarray, band: slice) -> np.ndarray:
    """Interpolates a field with one row per row of squares to the picture's rows."""
    place = (np.arange(band.start, band.stop) + 0.5) / _CELL - 0.5
    above = np.floor(place).astype(int)
    share = (place - above).astype(np.float32)[:, None, None]
    last = len(field) - 1
    upper, lower = field[np.clip(above, 0, last)], field[np.clip(above + 1, 0, last)]
    lower -= upper
    lower *= share
    lower += upper
    return lower
