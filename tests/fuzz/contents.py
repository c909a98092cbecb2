"""Plants scenes of sound files with odd pictures: sizes, counts, depths, values, exposures."""

from pathlib import Path

import numpy as np

from tests.fuzz.cases import Random, pick
from tests.fuzz.scene_kinds import Planted
from utils.images.frames import write_ldr
from utils.images.radiance_maps import write_radiance
from utils.radiometry.levels import to_8bit, to_16bit
from utils.radiometry.radiance import hdr_to_ldr

_SIDES = (1, 2, 3, 5, 7, 8, 9, 10, 11, 15, 16, 16, 17, 24, 24, 32, 40, 40, 63, 65, 130)
_LONG_SIDES = (1000, 4097, 8193, 20_000)
_STOPS = (
    *4 * ("0 2 4",), "-2 0 2", "4 2 0", "0 0.01 0.02", "0 8 16", "0.001 0.004 0.016", "0 2",
)  # fmt: skip


def contents(scenes: Path, name: str, random: Random) -> Planted:
    """A scene with an odd picture, or an odd number of them."""
    frames = _frames(random)
    folder = scenes / name
    folder.mkdir()
    for index, frame in enumerate(frames):
        write_ldr(folder / f"frame{index}{pick(random, ('.tif', '.png', '.TIFF'))}", frame)
    stops = pick(random, _STOPS)
    (folder / "exposure.txt").write_text(stops.replace(" ", "\n") + "\n")
    if random.random() < 0.8:
        same = frames and random.random() < 0.9
        size = frames[0].shape[:2] if same else _size(random)
        truth = _values(size, random) * np.float32(pick(random, (1, 1, 1, 1000, 1e-6)))
        write_radiance(folder / "HDRImg.hdr", truth)
    what = [(frame.shape[1], frame.shape[0], str(frame.dtype)) for frame in frames]
    return Planted(what=f"frames {what}, stops {stops}", name=name)


def _frames(random: Random) -> list[np.ndarray]:
    """Frames of one radiance, two stops apart; some of another radiance, size or depth."""
    count, size = 3 if random.random() < 0.7 else pick(random, (0, 1, 2, 4, 7)), _size(random)
    radiance, depth, mixed = _values(size, random), random.random() < 0.6, random.random() < 0.1
    frames = []
    for index in range(count):
        own = _size(random) if random.random() < 0.03 else size
        strange = own != size or random.random() < 0.05
        values = hdr_to_ldr(_values(own, random) if strange else radiance, 4.0**index)
        sixteen_bits = depth ^ (mixed and index == 1)
        frames.append(to_16bit(values) if sixteen_bits else to_8bit(to_16bit(values)))
    if frames and random.random() < 0.1:
        return count * [frames[0]]
    return frames


def _size(random: Random) -> tuple[int, int]:
    height, width = pick(random, _SIDES), pick(random, _SIDES)
    if random.random() < 0.08:
        height, width = pick(random, _LONG_SIDES), min(width, 17)
    return (height, width) if random.random() < 0.5 else (width, height)


def _values(size: tuple[int, int], random: Random) -> np.ndarray:
    shape = (*size, 3)
    if random.random() < 0.2:
        return np.full(shape, pick(random, (0.0, 1.0, 0.5, 1 / 65_535)), np.float32)
    values = random.random(shape, np.float32)
    return np.where(values < pick(random, (0.0, 0.5)), np.float32(0), values)
