"""Networks on pictures of any size: whole if that fits the memory, else tile by tile.

The result is the same. Frames are converted to float one tile at a time.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from models.fast.compiled import CompiledAlignment, CompiledNetwork
from utils.inference import tiles
from utils.inference.tiles import Canvas, Window
from utils.radiometry.levels import (
    SIZE_MULTIPLE,
    from_network,
    join_picture_input,
    ldr_to_float,
    levels_to_hdr,
    picture_input,
    truncate_8bit,
)

Output = Any  # np.ndarray or tf.Tensor
Network = Callable[..., Output]


@dataclasses.dataclass(kw_only=True)
class Frame:
    """A frame to be converted to a network's input, `(1, h, w, 6)` in [-1, 1], part by part."""

    ldr: np.ndarray
    """`(H, W, 3)` uint8, uint16, or float32 in [0, 1]."""
    exposure_time: np.float32
    eight_bit: bool = False
    """The networks' LDR values are truncated to 8 bits (release)."""
    shown: np.ndarray | None = None
    """`(H, W, 3)` LDR in [0, 1] that alignment gets instead of the frame's: the release's leak."""
    _latest: tuple[Window, np.ndarray] | None = None
    """The latest input of alignment: both sides begin with that of the reference."""

    def alignment_input(self, window: Window) -> np.ndarray:
        """LDR and radiance; radiance is linearised before the truncation, as in the release."""
        if self._latest is None or self._latest[0] != window:
            levels = cut(self.ldr, window)
            ldr = self._float(levels) if self.shown is None else cut(self.shown, window)
            radiance = levels_to_hdr(levels, self.exposure_time)
            self._latest = window, join_picture_input(ldr, radiance)[None]
        return self._latest[1]

    def merging_input(self, window: Window) -> np.ndarray:
        """LDR and radiance; radiance is linearised after the truncation, as in the release."""
        return picture_input(self._float(self.ldr[window]), self.exposure_time)[None]

    def _float(self, levels: np.ndarray) -> np.ndarray:
        ldr = ldr_to_float(levels)
        return ldr_to_float(truncate_8bit(ldr)) if self.eight_bit else ldr


def cut(picture: np.ndarray, window: Window) -> np.ndarray:
    """Cuts a window out of a picture that is mirrored below and to the right.

    Mirroring continues the texture, without streaks or steps beside the pixels that are kept. All
    frames are mirrored alike, so alignment sees no motion that is not there.

    Args:
        picture: `(H, W, C)`.
        window: Rows and columns; they may end up to 7 pixels outside, if the window has at least as
            many inside or is the whole picture.

    Returns:
        `(h, w, C)`.
    """
    part = picture[window]
    extra = [(0, side.stop - side.start - n) for side, n in zip(window, part.shape, strict=False)]
    if not any(after for _, after in extra):
        return part
    return np.pad(part, [*extra, (0, 0)], mode="symmetric")


def run_alignment(
    network: CompiledAlignment | Network, source: Frame, reference: Frame, *, tile: int, side: str
) -> np.ndarray:
    """Aligns a frame: encoders and decoder in tiles, the trunk between them over all of x3.

    Args:
        network: An alignment network; one without parts gets the whole picture.
        source: The frame to align.
        reference: The reference frame.
        tile: Height and width of a tile in pixels; 0: as large as the free memory allows.
        side: Name for the progress bar.

    Returns:
        LDR `(H, W, 3)` float32 in [0, 1], height and width rounded up to multiples of 8.
    """
    height, width = (side + -side % SIZE_MULTIPLE for side in source.ldr.shape[:2])
    whole = (slice(0, height), slice(0, width))

    def inputs(window: Window) -> tuple[np.ndarray, np.ndarray]:
        return source.alignment_input(window), reference.alignment_input(window)

    if not isinstance(network, CompiledAlignment):
        return _to_picture(network(*inputs(whole)))
    inner = tile or tiles.default_size(height, width, network.bytes_per_pixel)
    grid = tiles.tiles(height, width, size=inner, halo=network.halo, multiple=SIZE_MULTIPLE)
    if len(grid) == 1:
        return _to_picture(network(*inputs(whole)))

    x3 = Canvas(grid, shrink=SIZE_MULTIPLE)
    for part in tiles.progress(grid, f"{side}: encoders"):
        x3.paste(part, _features(network.encode(*inputs(part.outer()))))

    # A pixel of x3 takes four times the memory of a pixel of the picture.
    height, width = x3.picture.shape[:2]
    inner = tile // 2 or tiles.default_size(height, width, 4 * network.bytes_per_pixel)
    trunk_grid = tiles.tiles(height, width, size=inner, halo=network.trunk_halo)
    res = Canvas(trunk_grid)
    for part in tiles.progress(trunk_grid, f"{side}: trunk"):
        res.paste(part, _features(network.trunk(x3.picture[part.outer()][None])))

    aligned = Canvas(grid)
    for part in tiles.progress(grid, f"{side}: decoder"):
        small = part.outer(SIZE_MULTIPLE)
        features = x3.picture[small][None], res.picture[small][None]
        aligned.paste(part, _to_picture(network.decode(*inputs(part.outer()), *features)))
    return aligned.picture


def run_merging(
    network: CompiledNetwork | Network, frames: Sequence[Frame], *, tile: int = 0
) -> np.ndarray:
    """Merges a picture.

    Nothing is padded: merging works at full size only, and its zero padding is the border it was
    trained with.

    Args:
        network: A merging network; one without a halo gets the whole picture.
        frames: Aligned low, the reference and aligned high.
        tile: Height and width of a tile in pixels; 0: as large as the free memory allows.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """
    height, width = frames[0].ldr.shape[:2]
    if isinstance(network, CompiledNetwork):
        inner = tile or tiles.default_size(height, width, network.bytes_per_pixel)
        grid = tiles.tiles(height, width, size=inner, halo=network.halo)
    else:
        grid = tiles.tiles(height, width, size=max(height, width), halo=0)
    merged = Canvas(grid)
    for part in tiles.progress(grid, "merging"):
        low, mid, high = (frame.merging_input(part.outer()) for frame in frames)
        merged.paste(part, _to_picture(network(low, mid, high)))
    return merged.picture


def _features(output: Output) -> np.ndarray:
    """The features of a batch of one, in their own precision."""
    return np.asarray(output)[0]


def _to_picture(output: Output) -> np.ndarray:
    """A network's `(1, H, W, 3)` output in [-1, 1] as `(H, W, 3)` float32 in [0, 1]."""
    return from_network(np.asarray(output, dtype=np.float32)[0])
