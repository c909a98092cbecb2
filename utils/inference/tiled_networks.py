"""Networks on pictures of any size: whole where that fits, else tile by tile with the same result.

A network is given a function that reads the inputs of a place, so that a large picture is converted
to float one tile at a time.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from models.fast.compiled import CompiledAlignment, CompiledMerging
from utils.inference import tiles
from utils.radiometry.levels import SIZE_MULTIPLE, from_network

Output = Any  # np.ndarray or tf.Tensor
Network = Callable[..., Output]
Window = tuple[slice, slice]
"""Rows and columns of a picture."""
Read = Callable[[Window], list[Output]]
"""Gives a network's inputs, `(1, h, w, 6)` each, in [-1, 1], of a place."""


def run_alignment(
    network: CompiledAlignment | Network,
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
    if not isinstance(network, CompiledAlignment):
        return _to_picture(network(*read(whole)))
    inner = tile or tiles.default_size(*size, network.bytes_per_pixel)
    grid = tiles.tiles(*size, size=inner, halo=network.halo, multiple=SIZE_MULTIPLE)
    if len(grid) == 1:
        return _to_picture(network(*read(whole)))
    x3 = tiles.assemble(
        lambda part: _features(network.encode(*read(part.outer()))),
        grid,
        shrink=SIZE_MULTIPLE,
        description=f"{side}: encoders",
    )
    height, width = x3.shape[:2]
    # A pixel of x3 takes four times the memory of a pixel of the picture.
    trunk_size = tile // 2 or tiles.default_size(height, width, 4 * network.bytes_per_pixel)
    res = tiles.assemble(
        lambda part: _features(network.trunk(x3[part.outer()][None])),
        tiles.tiles(height, width, size=trunk_size, halo=network.trunk_halo),
        description=f"{side}: trunk",
    )

    def decode(part: tiles.Tile) -> np.ndarray:
        small = part.outer(SIZE_MULTIPLE)
        return _to_picture(network.decode(*read(part.outer()), x3[small][None], res[small][None]))

    return tiles.assemble(decode, grid, description=f"{side}: decoder")


def run_merging(
    network: CompiledMerging | Network, read: Read, size: tuple[int, int], *, tile: int = 0
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
    if isinstance(network, CompiledMerging):
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
