"""Plants scenes whose exposures are bad: of a file, of EXIF."""

from pathlib import Path
from typing import Any

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

_NUMBERS = (
    "0", "2", "4", "-2", "1", "1/60", "1/0", "0/1", "0.01", "1e400", "-1e400", "1e-400", "nan",
    "NaN", "inf", "-inf", "1,5", "0x10", "1_000", "4.", ".5", "1e5", "24", "25", "100", "1/", "/1",
    "--1", "2 EV", "\u0661", "½", "", " ", "\t", "#", "True", "1;2", "9" * 400, "9" * 5000,
    f"{'9' * 5000}/1", "1/3/5", "1e308", "4.9e-324", "\0", "\x1b[2J", "{{7*7}}", "%s", "1 2 4",
)  # fmt: skip
_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\v", "\x85", "\u2028", " ", ",", "")
_ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-32", "cp037")

_TAGS = (0x829A, 0x829D, 0x8827, 0x9201, 0x9202, 0x8831, 0x8832, 0x8833, 0x8830)
_TIMES_AND_TEXTS = (0x9003, 0x9010, 0x920A, 0xA405, 0xA433, 0xA434, 0x927C, 0x9286)
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
        write_ldr(folder / f"frame{index}{kind}", frame // 257 if kind == ".jpg" else frame)
    if random.random() < 0.6:
        pictures.hdr(folder / "HDRImg.hdr", radiance, random)
    path = folder / pick(random, ("exposure.txt", "exposure.txt", "exposures.txt"))
    if random.random() < 0.4:
        path.write_text("0\n2\n4\n")
        done, path = spoil(path, random)
        return Planted(what=f"{path.name}: {done}", name=name)
    count = pick(random, (0, 1, 2, 3, 3, 3, 3, 3, 4, 7, 5000))
    options = _NUMBERS[: pick(random, (9, len(_NUMBERS)))]
    numbers = [pick(random, options) for _ in range(count)]
    end = pick(random, _ENDS)
    text = end.join(numbers) + end
    encoding = pick(random, _ENCODINGS) if random.random() < 0.2 else "utf-8"
    path.write_bytes(text.encode(encoding, "replace"))
    return Planted(what=f"{path.name} of {count} lines in {encoding}", name=name)


def exif(scenes: Path, name: str, random: Random) -> Planted:
    """Photographs of which one or all have EXIF that is damaged or says nonsense."""
    folder = scenes / name
    folder.mkdir()
    kind = pick(random, ("JPEG", "PNG", "WebP", "HEIC", "TIFF"))
    write, suffixes = pictures.PHOTOGRAPHS[kind]
    bad = int(random.integers(4))  # 3: all of them
    what = "nonsense" if random.random() < 0.5 else "damaged"
    for index, (picture, time) in enumerate(zip(tools.photographs(), photos.TIMES, strict=True)):
        block = photos.exif(time)
        path = folder / f"photo{index}{suffixes[0]}"
        if bad not in {3, index}:
            write(path, picture, block, random)
        elif what == "nonsense":
            _write_nonsense(path, picture, block, kind, random)
        else:
            _write_damaged(path, picture, block, kind, random)
    if random.random() < 0.3:
        (folder / "exposure.txt").write_text("0\n2\n4\n")
    return Planted(what=f"{what} EXIF of {kind}", name=name)


class _Block(Image.Exif):
    """An EXIF block of given bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._block = data

    def tobytes(self, offset: int = 8) -> bytes:
        del offset
        return self._block


def _write_damaged(path: Path, picture: Any, block: Image.Exif, kind: str, random: Random) -> None:
    if kind == "TIFF":
        photos.write(path, picture, block)
        path.write_bytes(change_tag(path.read_bytes(), random))
        return
    _, data = damage(block.tobytes(), random)
    if random.random() < 0.7 and not data.startswith(b"Exif\0\0"):
        data = b"Exif\0\0" + data
    try:
        pictures.PHOTOGRAPHS[kind][0](path, picture, _Block(data[:60_000]), random)
    except Exception:  # whatever a writer raises: what none takes no reader sees
        photos.write(path, picture, block)


def _write_nonsense(path: Path, picture: Any, block: Image.Exif, kind: str, random: Random) -> None:
    sub = block.get_ifd(0x8769)
    for _ in range(int(random.integers(1, 5))):
        value = pick(random, _VALUES)
        chance = random.random()
        if chance < 0.5:
            sub[pick(random, _TAGS)] = value
        elif chance < 0.75:
            sub[pick(random, _TIMES_AND_TEXTS)] = value
        else:
            block[pick(random, _MAIN_TAGS)] = value
    try:
        if kind == "TIFF":
            photos.write(path, picture, block)
        else:
            pictures.PHOTOGRAPHS[kind][0](path, picture, _Block(block.tobytes()), random)
    except Exception:  # whatever a writer raises of nonsense: then there is another
        photos.write(path, picture)
