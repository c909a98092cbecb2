"""Cuts training samples from scenes: the grid of patches and the arithmetic of one.

A sample has a place in the grid, a rotation by quarter turns and a flip. Inputs and targets are
computed from the scene's 8-bit frames and RGBE truth, as in the release:

1. linearise the frames, expose the truth with the low and the high frame's time, to 8 bits;
2. with `resample`, resize every patch bilinearly from 256 to 250 pixels and back;
3. rotate counter-clockwise, then flip left to right.

Without step 2 all arithmetic is by pixel, so the geometry may come first. A channel has 256 or
65,536 values (utils/radiometry/rgbe.py), so the arithmetic is a look-up in a table.
"""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from configs.settings import SamplingConfig
from utils.radiometry import bracket, rgbe
from utils.radiometry.levels import ldr_to_float, truncate_8bit
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr, ldr_to_hdr
from utils.records.record import Record

ROTATIONS, FLIPS = 4, 2

_TURNS = {
    1: cv2.ROTATE_90_COUNTERCLOCKWISE,
    2: cv2.ROTATE_180,
    3: cv2.ROTATE_90_CLOCKWISE,
}
_CLIPPED = 250
"""8-bit level from which a pixel counts as clipped."""
_UNIT = ldr_to_float(np.arange(256, dtype=np.uint8))
"""`(256,)` float32: each 8-bit level in [0, 1]."""


