"""Divides a picture into tiles and puts it together again.

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
"""Holds a 1500x1000 picture as one tile of alignment."""
_LEAST_TILE, LARGEST_TILE = 128, 640
"""Pixels a side; larger tiles are no faster and take more memory."""
_SILENT_SECONDS = 3.0  # before the progress bar appears


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

    def outer(self, shrink: int = 1) -> Window:
        """Rows and columns of the outer part of a picture that is `shrink` times smaller."""
        return self.rows.outer(shrink), self.columns.outer(shrink)

    def inner(self, shrink: int = 1) -> Window:
        """Rows and columns of the inner part."""
        return self.rows.inner(shrink), self.columns.inner(shrink)

    def inner_of_outer(self, shrink: int = 1) -> Window:
        """Rows and columns of the inner part, counted from the corner of the outer one."""
        return self.rows.inner_of_outer(shrink), self.columns.inner_of_outer(shrink)


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

    A whole picture may take half of the free memory, at most 2 GiB. A tile may take half of that,
    because the picture and its smallest features are in memory as well.

    Args:
        height: Pixels of the picture; if it fits as a whole, it is one tile.
        width: The same.
        bytes_per_pixel: Memory of the computation for each pixel of a tile.
    """
    free = free_memory()
    most = _MOST_MEMORY if free is None else min(_MOST_MEMORY, free // 2)
    pixels = most // bytes_per_pixel
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
        self._shape = grid[-1].rows.stop // shrink, grid[-1].columns.stop // shrink
        self._whole = len(grid) == 1
        self._picture: np.ndarray | None = None

    def paste(self, tile: Tile, part: np.ndarray) -> None:
        """Takes the inner part of a tile's result, `(h, w, C)`; a single tile is not copied."""
        if self._whole:
            self._picture = part
            return
        if self._picture is None:
            self._picture = np.empty((*self._shape, part.shape[-1]), part.dtype)
        self._picture[tile.inner(self._shrink)] = part[tile.inner_of_outer(self._shrink)]

    @property
    def picture(self) -> np.ndarray:
        """`(H, W, C)`, of the type of the parts.

        Raises:
            ValueError: Nothing was pasted.
        """
        if self._picture is None:
            raise ValueError("The picture has no parts yet. Received: no tile")
        return self._picture
