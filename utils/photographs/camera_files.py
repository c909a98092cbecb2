"""Photographs as cameras and phones write them: JPEG, PNG, TIFF, HEIC and raw, with their EXIF.

What a file is, is decided by its content: phones name HEIC files .jpg. Every frame comes upright
(the orientation tag is applied) and as integers. HEIC and raw need packages of
requirements-extras.txt; without them the message says so.
"""

import dataclasses
import io
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageOps

from utils.photographs.exif import Exposure, kept, orientation
from utils.radiometry.radiance import GAMMA

HEIC_SUFFIXES = frozenset({".heic", ".heif"})
RAW_SUFFIXES = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".raf", ".orf", ".rw2", ".pef", ".srw"}
)
PHOTO_SUFFIXES = (
    frozenset({".jpg", ".jpeg", ".png", ".tif", ".tiff"}) | HEIC_SUFFIXES | RAW_SUFFIXES
)

SMALLEST = 16  # pixels a side; below it there is nothing to align

_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "I", "I;16", "I;16B"})
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
_TIFF = (b"II*\0", b"MM\0*")
_BITS_PER_SAMPLE = 0x0102
_SAMPLE_FORMAT = 0x0153  # 1: unsigned
_BY_OPENCV = cv2.IMREAD_ANYDEPTH | cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
_UPRIGHT = {  # orientation tag to quarter turns counter-clockwise, then left-right flip
    1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True),
    5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False),
}  # fmt: skip


class PhotoError(ValueError):
    """A file is no photograph that can be used; the message names it and what it is."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photo:
    """One photograph."""

    frame: np.ndarray
    """`(H, W, 3)` RGB, uint8 or uint16, gamma-encoded, upright."""
    exposure: Exposure
    """What its EXIF says."""
    exif: bytes
    """What a picture made of it may keep; empty if there is nothing."""


def read_photo(path: Path) -> Photo:
    """Reads a photograph.

    Grey becomes RGB, an alpha channel is dropped. Raw files are developed linearly with the
    camera's white balance and then gamma-encoded, so that linearising gives the sensor's values.

    Args:
        path: A file of one of `PHOTO_SUFFIXES`.

    Returns:
        The frame, upright, with its EXIF.

    Raises:
        PhotoError: The file is empty, cut short, of another kind, too small or too large, or
            needs a package that is not installed.
        OSError: The file cannot be opened.
    """
    data = path.read_bytes()
    if path.suffix.lower() in RAW_SUFFIXES:
        photo = _read_raw(path, data)
    else:
        photo = _read_picture(path, data)
    height, width = photo.frame.shape[:2]
    if min(height, width) < SMALLEST:
        raise PhotoError(
            f"A photograph must have {SMALLEST}x{SMALLEST} pixels or more."
            f" Received: {path} of {width}x{height}"
        )
    return photo


def read_exposure(path: Path) -> Exposure:
    """Exposure of a photograph without decoding it; nothing is known of a file that is none."""
    try:
        if path.suffix.lower() in RAW_SUFFIXES:
            return _raw_exposure(path.read_bytes())
        _allow_heic(path, b"")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                return Exposure.of(image.getexif())
    except Exception:  # read_photo says what is wrong with the file
        return Exposure()


def _read_picture(path: Path, data: bytes) -> Photo:
    _allow_heic(path, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow about EXIF; what matters is checked here
        try:
            with Image.open(io.BytesIO(data)) as image:
                return _decode(path, data, image)
        except PhotoError:
            raise
        except Image.DecompressionBombError as error:
            raise PhotoError(f"The picture is too large. Received: {path}, {error}") from error
        except Exception as error:  # Pillow raises whatever a broken file makes it raise
            raise PhotoError(
                f"Not a readable picture. Received: {path} {_what_it_is(data, error)}"
            ) from error


def _decode(path: Path, data: bytes, image: Image.Image) -> Photo:
    if image.mode not in _MODES:
        raise PhotoError(
            f"A photograph must be RGB or grey, of 8 or 16 bits. Received: {path} of {image.mode}"
        )
    exif = image.getexif()
    if _has_16_bits(path, data, image):
        if image.format == "PNG":
            image.load()  # complains about a file cut short, where OpenCV writes to the terminal
        frame = _decode_16_bits(path, data, image, orientation(exif))
    else:
        upright = ImageOps.exif_transpose(image)
        frame = np.asarray(upright.convert("RGB"))
    return Photo(frame=frame, exposure=Exposure.of(exif), exif=kept(exif))


def _has_16_bits(path: Path, data: bytes, image: Image.Image) -> bool:
    if image.format == "PNG":
        return data[24] == 16  # IHDR's bit depth
    if image.format != "TIFF":
        return False
    tags = image.getexif()
    if any(kind != 1 for kind in _numbers(tags.get(_SAMPLE_FORMAT, 1))):
        raise PhotoError(
            "A photograph must have unsigned integers, of 8 or 16 bits."
            f" Received: {path} of {image.mode}"
        )
    return max(_numbers(tags.get(_BITS_PER_SAMPLE, 8))) == 16


def _numbers(value: object) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else (value,)  # pyright: ignore[reportReturnType]


def _decode_16_bits(path: Path, data: bytes, image: Image.Image, turn: int) -> np.ndarray:
    """Decodes by OpenCV: Pillow has no RGB of 16 bits."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what fails is raised below
    try:
        frame = cv2.imdecode(np.frombuffer(data, np.uint8), _BY_OPENCV)
    finally:
        cv2.utils.logging.setLogLevel(level)
    if frame is None or frame.dtype != np.uint16:
        raise PhotoError(f"Not a readable picture. Received: {path} of 16 bits, cut short or odd")
    frame = cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)
    # OpenCV 5.0's TIFF decoder turns the picture upright by itself, even if told not to.
    return frame if image.format == "TIFF" else _turn(frame, turn)


