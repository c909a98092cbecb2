"""Divides a picture into tiles and joins their results.

The computation gets the outer part of a tile, and the result takes its inner part. The outer part
is the inner part and a halo around it, cut off at the picture's border. Inner parts cover the
picture without overlap. If the halo is as wide as the network's view, results do not depend on the
size of the tiles: nothing is blended.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np
from tqdm import tqdm

from utils.hardware import free_memory

Window = tuple[slice, slice]
"""Rows and columns of a part of a picture."""

_MOST_MEMORY = 2 * 2**30
"""Bytes; enough for a 1500x1000 picture as one tile of alignment."""
_LEAST_TILE, LARGEST_TILE = 128, 640
"""Pixels a side; larger tiles are no faster and take more memory."""
_SILENT_SECONDS = 3.0  # before the progress bar appears


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """A part of a picture; `shrink` is how many times smaller a layer's picture is on each side."""

    computed: Window
    """The outer part."""
    kept: Window
    """The inner part."""

    def outer(self, shrink: int = 1) -> Window:
        """Rows and columns of the outer part."""
        return _shrunk(self.computed, shrink)

    def inner(self, shrink: int = 1) -> Window:
        """Rows and columns of the inner part."""
        return _shrunk(self.kept, shrink)

    def inner_of_outer(self, shrink: int = 1) -> Window:
        """Rows and columns of the inner part, counted from the corner of the outer one."""
        (top, left), (rows, columns) = self.outer(shrink), self.inner(shrink)
        return (
            slice(rows.start - top.start, rows.stop - top.start),
            slice(columns.start - left.start, columns.stop - left.start),
        )


def _shrunk(window: Window, factor: int) -> Window:
    rows, columns = (slice(side.start // factor, side.stop // factor) for side in window)
    return rows, columns


def tiles(height: int, width: int, *, size: int, halo: int, multiple: int = 1) -> list[Tile]:
    """Divides a picture into tiles of about equal size, by rows.

    Args:
        height: Pixels, a multiple of `multiple`.
        width: The same.
        size: Longest side of the inner part of a tile, rounded up to `multiple`.
        halo: Pixels around it, inside the picture; a multiple of `multiple`.
        multiple: Tiles start and end at multiples of this.

    Raises:
        ValueError: A size is not a multiple of `multiple`.
    """
    if height % multiple or width % multiple or halo % multiple:
        raise ValueError(
            f"Height, width and halo must be multiples of {multiple}."
            f" Received: {height}, {width}, {halo}"
        )
    rows, columns = (_sides(length, size, halo, multiple) for length in (height, width))
    return [
        Tile(computed=(row[0], column[0]), kept=(row[1], column[1]))
        for row, column in itertools.product(rows, columns)
    ]


def _sides(length: int, size: int, halo: int, multiple: int) -> list[tuple[slice, slice]]:
    """Outer and inner part of each tile along one side of the picture."""
    units = length // multiple
    count = math.ceil(units / math.ceil(size / multiple))
    edges = [multiple * (index * units // count) for index in range(count + 1)]
    return [
        (slice(max(0, first - halo), min(length, last + halo)), slice(first, last))
        for first, last in itertools.pairwise(edges)
    ]


def default_size(height: int, width: int, bytes_per_pixel: int) -> int:
    """Side of the tiles that fit the free memory.

    A whole picture may take half of the free memory, at most 2 GiB. A tile may take half of that,
    because the picture and its smallest features are in memory as well.

    Args:
        height: Pixels of the picture; if it fits as a whole, it is one tile.
        width: The same.
        bytes_per_pixel: Memory of the computation for each pixel of a tile.
    """
    pixels = min(_MOST_MEMORY, free_memory() // 2) // bytes_per_pixel
    if height * width <= pixels:
        return max(height, width)
    return min(LARGEST_TILE, max(_LEAST_TILE, math.isqrt(pixels // 2)))


def progress(grid: Sequence[Tile], description: str) -> Iterable[Tile]:
    """The tiles, with a progress bar if they take long."""
    return tqdm(grid, desc=description, unit="tile", leave=False, delay=_SILENT_SECONDS)


class Canvas:
    """A picture that is put together from the inner parts of tiles."""

    def __init__(self, grid: Sequence[Tile], shrink: int = 1) -> None:
        """Stores the size.

        Args:
            grid: All tiles of the picture, from `tiles`.
            shrink: How many times smaller than a tile, on each side, its result is.
        """
        self._shrink = shrink
        self._shape = tuple(side.stop for side in grid[-1].outer(shrink))
        self._whole = len(grid) == 1
        self.picture: np.ndarray = np.empty(0)
        """`(H, W, C)`, of the type of the parts; empty before the first."""

    def paste(self, tile: Tile, part: np.ndarray) -> None:
        """Takes the inner part of a tile's result, `(h, w, C)`; a single tile is not copied."""
        if self._whole:
            self.picture = part
            return
        if self.picture.size == 0:
            self.picture = np.empty((*self._shape, part.shape[-1]), part.dtype)
        self.picture[tile.inner(self._shrink)] = part[tile.inner_of_outer(self._shrink)]
