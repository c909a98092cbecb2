"""Reads the headers of photographs, and chooses one of several files of one photograph."""

import dataclasses
import warnings
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image

from photo.reading.camera_files import HEIC_SUFFIXES, RAW_SUFFIXES, prepare_heic
from photo.reading.exif import UNKNOWN, Exposure, capture_time, exposure_values
from utils.images.pictures import exif_of, orientation

_MODEL = 0x0110
_DOUBLES = (RAW_SUFFIXES, HEIC_SUFFIXES, frozenset({".tif", ".tiff"}))
"""Suffixes of files that stand for others of the same name, the best first."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """Header of a photograph; defaults if it cannot be read."""

    path: Path
    kind: tuple[object, ...] = ()
    """Format, camera and size; photographs of one bracket agree in it."""
    size: tuple[int, int] = (0, 0)
    """Width and height in pixels, upright."""
    orientation: int = 1
    """EXIF's orientation tag."""
    began: float | None = None
    """Capture time in seconds, on any scale."""
    exposure: Exposure = UNKNOWN
    stops: float | None = None
    """Of `read_headers`; None if it is unknown."""


def read_headers(paths: Iterable[Path]) -> list[Header]:
    """Reads the headers of photographs of one folder, with their exposures in stops."""
    headers = [read_header(path) for path in paths]
    stops = exposure_values([header.exposure for header in headers])
    return [dataclasses.replace(x, stops=value) for x, value in zip(headers, stops, strict=True)]


def read_header(path: Path) -> Header:
    """Reads a photograph's header."""
    try:
        if path.suffix.lower() in RAW_SUFFIXES:
            return _read_raw(path)
        with path.open("rb") as file:
            start = file.read(32)
        prepare_heic(path, start)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                # Pillow decodes a whole PNG to look for EXIF behind its pixels.
                png = image.format == "PNG"
                exif = exif_of(path.read_bytes()) if png else image.getexif()
                name = "JPEG" if image.format == "MPO" else image.format
                # Pillow turns TIFF by itself.
                on_its_side = orientation(exif) > 4 and image.format != "TIFF"
                width, height = image.size
                return Header(
                    path=path,
                    kind=(name, exif.get(_MODEL), *sorted((width, height))),
                    size=(height, width) if on_its_side else (width, height),
                    orientation=orientation(exif),
                    began=capture_time(exif),
                    exposure=Exposure.of(exif),
                )
    except Exception:  # reported when the file is read
        return Header(path=path)


def _read_raw(path: Path) -> Header:
    import rawpy  # noqa: PLC0415 - an optional package

    with rawpy.imread(str(path)) as raw:
        other, width, height = raw.other, raw.sizes.width, raw.sizes.height
        return Header(
            path=path,
            kind=("raw", *sorted((width, height))),
            size=(height, width) if raw.sizes.flip in {5, 6} else (width, height),
            began=other.timestamp.timestamp() if other.timestamp.year > 1970 else None,
            exposure=Exposure.of_values(other.shutter_speed, other.aperture, other.iso_speed),
        )


def without_doubles(paths: Sequence[Path]) -> list[Path]:
    """Photographs without the JPEG, or the like, that a camera or person saved beside another file.

    Of files of one folder that differ only in the suffix, raw comes before HEIC, HEIC before TIFF,
    and these before others; but raw and HEIC only if all such files can be read.
    """
    same_name = defaultdict[tuple[Path, str], list[Path]](list)
    for path in paths:
        same_name[path.parent, path.stem.lower()].append(path)
    left, doubled = set[Path](), set[Path]()
    for files in same_name.values():
        best = min(map(_rank, files))
        worse = [path for path in files if _rank(path) > best]
        left.update(worse)
        doubled.update(set(files).difference(worse) if worse else ())
    if all(_rank(path) > 1 or read_header(path).kind for path in doubled):
        return [path for path in paths if path not in left]
    return without_doubles([path for path in paths if path not in doubled])


def _rank(path: Path) -> int:
    suffix = path.suffix.lower()
    return next((i for i, suffixes in enumerate(_DOUBLES) if suffix in suffixes), len(_DOUBLES))
