"""Reads photographs of cameras and phones: JPEG, PNG, TIFF, HEIC and raw, with EXIF.

The format is recognised by content, because phones name HEIC files .jpg. Frames are integers and
upright (the orientation tag is applied). HEIC and raw need requirements/formats.txt.
"""

import dataclasses
import io
import warnings
from pathlib import Path

import numpy as np

from photo.reading.exif import Exposure, kept
from utils.images.decode import PictureError, check_size, reading
from utils.images.pictures import decode, exif_of, is_heic
from utils.radiometry.levels import to_16bit
from utils.radiometry.radiance import hdr_to_ldr

HEIC_SUFFIXES = frozenset({".heic", ".heif"})
RAW_SUFFIXES = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"}
)
PHOTO_SUFFIXES = (
    frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"}) | HEIC_SUFFIXES | RAW_SUFFIXES
)

SMALLEST = 16  # pixels a side; below it there is nothing to align


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photo:
    """One photograph."""

    frame: np.ndarray
    """`(H, W, 3)` RGB, uint8 or uint16, gamma-encoded, upright."""
    exposure: Exposure
    """From its EXIF."""
    exif: bytes
    """The part of the EXIF that a result keeps; may be empty."""


def read_photo(path: Path) -> Photo:
    """Reads a photograph.

    Raw files are developed linearly with the camera's white balance and then gamma-encoded, so that
    linearising restores the sensor's values.

    Args:
        path: A file of one of `PHOTO_SUFFIXES`.

    Returns:
        The frame, upright, with its EXIF.

    Raises:
        PictureError: The file is empty, truncated, of another format, too small or too large, or
            needs a package that is not installed.
        OSError: The file cannot be opened.
    """
    data = path.read_bytes()
    if path.suffix.lower() in RAW_SUFFIXES:
        photo = _read_raw(path, data)
    else:
        _prepare_heic(path, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's about EXIF; damage raises
            frame = decode(path, data)  # first: it limits the size
            exif = exif_of(data)
        photo = Photo(frame=frame, exposure=Exposure.of(exif), exif=kept(exif))
    height, width = photo.frame.shape[:2]
    if min(height, width) < SMALLEST:
        raise PictureError(
            f"A photograph must have {SMALLEST}x{SMALLEST} pixels or more."
            f" Received: {path} of {width}x{height}"
        )
    return photo


def _prepare_heic(path: Path, data: bytes) -> None:
    """Registers the HEIC reader with Pillow if the file needs it."""
    if not is_heic(data) and path.suffix.lower() not in HEIC_SUFFIXES:
        return
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise PictureError(_install("HEIC", "pillow-heif", path)) from error
    register_heif_opener(thumbnails=False)


def _read_raw(path: Path, data: bytes) -> Photo:
    try:
        import rawpy  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise PictureError(_install("camera raw", "rawpy", path)) from error
    with reading(path), rawpy.imread(io.BytesIO(data)) as raw:
        check_size(path, raw.sizes.raw_width, raw.sizes.raw_height)
        other = raw.other
        exposure = Exposure.of_values(other.shutter_speed, other.aperture, other.iso_speed)
        linear = raw.postprocess(
            gamma=(1, 1),
            output_bps=16,
            use_camera_wb=True,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,  # else the scale would depend on the brightest pixel
        )
    table = to_16bit(hdr_to_ldr(np.arange(65536) / 65535, 1.0))
    return Photo(frame=table[linear], exposure=exposure, exif=b"")


def _install(kind: str, package: str, path: Path) -> str:
    return (
        f"Reading {kind} needs {package}: pip install -r requirements/formats.txt. Received: {path}"
    )
