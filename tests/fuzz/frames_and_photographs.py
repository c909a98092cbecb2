"""Plants scenes with one bad picture: a frame, a photograph, a truth, a prediction."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from photo.reading.camera_files import read_photo
from tests import layouts, photos
from tests.fuzz import pictures, tools
from tests.fuzz.cases import Random, pick
from tests.fuzz.scene_doors import predictions_of
from tests.fuzz.scene_kinds import Planted
from tests.fuzz.spoiling import ABSENT, spoil
from utils.images.frames import read_ldr, write_ldr
from utils.images.radiance_maps import RADIANCE_SUFFIXES, read_radiance, write_radiance
from utils.radiometry.levels import to_8bit


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
    tools.write_stops(folder)
    write_radiance(folder / "HDRImg.hdr", radiance)
    return _spoiled(kind, path, random)


def photograph(scenes: Path, name: str, random: Random) -> Planted:
    """A folder of photographs, one of them bad."""
    folder = tools.healthy_photographs(scenes / name)
    bad = int(random.integers(3))
    kind = pick(random, list(pictures.PHOTOGRAPHS))
    write, suffixes = pictures.PHOTOGRAPHS[kind]
    path = folder / f"photo{bad}{pick(random, suffixes)}"
    (folder / f"{bad + 1}.jpg").unlink()
    write(path, tools.photographs()[bad], photos.exif(photos.TIMES[bad]), random)
    if random.random() < 0.7:
        tools.write_stops(folder)
    return _spoiled(kind, path, random)


def truth(scenes: Path, name: str, random: Random) -> Planted:
    """A scene of a data set whose ground truth is bad."""
    folder = layouts.write(scenes, "Kalantari", name, seed=int(random.integers(100)))
    path = folder / "HDRImg.hdr"
    if random.random() < 0.2:
        what, radiance = _odd_values(read_radiance(path), random)
        write_radiance(path, np.clip(np.nan_to_num(radiance), 0, 1e38))
        return Planted(what=f"truth of {what}", name=name)
    return _spoiled("truth", path, random)


def prediction(scenes: Path, name: str, random: Random) -> Planted:
    """A healthy scene whose prediction is bad."""
    layouts.write(scenes, "Kalantari", name, seed=int(random.integers(100)))
    radiance = read_radiance(scenes / name / "HDRImg.hdr") * np.float32(0.9)
    kind = pick(random, list(pictures.MAPS))
    write, suffix = pictures.MAPS[kind]
    path = predictions_of(scenes) / f"{name}{suffix}"
    if random.random() < 0.3:
        what, odd = _odd_values(radiance, random)
        write(path, odd if suffix == ".exr" else np.clip(np.nan_to_num(odd), 0, 1e38), random)
        return Planted(what=f"prediction of {what}", name=name)
    write(path, radiance, random)
    done, now = spoil(path, random)
    gone = not now.is_file() or now.suffix not in RADIANCE_SUFFIXES
    return Planted(what=f"prediction, {kind}: {done}", name=name, file="" if gone else name)


def _odd_values(radiance: np.ndarray, random: Random) -> tuple[str, np.ndarray]:
    """A radiance map with values, or of a size, that no measure stands."""
    chosen = radiance.copy()
    value = pick(random, (np.nan, np.inf, -np.inf, -0.001, -1.0, 1e30, 3e38, 1e-30))
    chosen[tuple(random.integers(0, length, 3) for length in radiance.shape)] = value
    variants = {
        f"a few {value}": chosen,
        f"only {value}": np.full_like(radiance, value),
        "one value": np.full_like(radiance, 0.25),
        "zeros": np.zeros_like(radiance),
        "few pixels": radiance[: random.integers(1, 9), : random.integers(1, 12)],
        "other pixels": np.tile(radiance, (2, 1, 1)),
    }
    what = pick(random, list(variants))
    return what, np.ascontiguousarray(variants[what])


def _spoiled(kind: str, path: Path, random: Random) -> Planted:
    pixels = _read(path)
    done, now = spoil(path, random)
    absent = done in ABSENT or done.startswith("named")

    def right() -> bool:
        """A truncated file is refused or lacks nothing; every file reads alike each time."""
        found, again = _read(now), _read(now)
        if found is None or again is None or not np.array_equal(found, again, equal_nan=True):
            return absent
        return done != "cut short" or pixels is None or np.array_equal(found, pixels)

    file = "" if absent else now.name
    return Planted(what=f"{kind}: {done}", name=path.parent.name, file=file, right=right)


def _read(path: Path) -> np.ndarray | None:
    """Pixels of a map, a frame or a photograph; None if it is refused."""
    readers: list[Callable[[Path], np.ndarray]] = [read_ldr, lambda path: read_photo(path).frame]
    for read in [read_radiance] if path.suffix == ".hdr" else readers:
        try:
            return read(path)
        except (ValueError, OSError):
            continue
    return None
