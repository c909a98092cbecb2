"""Maps of cells of 4x4 pixels, computed in bands of rows by several threads."""

import concurrent.futures
import os
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import cv2
import numpy as np

CELL = 4
"""Height and width of a cell in pixels."""

_BAND = 32 * CELL  # rows of pixels
_THREADS = min(4, os.cpu_count() or 1)

Result = TypeVar("Result")


def by_band(height: int, function: Callable[[slice], Result]) -> list[Result]:
    """Results of a function of the rows of a picture, band by band, in several threads."""
    bands = [slice(top, min(top + _BAND, height)) for top in range(0, height, _BAND)]
    with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(function, bands))


def in_cells(height: int, maps: Callable[[slice], tuple[np.ndarray, ...]]) -> list[np.ndarray]:
    """Means over cells of maps of pixels.

    Args:
        height: Height of the picture in pixels.
        maps: Computes the maps of a band, `(H, W)` or `(H, W, C)` float32 each.

    Returns:
        A map of cells, `(h, w)` or `(h, w, C)`, for each; cells at the edge may be smaller.
    """
    parts = by_band(height, lambda band: [_shrunk(pixels) for pixels in maps(band)])
    return [np.concatenate(each) for each in zip(*parts, strict=True)]


def in_pixels(cells: np.ndarray, band: slice, width: int) -> np.ndarray:
    """A band of pixels, `(H, width)` or `(H, width, C)`, interpolated from a map of cells."""
    first, last = band.start // CELL, -(-band.stop // CELL)
    rows = np.clip(np.arange(first - 1, last + 1), 0, len(cells) - 1)
    pixels = cv2.resize(cells[rows], (width, CELL * len(rows)))
    return pixels[CELL : CELL + band.stop - band.start]


def in_colour(pixels: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` of `(H, W)`; twice as fast as broadcasting."""
    return cv2.merge([pixels] * 3)


def channel_mean(pixels: np.ndarray) -> np.ndarray:
    """`(H, W)` of `(H, W, 3)`; `pixels.mean(-1)` takes ten times as long."""
    return cv2.transform(pixels, np.full((1, 3), 1 / 3, np.float32)).reshape(pixels.shape[:2])


def falling(x: np.ndarray | float, ends: Sequence[Any]) -> np.ndarray:
    """1 up to the first end, 0 from the second, linear between."""
    return np.clip((ends[1] - x) / (ends[1] - ends[0]), 0, 1)


def _shrunk(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape[:2]
    size = (-(-width // CELL), -(-height // CELL))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
