"""Pictures computed tile by tile, exactly: every tile brings the surroundings that its pixels need.

A tile has an inner part, which the result takes, and an outer one, which the computation gets: the
inner part and a halo around it that ends at the picture's border. Inner parts cover the picture
without overlap. Results do not depend on the size of the tiles if the halo is as wide as the
computation sees: nothing is blended.
"""

import dataclasses
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
from tqdm import tqdm

from utils.hardware import free_memory

_MOST_MEMORY = 2 * 2**30
"""This holds a 1500x1000 picture as one tile of alignment."""
_LEAST_TILE, LARGEST_TILE = 128, 640
"""Pixels a side of what a picture is cut into. Larger tiles are no faster and take more memory."""
_SILENT_SECONDS = 3.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Span:
    """One side of a tile: `start <= inner_start < inner_stop <= stop`, in pixels."""

    start: int
    inner_start: int
    inner_stop: int
    stop: int

    def outer(self, shrink: int = 1) -> slice:
        """The outer part of a picture that is `shrink` times smaller."""
        return slice(self.start // shrink, self.stop // shrink)

    def inner(self, shrink: int = 1) -> slice:
        """The inner part of a picture that is `shrink` times smaller."""
        return slice(self.inner_start // shrink, self.inner_stop // shrink)

    def inner_of_outer(self, shrink: int = 1) -> slice:
        """The inner part, counted from the start of the outer one."""
        start = self.start // shrink
        return slice(self.inner_start // shrink - start, self.inner_stop // shrink - start)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tile:
    """A part of a picture."""

    rows: Span
    columns: Span

    def outer(self, shrink: int = 1) -> tuple[slice, slice]:
        """Rows and columns of the outer part of a picture that is `shrink` times smaller."""
        return self.rows.outer(shrink), self.columns.outer(shrink)

    def inner(self, shrink: int = 1) -> tuple[slice, slice]:
        """Rows and columns of the inner part."""
        return self.rows.inner(shrink), self.columns.inner(shrink)

    def inner_of_outer(self, shrink: int = 1) -> tuple[slice, slice]:
        """Rows and columns of the inner part, counted from the corner of the outer one."""
        return self.rows.inner_of_outer(shrink), self.columns.inner_of_outer(shrink)


def tiles(height: int, width: int, *, size: int, halo: int, multiple: int = 1) -> list[Tile]:
    """Divides a picture into tiles of about equal size, by rows.

    Args:
        height: Pixels, a multiple of `multiple`.
        width: The same.
        size: Longest side of the inner part of a tile, rounded up to `multiple`.
        halo: Pixels around it, where the picture has them; a multiple of `multiple`.
        multiple: Tiles start and end at multiples of this.

    Raises:
        ValueError: A size does not fit `multiple`.
    """
    if height % multiple or width % multiple or halo % multiple:
        raise ValueError(
            f"Height, width and halo must be multiples of {multiple}."
            f" Received: {height}, {width}, {halo}"
        )
    rows, columns = (_spans(length, size, halo, multiple) for length in (height, width))
    return [Tile(rows=r, columns=c) for r, c in itertools.product(rows, columns)]


def _spans(length: int, size: int, halo: int, multiple: int) -> list[Span]:
    units = length // multiple
    count = math.ceil(units / math.ceil(size / multiple))
    edges = [multiple * (index * units // count) for index in range(count + 1)]
    return [
        Span(
            start=max(0, first - halo),
            inner_start=first,
            inner_stop=last,
            stop=min(length, last + halo),
        )
        for first, last in itertools.pairwise(edges)
    ]


def default_size(height: int, width: int, bytes_per_pixel: int) -> int:
    """Side of the tiles that fit the free memory.

    A picture may take half of it, at most 2 GiB, as a whole; if it must be cut, a tile takes at
    most half of that again, since the picture and its smallest features are in memory besides.

    Args:
        height: Pixels of the picture; if it fits as a whole, it is one tile.
        width: The same.
        bytes_per_pixel: What the computation takes for each pixel of a tile.
    """
    free = free_memory()
    most = _MOST_MEMORY if free is None else min(_MOST_MEMORY, free // 2)
    pixels = most // bytes_per_pixel
    if height * width <= pixels:
        return max(height, width)
    return min(LARGEST_TILE, max(_LEAST_TILE, math.isqrt(pixels // 2)))


def assemble(
    compute: Callable[[Tile], np.ndarray],
    grid: Sequence[Tile],
    *,
    shrink: int = 1,
    description: str | None = None,
) -> np.ndarray:
    """Puts the inner parts of tiles together; a progress bar appears if it takes long.

    Args:
        compute: Gives `(h, w, C)` for the outer part of a tile.
        grid: What `tiles` gave for the picture.
        shrink: How many times smaller than the tile, on each side, the result of `compute` is.
        description: Stands before the progress bar.

    Returns:
        `(height / shrink, width / shrink, C)`, of the dtype of what `compute` gave.
    """
    if len(grid) == 1:
        return compute(grid[0])
    height, width = (span.stop // shrink for span in (grid[-1].rows, grid[-1].columns))
    result = np.empty(0)
    bar = tqdm(grid, desc=description, unit="tile", leave=False, delay=_SILENT_SECONDS)
    for index, tile in enumerate(bar):
        part = compute(tile)
        if index == 0:
            result = np.empty((height, width, part.shape[-1]), part.dtype)
        result[tile.inner(shrink)] = part[tile.inner_of_outer(shrink)]
    return result
