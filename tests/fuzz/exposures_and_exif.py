"""Plants scenes with bad exposures: in a file, in EXIF."""

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from tests import layouts, photos
from tests.fuzz import pictures, tools
from tests.fuzz.claims import change_tag
from tests.fuzz.damage import damage
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_kinds import Planted
from tests.fuzz.spoiling import spoil
from utils.images.frames import write_ldr
from utils.radiometry.levels import to_8bit

_NUMBERS = (
    "0", "2", "4", "-2", "1", "1/60", "1/0", "0/1", "0.01", "1e400", "-1e400", "1e-400", "nan",
    "NaN", "inf", "-inf", "1,5", "0x10", "1_000", "4.", ".5", "1e5", "24", "25", "100", "1/", "/1",
    "--1", "2 EV", "\u0661", "½", "", " ", "\t", "#", "True", "1;2", "9" * 400, "9" * 5000,
    f"{'9' * 5000}/1", "1/3/5", "1e308", "4.9e-324", "\0", "\x1b[2J", "{{7*7}}", "%s", "1 2 4",
)  # fmt: skip
_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\v", "\x85", "\u2028", " ", ",", "")
_ENCODINGS = (*8 * ("utf-8",), "utf-8-sig", "utf-16", "utf-32", "cp037")

_TAGS = (
    0x829A, 0x829D, 0x8827, 0x9201, 0x9202, 0x8831, 0x8832, 0x8833, 0x8830,  # exposure
    0x9003, 0x9010, 0x920A, 0xA405, 0xA433, 0xA434, 0x927C, 0x9286,  # times and texts
)  # fmt: skip
_MAIN_TAGS = (0x0112, 0x010F, 0x0110, 0x0132, 0x013B, 0x8298, 0x8825, 0x8769, 0x0100, 0x0111)
_VALUES: tuple[Any, ...] = (
    0, 1, -1, 3, 9, 65_535, 2**32 - 1, 0.0, -0.5, 1e-30, 1e30, float("inf"), float("nan"),
    IFDRational(0, 0), IFDRational(1, 0), IFDRational(0, 1), IFDRational(-1, 3), IFDRational(1, 4),
    "", "text", "1/60", "\0", "é漢\U0001f600", "x" * 70_000, b"", b"\xff\xfe", b"\0" * 10, (),
    (1, 2), (IFDRational(1, 60), IFDRational(1, 30)), ("a", "b"),
)  # fmt: skip


def exposure_file(scenes: Path, name: str, random: Random) -> Planted:
    """A scene of a data set, or photographs without EXIF, whose exposure file is bad."""
    folder = scenes / name
    folder.mkdir()
    kind = pick(random, (".tif", ".png", ".jpg"))
    frames, radiance = layouts.pictures(int(random.integers(100)))
    for index, frame in enumerate(frames):
        write_ldr(folder / f"frame{index}{kind}", to_8bit(frame) if kind == ".jpg" else frame)
    if random.random() < 0.6:
        pictures.hdr(folder / "HDRImg.hdr", radiance, random)
    path = folder / "exposure.txt"
    if random.random() < 0.4:
        tools.write_stops(folder)
        done, path = spoil(path, random)
        return Planted(what=f"{path.name}: {done}", name=name)
    count = pick(random, (0, 1, 2, 3, 3, 3, 3, 3, 4, 7, 5000))
    options = _NUMBERS[: pick(random, (9, len(_NUMBERS)))]
    end, encoding = pick(random, _ENDS), pick(random, _ENCODINGS)
    text = end.join(pick(random, options) for _ in range(count)) + end
    path.write_bytes(text.encode(encoding, "replace"))
    return Planted(what=f"{path.name} of {count} lines in {encoding}", name=name)


def exif(scenes: Path, name: str, random: Random) -> Planted:
    """Photographs with damaged or nonsensical EXIF in one or all of them."""
    folder = scenes / name
    folder.mkdir()
    kind = pick(random, ("JPEG", "PNG", "WebP", "HEIC", "TIFF"))
    write, suffixes = pictures.PHOTOGRAPHS[kind]
    bad = int(random.integers(4))  # 3: all of them
    what = pick(random, ("nonsense in", "damaged"))
    for index, (picture, time) in enumerate(zip(tools.photographs(), photos.TIMES, strict=True)):
        path = folder / f"photo{index}{suffixes[0]}"
        if bad in {3, index}:
            _write_bad(path, kind, picture, time, random, damaged=what == "damaged")
        else:
            write(path, picture, photos.exif(time), random)
    if random.random() < 0.3:
        tools.write_stops(folder)
    return Planted(what=f"{what} EXIF of {kind}", name=name)


class _Block(Image.Exif):
    """An EXIF block of given bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._block = data

    def tobytes(self, offset: int = 8) -> bytes:
        del offset
        return self._block


def _write_bad(
    path: Path, kind: str, picture: np.ndarray, time: float, random: Random, *, damaged: bool
) -> None:
    block = photos.exif(time)
    try:
        if not damaged:
            _fill_with_nonsense(block, random)
        if kind == "TIFF":
            photos.write(path, picture, block)
            if damaged:
                path.write_bytes(change_tag(path.read_bytes(), random))
            return
        data = block.tobytes()
        if damaged:
            _, data = damage(data, random)
            if random.random() < 0.7 and not data.startswith(b"Exif\0\0"):
                data = b"Exif\0\0" + data
        pictures.PHOTOGRAPHS[kind][0](path, picture, _Block(data[:60_000]), random)
    except Exception:  # no writer takes it, so no reader meets it
        photos.write(path, picture)


def _fill_with_nonsense(block: Image.Exif, random: Random) -> None:
    sub = block.get_ifd(0x8769)
    for _ in range(int(random.integers(1, 5))):
        value = pick(random, _VALUES)
        if random.random() < 0.75:
            sub[pick(random, _TAGS)] = value
        else:
            block[pick(random, _MAIN_TAGS)] = value
