"""Plants scenes of one bad picture: a frame, a photograph, a truth."""

from pathlib import Path

import numpy as np

from photo.reading.camera_files import read_photo
from tests import layouts, photos
from tests.fuzz import pictures, tools
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_kinds import Planted
from tests.fuzz.spoiling import spoil
from utils.images.frames import read_ldr, write_ldr
from utils.images.radiance_maps import read_radiance
from utils.radiometry.levels import to_8bit

_WITHOUT_A_NAME = (
    "no file", "a folder in its place", "a pipe in its place", "a broken link", "a link to itself",
    "a link to its folder", "a link to a device", "a socket in its place",
)  # fmt: skip
"""What a script cannot name, for there is no file, or no picture by its name."""


def frame(scenes: Path, name: str, random: Random) -> Planted:
    """A scene of a data set with one bad frame."""
    folder = scenes / name
    folder.mkdir()
    frames, radiance = layouts.pictures(int(random.integers(100)))
    bad = int(random.integers(3))
    kind = pick(random, list(pictures.FRAMES))
    write, suffixes = pictures.FRAMES[kind]
    path = folder / f"frame{bad}{pick(random, suffixes)}"
    write(path, frames[bad], photos.exif(), random)
    pixels = _read(path)
    eight_bits = pixels is None or pixels.dtype == np.uint8
    for index, picture in enumerate(frames):
        if index != bad:
            good = folder / f"frame{index}{pick(random, ('.png', '.tif'))}"
            write_ldr(good, to_8bit(picture) if eight_bits else picture)
    (folder / "exposure.txt").write_text("0\n2\n4\n")
    pictures.hdr(folder / "HDRImg.hdr", radiance, random)
    return _spoiled(kind, folder, path, pixels, random)


def photograph(scenes: Path, name: str, random: Random) -> Planted:
    """A folder of photographs, one of them bad."""
    folder = scenes / name
    folder.mkdir()
    bad = int(random.integers(3))
    kind = pick(random, list(pictures.PHOTOGRAPHS))
    write, suffixes = pictures.PHOTOGRAPHS[kind]
    path = folder / f"photo{bad}{pick(random, suffixes)}"
    for index, (picture, time) in enumerate(zip(tools.photographs(), photos.TIMES, strict=True)):
        if index == bad:
            write(path, picture, photos.exif(time), random)
        else:
            photos.write(folder / f"photo{index}.jpg", picture, photos.exif(time))
    if random.random() < 0.7:
        (folder / "exposure.txt").write_text("0\n2\n4\n")
    return _spoiled(kind, folder, path, _read_photo(path), random)


def truth(scenes: Path, name: str, random: Random) -> Planted:
    """A scene of a data set whose ground truth is bad."""
    folder = scenes / name
    folder.mkdir()
    frames, radiance = layouts.pictures(int(random.integers(100)))
    for index, picture in enumerate(frames):
        write_ldr(folder / f"frame{index}.tif", picture)
    (folder / "exposure.txt").write_text("0\n2\n4\n")
    path = folder / "HDRImg.hdr"
    chance = random.random()
    if chance < 0.2:
        what, map_ = odd_values(radiance, random)
        pictures.MAPS["RGBE"][0](path, np.clip(np.nan_to_num(map_), 0, 1e38), random)
        return Planted(what=f"truth of {what}", name=name)
    pictures.MAPS["RGBE"][0](path, radiance, random)
    return _spoiled("truth", folder, path, read_radiance(path), random)


def odd_values(radiance: np.ndarray, random: Random) -> tuple[str, np.ndarray]:
    """A radiance map with values, or of a size, that no measure stands."""
    chosen = radiance.copy()
    places = tuple(random.integers(0, length, 3) for length in radiance.shape)
    value = pick(random, (np.nan, np.inf, -np.inf, -0.001, -1.0, 1e30, 3e38, 1e-30))
    variants = {
        f"a few {value}": None,
        f"only {value}": np.full_like(radiance, value),
        "one value": np.full_like(radiance, 0.25),
        "zeros": np.zeros_like(radiance),
        "few pixels": radiance[: random.integers(1, 9), : random.integers(1, 12)],
        "other pixels": np.tile(radiance, (2, 1, 1)),
    }
    what = pick(random, list(variants))
    found = variants[what]
    if found is None:
        chosen[places] = value
        return what, chosen
    return what, np.ascontiguousarray(found)


def _spoiled(
    kind: str, folder: Path, path: Path, pixels: np.ndarray | None, random: Random
) -> Planted:
    done, now = spoil(path, random)

    def right() -> bool:
        """A file cut short is refused, or lacks nothing; every file reads alike each time."""
        found, again = _read_any(now), _read_any(now)
        if found is None or again is None or not np.array_equal(found, again, equal_nan=True):
            return done in _WITHOUT_A_NAME or done.startswith("named")
        return done != "cut short" or pixels is None or np.array_equal(found, pixels)

    missing = done in _WITHOUT_A_NAME or done.startswith("named")
    return Planted(
        what=f"{kind}: {done}",
        name=folder.name,
        file="" if missing else now.name,
        right=right,
    )


def _read_any(path: Path) -> np.ndarray | None:
    if path.suffix == ".hdr":
        return _radiance(path)
    found = _read(path)
    return _read_photo(path) if found is None else found


def _radiance(path: Path) -> np.ndarray | None:
    try:
        return read_radiance(path)
    except (ValueError, OSError):
        return None


def _read(path: Path) -> np.ndarray | None:
    try:
        return read_ldr(path)
    except (ValueError, OSError):
        return None


def _read_photo(path: Path) -> np.ndarray | None:
    try:
        return read_photo(path).frame
    except (ValueError, OSError):
        return None