class Batch(NamedTuple):
    """A batch of B training samples of P x P pixels, float32: NumPy arrays, then tensors."""

    ldr: Any
    """`(B, 3, P, P, 3)`: frames in [0, 1], darkest first."""
    hdr: Any
    """`(B, 3, P, P, 3)`: the same frames as radiance."""
    target_ldr: Any
    """`(B, 2, P, P, 3)`: truth exposed like the low and the high frame, in [0, 1]."""
    target_hdr: Any
    """`(B, P, P, 3)`: truth, radiance."""
    exposure_time: Any
    """`(B, 3)`: relative exposure times of the frames."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Place:
    """Place of a sample: scene, row, column, rotation and flip."""

    scene: int
    """Position of the scene in the list of training scenes."""
    row: int
    """Row of the grid of patches; the patch starts at pixel `row * stride`."""
    column: int
    rotation: int
    """Quarter turns counter-clockwise, 0 to 3."""
    flip: int
    """1: flipped left to right after the rotation."""


class Grid:
    """All samples of a list of scenes, numbered from 0 to `len(grid) - 1`."""

    def __init__(self, sizes: Sequence[tuple[int, int]], sampling: SamplingConfig) -> None:
        """Counts the patches.

        Args:
            sizes: Height and width of each scene in pixels.
            sampling: Size and distance of patches.
        """
        grids = [grid_size(*size, sampling) for size in sizes]
        self._columns = [columns for _, columns in grids]
        self._ends = np.cumsum([rows * columns * ROTATIONS * FLIPS for rows, columns in grids])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def locate(self, number: int) -> Place:
        """The place of a sample; each number has its own."""
        scene = int(np.searchsorted(self._ends, number, side="right"))
        before = int(self._ends[scene - 1]) if scene else 0
        number, flip = divmod(number - before, FLIPS)
        number, rotation = divmod(number, ROTATIONS)
        row, column = divmod(number, self._columns[scene])
        return Place(scene=scene, row=row, column=column, rotation=rotation, flip=flip)


def grid_size(height: int, width: int, sampling: SamplingConfig) -> tuple[int, int]:
    """Rows and columns of patches in a scene: 12x20 for 1000x1500 pixels; 0 if it is too small."""
    room = np.array([height, width]) - sampling.patch_size
    rows, columns = np.maximum(room // sampling.stride + 1, 0)
    return int(rows), int(columns)


def batch_shapes(size: int, patch_size: int) -> Batch:
    """Shapes of the arrays in a batch of `size` samples."""
    pixels = (patch_size, patch_size, 3)
    return Batch(
        ldr=(size, 3, *pixels),
        hdr=(size, 3, *pixels),
        target_ldr=(size, len(bracket.SOURCE_FRAMES), *pixels),
        target_hdr=(size, *pixels),
        exposure_time=(size, 3),
    )


def empty_batch(size: int, patch_size: int) -> Batch:
    """A batch of `size` samples, to be filled by `write`."""
    return Batch(*(np.empty(shape, np.float32) for shape in batch_shapes(size, patch_size)))


def write(batch: Batch, index: int, record: Record, place: Place, sampling: SamplingConfig) -> None:
    """Makes one sample.

    Args:
        batch: Arrays of `empty_batch`; sample `index` of each is written.
        index: Position in the batch.
        record: The scene of `place`.
        place: Where and how the sample is cut.
        sampling: Size and distance of patches, and whether they are resampled.
    """
    window = _window(place, sampling)
    frames, code = [frame[window] for frame in record.ldr], record.hdr_code[window]
    if not sampling.resample:  # the arithmetic is by pixel, and 8 bits are turned in less time
        frames, code = [_turn(frame, place) for frame in frames], _turn(code, place)

    def finish(patch: np.ndarray) -> np.ndarray:
        return _turn(_resample(patch), place) if sampling.resample else patch

    ldr, hdr, target_ldr, target_hdr, exposure_time = (array[index] for array in batch)
    times = exposure_time[:] = bracket.exposure_times(record.exposure_values)
    for i, (frame, time) in enumerate(zip(frames, times, strict=True)):
        cv2.LUT(finish(frame), _UNIT, dst=ldr[i])
        hdr[i] = finish(cv2.LUT(frame, radiance_table(float(time))))
    for i, frame in enumerate(bracket.SOURCE_FRAMES):
        levels = finish(cv2.LUT(code, exposure_table(float(times[frame]))))
        cv2.LUT(levels, _UNIT, dst=target_ldr[i])
    target_hdr[:] = finish(cv2.LUT(code, rgbe.VALUES))


def clipping(record: Record, place: Place, sampling: SamplingConfig) -> float:
    """Share of clipped pixels in the reference patch times the share of the others.

    Returns:
        At most 0.25, where half of the patch is clipped: there the other frames are needed.
    """
    reference = record.ldr[bracket.MID_FRAME][_window(place, sampling)]
    clipped = float(np.mean(brightest_channel(reference) >= _CLIPPED))
    return clipped * (1.0 - clipped)


@functools.lru_cache(maxsize=1024)
def radiance_table(exposure_time: float) -> np.ndarray:
    """`(256,)` float32: radiance of each 8-bit level of a frame."""
    return ldr_to_hdr(np.arange(256) / 255, exposure_time).astype(np.float32)


@functools.lru_cache(maxsize=256)
def exposure_table(exposure_time: float) -> np.ndarray:
    """`(65536,)` uint8: level of each code of the truth when exposed; truncated (release).

    Args:
        exposure_time: Relative exposure time, at least 1.
    """
    radiance = np.minimum(rgbe.VALUES, 1)  # brighter values saturate; codes go up to 1e38
    return truncate_8bit(hdr_to_ldr(radiance, np.float32(exposure_time)))


def _window(place: Place, sampling: SamplingConfig) -> tuple[slice, slice]:
    top, left = place.row * sampling.stride, place.column * sampling.stride
    return np.s_[top : top + sampling.patch_size, left : left + sampling.patch_size]


def _resample(patch: np.ndarray) -> np.ndarray:
    side = round(len(patch) * 250 / 256)  # other sizes in proportion
    small = cv2.resize(patch, [side, side], interpolation=cv2.INTER_LINEAR)
    return cv2.resize(small, patch.shape[:2], interpolation=cv2.INTER_LINEAR)


def _turn(patch: np.ndarray, place: Place) -> np.ndarray:
    if place.rotation:
        patch = cv2.rotate(patch, _TURNS[place.rotation])
    return cv2.flip(patch, 1) if place.flip else patch