def _turn(frame: np.ndarray, tag: int) -> np.ndarray:
    quarters, flip = _UPRIGHT[tag]
    frame = np.rot90(frame, quarters)
    return np.ascontiguousarray(frame[:, ::-1] if flip else frame)


def _allow_heic(path: Path, data: bytes) -> None:
    """Teaches Pillow to read HEIC if that is what the file is."""
    is_heic = data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS
    if not is_heic and path.suffix.lower() not in HEIC_SUFFIXES:
        return
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise PhotoError(_install("HEIC", "pillow-heif", path)) from error
    register_heif_opener(thumbnails=False)


def _read_raw(path: Path, data: bytes) -> Photo:
    try:
        import rawpy  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise PhotoError(_install("camera raw", "rawpy", path)) from error
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            linear = raw.postprocess(
                gamma=(1, 1),
                output_bps=16,
                use_camera_wb=True,
                no_auto_bright=True,
                adjust_maximum_thr=0.0,  # else the scale would depend on the brightest pixel
            )
    except (rawpy.LibRawError, ValueError, RuntimeError) as error:
        raise PhotoError(
            f"Not a readable raw file. Received: {path} {_what_it_is(data, error)}"
        ) from error
    table = np.rint((np.arange(65536) / 65535) ** (1 / GAMMA) * 65535).astype(np.uint16)
    return Photo(frame=table[linear], exposure=_raw_exposure(data), exif=b"")


def _raw_exposure(data: bytes) -> Exposure:
    import rawpy  # noqa: PLC0415 - an optional package

    with rawpy.imread(io.BytesIO(data)) as raw:
        other = raw.other
        return Exposure.of_values(other.shutter_speed, other.aperture, other.iso_speed)


def _install(kind: str, package: str, path: Path) -> str:
    return (
        f"Reading {kind} needs {package}: pip install -r requirements-extras.txt. Received: {path}"
    )


def _what_it_is(data: bytes, error: Exception) -> str:
    if not data:
        return "which is empty"
    if data[:4] in _TIFF and isinstance(error, Image.UnidentifiedImageError):
        return "which is a TIFF of an unusual kind (float samples?) or cut short"
    reason = str(error).partition("\n")[0]
    if isinstance(error, Image.UnidentifiedImageError) or not reason:
        return f"of {len(data)} bytes that begin with {data[:8]!r}"
    return f"of {len(data)} bytes, {reason}"
