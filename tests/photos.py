"""Photographs for tests: pictures of the samples as cameras, phones and editors write them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import tifffile
from PIL import Image

from photo.reading.exif import Exposure
from utils.radiometry.levels import to_8bit
from utils.scenes.folders import read_scene

ROOT = Path(__file__).parent.parent
TIMES = (1 / 1000, 1 / 250, 1 / 60)  # 0, 2, 4.06 stops
_TURNS = {1: 0, 3: 180, 6: 90, 8: 270}  # orientation tag to degrees counter-clockwise


def sample(size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """`(3, h, w, 3)` uint16 frames of a bundled scene, 2 stops apart, shrunk."""
    ldr = read_scene(ROOT / "samples" / "dog_in_garden").ldr
    step = ldr.shape[2] // size[0]
    small = to_8bit(ldr)[:, ::step, ::step][:, : size[1], : size[0]]
    return small.astype(np.uint16) * 257


def exif(time: Any = None, iso: Any = 100, f_number: Any = 5.0, orientation: int = 1) -> Image.Exif:
    """An EXIF block; None leaves a value out."""
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F], block[0x0110], block[0x8298] = "Maker", "Model 1", "Someone"
    sub = block.get_ifd(0x8769)
    for tag, value in ((0x829A, time), (0x8827, iso), (0x829D, f_number)):
        if value is not None:
            sub[tag] = value
    sub[0x9003] = "2024:01:02 03:04:05"
    return block


def write(path: Path, frame: np.ndarray, block: Image.Exif | None = None) -> None:
    """Writes a frame of 8 bits with EXIF; its orientation tag turns it back upright."""
    block = block or Image.Exif()
    image = Image.fromarray(to_8bit(frame))
    image = image.rotate(_TURNS[block.get(0x0112, 1)], expand=True)
    if path.suffix == ".heic":
        pillow_heif.from_pillow(image).save(path, exif=block.tobytes(), quality=95)
    elif path.suffix in {".jpg", ".jpeg"}:
        image.save(path, exif=block, quality=95, subsampling=0)
    else:
        image.save(path, exif=block)


def write_tiff(path: Path, frame: np.ndarray, exposure: Exposure, orientation: int = 1) -> None:
    """Writes a TIFF of the frame's own depth, exposure in its main block, as scanners do."""
    tags = [
        (0x0112, "H", 1, orientation, True),
        *_exposure_tags(exposure),
    ]
    turned = np.rot90(frame, _TURNS[orientation] // 90)
    tifffile.imwrite(path, turned, photometric="rgb", extratags=tags, metadata=None)


def write_dng(
    path: Path, frame: np.ndarray, exposure: Exposure, neutral: Sequence[int] = (1, 1, 1)
) -> None:
    """Writes a minimal DNG: a Bayer mosaic (RGGB) of 12 bits of a frame's linearised values.

    Args:
        path: The file.
        frame: `(h, w, 3)`.
        exposure: For its EXIF.
        neutral: What the camera's automatic white balance took for grey.
    """
    linear = (frame.astype(np.float64) / np.iinfo(frame.dtype).max) ** 2.2 * 4095
    mosaic = linear[..., 1].copy()
    mosaic[::2, ::2], mosaic[1::2, 1::2] = linear[::2, ::2, 0], linear[1::2, 1::2, 2]
    tags = [
        (50706, "B", 4, b"\x01\x04\x00\x00", True),  # DNGVersion
        (50708, "s", 0, "Test Camera", True),  # UniqueCameraModel
        (33421, "H", 2, (2, 2), True),  # CFARepeatPatternDim
        (33422, "B", 4, b"\x00\x01\x01\x02", True),  # CFAPattern
        (50714, "H", 1, 0, True),  # BlackLevel
        (50717, "H", 1, 4095, True),  # WhiteLevel
        (50721, "2i", 9, (31339, 10000, -16169, 10000, -4906, 10000, -9788, 10000, 19161, 10000,
                          335, 10000, 719, 10000, -2290, 10000, 14052, 10000), True),
        (50728, "2I", 3, [n for x in neutral for n in (x, max(neutral))], True),  # AsShotNeutral
        (50778, "H", 1, 21, True),  # CalibrationIlluminant1: D65
        (0x010F, "s", 0, "Test", True),
        (0x0110, "s", 0, "Camera", True),
        *_exposure_tags(exposure),
    ]  # fmt: skip
    data = np.rint(mosaic).astype(np.uint16)
    tifffile.imwrite(path, data, photometric=32803, extratags=tags, metadata=None)


def write_bracket(
    folder: Path,
    frames: Iterable[np.ndarray],
    times: Sequence[float | None] = TIMES,
    *,
    suffix: str = ".jpg",
    orientation: int = 1,
) -> Path:
    """Writes photographs `1.jpg`, `2.jpg`, .. with EXIF; a time of None leaves it out."""
    folder.mkdir(parents=True)
    for index, (frame, time) in enumerate(zip(frames, times, strict=True), start=1):
        write(folder / f"{index}{suffix}", frame, exif(time, orientation=orientation))
    return folder


def is_root() -> bool:
    """Whether permissions do not hold for this user."""
    return getattr(os, "geteuid", lambda: 1)() == 0


def _exposure_tags(exposure: Exposure) -> list[Any]:
    tags: list[Any] = []
    if exposure.time is not None:
        tags.append((0x829A, "2I", 1, (1, round(1 / exposure.time)), True))
    if exposure.f_number is not None:
        tags.append((0x829D, "2I", 1, (round(10 * exposure.f_number), 10), True))
    if exposure.iso is not None:
        tags.append((0x8827, "H", 1, round(exposure.iso), True))
    return tags
