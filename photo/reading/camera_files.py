"""Reads photographs of cameras and phones: JPEG, PNG, TIFF, HEIC and raw, with EXIF.

The format is recognised by content, because phones name HEIC files .jpg. Frames are integers and
upright (the orientation tag is applied). HEIC and raw need requirements/formats.txt.
"""

import contextlib
import dataclasses
import io
import sys
import warnings
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

from photo.png_metadata import without_unusable
from photo.reading.exif import Exposure, kept
from photo.reading.pixels.colour import profile_of, to_working_space
from photo.reading.pixels.white_level import FULL, white_range
from utils.images.decode import PictureError, check_size, reading
from utils.images.pictures import decode, exif_of, is_heic, orientation, turn
from utils.radiometry.levels import to_16bit
from utils.radiometry.radiance import hdr_to_ldr

HEIC_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
RAW_SUFFIXES = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"}
)
PHOTO_SUFFIXES = (
    frozenset({".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".webp"})
    | HEIC_SUFFIXES
    | RAW_SUFFIXES
)

_COMPRESSION, _JPEG_XL = 0x0103, 52546  # a tag of TIFF and its value

SMALLEST = 16  # pixels a side; below it there is nothing to align


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photo:
    """One photograph."""

    frame: np.ndarray
    """`(H, W, 3)` RGB of sRGB's primaries, uint8 or uint16, gamma-encoded, upright."""
    exposure: Exposure
    """From its EXIF."""
    exif: bytes
    """The part of the EXIF that a result keeps; may be empty."""
    white: tuple[int, int] = (FULL, FULL)
    """Lowest and highest possible white level; see `white_range`."""
    balance: tuple[float, ...] = ()
    """White balance of a raw file: factors of the sensor's channels; empty of others."""
    gaps: np.ndarray | None = None
    """`(H, W)`, True at transparent pixels; None if there are none."""
    notes: tuple[str, ...] = ()
    """Warnings about the file, a line each."""


def read_photo(path: Path, balance: tuple[float, ...] = ()) -> Photo:
    """Reads a photograph.

    Raw files are developed linearly and then gamma-encoded, so that linearising restores the
    sensor's values. Others are converted to sRGB's primaries by their colour profile.

    Args:
        path: A file of one of `PHOTO_SUFFIXES`.
        balance: White balance of raw files; empty: the camera's.

    Returns:
        The frame, upright, with its EXIF.

    Raises:
        PictureError: The file is empty, truncated, of another format, too small or too large, or
            needs a package that is not installed.
        OSError: The file cannot be opened.
    """
    data = without_unusable(path, path.read_bytes())
    if path.suffix.lower() in RAW_SUFFIXES:
        photo = _read_raw(path, data, balance)
    else:
        prepare_heic(path, data)
        if (bits := _jpeg_bits(data)) > 8:
            raise PictureError(
                f"A JPEG must have 8 bits; export a TIFF of 16. Received: {path} of {bits} bits"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's about EXIF; damage raises
            frame = decode(path, data)  # first: it limits the size
            exif = exif_of(data)
            photo = Photo(frame=frame, exposure=Exposure.of(exif), exif=kept(exif))
            photo = _in_working_space(path, data, exif, photo)
    height, width = photo.frame.shape[:2]
    if min(height, width) < SMALLEST:
        raise PictureError(
            f"A photograph must have {SMALLEST}x{SMALLEST} pixels or more."
            f" Received: {path} of {width}x{height}"
        )
    return photo


def prepare_heic(path: Path, data: bytes) -> None:
    """Registers the HEIC reader with Pillow if the file needs it."""
    if not is_heic(data) and path.suffix.lower() not in HEIC_SUFFIXES:
        return
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise PictureError(_install("HEIC", "pillow-heif", path)) from error
    register_heif_opener(thumbnails=False)


def _jpeg_bits(data: bytes) -> int:
    """Bits of a JPEG's samples, which its first start of frame names; 0 of other files."""
    place = 2 if data.startswith(b"\xff\xd8\xff") else len(data)
    while place + 4 < len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker in range(0xC0, 0xC4):
            return data[place + 4]
        place += 1 if marker == 0xFF else 2 + int.from_bytes(data[place + 2 : place + 4])
    return 0


def _in_working_space(path: Path, data: bytes, exif: Image.Exif, photo: Photo) -> Photo:
    profile = profile_of(path, data, exif)
    frame = photo.frame
    photo = dataclasses.replace(photo, gaps=_transparent(data, exif, frame.shape[:2]))
    try:
        frame = to_working_space(frame, profile) if profile else frame
    except imagecodecs.CmsError:
        note = f"{path.name}: its colour profile is damaged or not of RGB; sRGB is assumed."
        photo = dataclasses.replace(photo, notes=(*photo.notes, note))
    if frame is not photo.frame:  # the profile names the white level
        return dataclasses.replace(photo, frame=frame)
    return dataclasses.replace(photo, white=white_range(frame, data, exif))


def _transparent(data: bytes, exif: Image.Exif, size: tuple[int, int]) -> np.ndarray | None:
    """`(H, W)`, True at transparent pixels, which aligning programs leave at the border."""
    with contextlib.suppress(Exception), Image.open(io.BytesIO(data)) as image:  # read before
        if "A" in image.getbands():
            # Pillow turns TIFF by itself.
            tag = 1 if image.format == "TIFF" else orientation(exif)
            gaps = turn(np.asarray(image.getchannel("A")), tag) < 128
            return gaps if gaps.any() and gaps.shape == size else None
    return None


def _read_raw(path: Path, data: bytes, balance: tuple[float, ...]) -> Photo:
    try:
        import rawpy  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise PictureError(_install("camera raw", "rawpy", path)) from error
    exif = exif_of(data)
    try:
        with reading(path), rawpy.imread(io.BytesIO(data)) as raw:
            check_size(path, raw.sizes.raw_width, raw.sizes.raw_height)
            other = raw.other
            exposure = Exposure.of_values(other.shutter_speed, other.aperture, other.iso_speed)
            used = balance or tuple(raw.camera_whitebalance)
            used = used if all(used[:3]) else ()  # unknown
            linear = raw.postprocess(
                gamma=(1, 1),
                output_bps=16,
                use_camera_wb=not balance,
                user_wb=list(balance) or None,
                no_auto_bright=True,
                adjust_maximum_thr=0.0,  # else the scale would depend on the brightest pixel
            )
    except PictureError as error:
        if not isinstance(error.__cause__, rawpy.LibRawError):
            raise
        is_jpeg_xl = exif.get(_COMPRESSION) == _JPEG_XL
        said = error.__cause__.args[0]  # by LibRaw in bytes, by rawpy in text
        reason = said.decode(errors="replace") if isinstance(said, bytes) else said
        raise PictureError(
            "Not a readable image: LibRaw cannot develop this raw file; export it as a TIFF of 16"
            f" bits. Received: {path}, {'compressed by JPEG XL' if is_jpeg_xl else reason}"
        ) from error
    table = to_16bit(hdr_to_ldr(np.arange(65536) / 65535, 1.0))
    return Photo(frame=table[linear], exposure=exposure, exif=kept(exif), balance=used)


def _install(kind: str, package: str, path: Path) -> str:
    return (
        f"Reading {kind} needs {package}, which this Python lacks: {sys.executable} -m pip install"
        f" -r requirements/formats.txt. Received: {path}"
    )
