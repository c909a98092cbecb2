"""Networks on pictures of any size: whole where that fits, else tile by tile with the same result.

A network is given a function that reads the inputs of a place, so that a large picture is converted
to float one tile at a time.
"""

import typing
from collections.abc import Callable
from typing import Any

import numpy as np

from utils.inference import tiles
from utils.radiometry.levels import SIZE_MULTIPLE, from_network

Output = Any  # np.ndarray or tf.Tensor
Network = Callable[..., Output]
Window = tuple[slice, slice]
"""Rows and columns of a picture."""
Read = Callable[[Window], list[Output]]
"""Gives a network's inputs, `(1, h, w, 6)` each, in [-1, 1], of a place."""


@typing.runtime_checkable
class AlignmentInParts(typing.Protocol):
    """An alignment network that can work on tiles, `models.compiled.CompiledAlignment`."""

    encode: Network
    """Source and reference to x3, an eighth of their size."""
    trunk: Network
    """x3 to res, of the same size."""
    decode: Network
    """Source, reference, x3 and res of one place to the aligned frame."""
    halo: int
    """Pixels around a tile that `encode` and `decode` need, a multiple of 8."""
    trunk_halo: int
    """Pixels of x3 around a tile that `trunk` needs."""
    bytes_per_pixel: int
    """Memory for each pixel of a tile; a pixel of x3 takes four times that in `trunk`."""

    def __call__(self, source: np.ndarray, reference: np.ndarray) -> Output:
        """Aligns a whole picture."""
        ...


@typing.runtime_checkable
class TileableMerging(typing.Protocol):
    """A merging network that says what a tile needs, `models.compiled.CompiledMerging`."""

    halo: int
    """Pixels around a tile."""
    bytes_per_pixel: int
    """Memory for each pixel of a tile."""

    def __call__(self, low: np.ndarray, mid: np.ndarray, high: np.ndarray) -> Output:
        """Merges a picture or a tile."""
        ...


def run_alignment(
    network: AlignmentInParts | Network,
    read: Read,
    size: tuple[int, int],
    *,
    tile: int = 0,
    side: str = "alignment",
) -> np.ndarray:
    """Aligns a picture: the trunk over all of it, what is before and after in tiles.

    Args:
        network: An alignment network; if it has no parts, it gets the whole picture.
        read: Gives source and reference of a place.
        size: Height and width, multiples of 8.
        tile: Height and width of a tile in pixels; 0: from the memory that is free.
        side: Stands before the progress bar.

    Returns:
        `(H, W, 3)` float32 LDR in [0, 1].
    """
    whole = (slice(0, size[0]), slice(0, size[1]))
    if not isinstance(network, AlignmentInParts):
        return _to_picture(network(*read(whole)))
    tile = tile or tiles.default_size(*size, network.bytes_per_pixel)
    grid = tiles.tiles(*size, size=tile, halo=network.halo, multiple=SIZE_MULTIPLE)
    if len(grid) == 1:
        return _to_picture(network(*read(whole)))
    x3 = tiles.assemble(
        lambda part: _features(network.encode(*read(part.outer()))),
        grid,
        shrink=SIZE_MULTIPLE,
        description=f"{side}: encoders",
    )
    res = tiles.assemble(
        lambda part: _features(network.trunk(x3[part.outer()][None])),
        # A pixel of x3 takes four times the memory of a pixel of the picture.
        tiles.tiles(*x3.shape[:2], size=max(1, tile // 2), halo=network.trunk_halo),
        description=f"{side}: trunk",
    )

    def decode(part: tiles.Tile) -> np.ndarray:
        small = part.outer(SIZE_MULTIPLE)
        return _to_picture(network.decode(*read(part.outer()), x3[small][None], res[small][None]))

    return tiles.assemble(decode, grid, description=f"{side}: decoder")


def run_merging(
    network: TileableMerging | Network, read: Read, size: tuple[int, int], *, tile: int = 0
) -> np.ndarray:
    """Merges a picture.

    Args:
        network: A merging network; if it does not say what a tile needs, it gets the whole picture.
        read: Gives low, mid and high of a place.
        size: Height and width.
        tile: Height and width of a tile in pixels; 0: from the memory that is free.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """
    halo = 0
    if isinstance(network, TileableMerging):
        tile, halo = tile or tiles.default_size(*size, network.bytes_per_pixel), network.halo
    else:
        tile = max(size)
    return tiles.assemble(
        lambda part: _to_picture(network(*read(part.outer()))),
        tiles.tiles(*size, size=tile, halo=halo),
        description="merging",
    )


def _features(output: Output) -> np.ndarray:
    """The features of a batch of one, in the precision they come in."""
    return np.asarray(output)[0]


def _to_picture(output: Output) -> np.ndarray:
    """A network's `(1, H, W, 3)` output in [-1, 1] as `(H, W, 3)` float32 in [0, 1]."""
    return from_network(np.asarray(output, dtype=np.float32)[0])
