"""Decodes picture files by their content: JPEG, PNG, TIFF, WebP and HEIC.

Used for photographs and frames of data sets alike. EXIF is read here as well, for the orientation.
"""

import contextlib
import io
import math
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image

from utils.images.decode import PictureError, check_jpeg, check_length, check_size, reading
from utils.images.tiff import MAGIC, read_tiff

_ORIENTATION = 0x0112
_JPEG = b"\xff\xd8\xff"
_PNG = b"\x89PNG\r\n\x1a\n"
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis")
_PNG_MARKS_OF_EXIF = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX"})
_PNG_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_MOST_INFLATED = 1032  # most bytes that a byte of PNG's compression expands to
_UPRIGHT = {  # orientation tag to quarter turns counter-clockwise, then left-right flip
    1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True),
    5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False),
}  # fmt: skip


def decode(path: Path, data: bytes) -> np.ndarray:
    """Decodes a picture.

    Args:
        path: The file, for messages.
        data: Its bytes.

    Returns:
        `(H, W, 3)` RGB, uint8 or uint16 as the file has it, upright; grey becomes RGB, an alpha
        channel is dropped.

    Raises:
        PictureError: The bytes are not a picture, are cut short, declare too many pixels, or have
            samples of another kind.
    """
    with reading(path):
        if data[:4] in MAGIC:
            return turn(*read_tiff(path, data))
        with _open(path, data) as image:
            check_size(path, *image.size)
            check_length(path, image.size, len(data), _most_pixels(data))
            if data.startswith(_JPEG):
                check_jpeg(path, image.size, data)
            # Pillow reads 8 bits of RGB. OpenCV reads 16, but returns half a picture of a file
            # that is cut short and prints to the terminal.
            png16 = data.startswith(_PNG) and data[24] == 16  # IHDR's bit depth
            frame = _decode_png16(data) if png16 else _decode_8_bits(path, image)
        return turn(frame, orientation(exif_of(data)))


def is_heic(data: bytes) -> bool:
    """True if the first bytes are those of a HEIC file."""
    return data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS


def exif_of(data: bytes) -> Image.Exif:
    """The EXIF tags of a picture's bytes, or a TIFF's own tags; empty if missing or broken."""
    exif = Image.Exif()
    try:
        if data[:4] in MAGIC:
            exif.load(data)
        elif not data.startswith(_PNG) or any(mark in data for mark in _PNG_MARKS_OF_EXIF):
            # Pillow decodes a whole PNG to look for EXIF behind its pixels.
            with Image.open(io.BytesIO(data)) as image:
                exif = image.getexif()
        dict(exif)
    except Exception:  # Pillow raises many kinds of errors for a broken block
        return Image.Exif()
    return exif


def orientation(exif: Image.Exif) -> int:
    """Orientation tag, 1 (upright) to 8; 1 if it is missing or invalid."""
    value = exif.get(_ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _open(path: Path, data: bytes) -> Image.Image:
    webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    if data.startswith((_JPEG, _PNG)) or webp or is_heic(data):
        with contextlib.suppress(OSError):  # its message names an object in memory
            return Image.open(io.BytesIO(data))
    received = f"of {len(data)} bytes that begin with {data[:8]!r}" if data else "which is empty"
    raise PictureError(f"Not a readable image. Received: {path} {received}")


def _most_pixels(data: bytes) -> float:
    """Most pixels in a byte of a picture; infinity if the format has no bound."""
    if data.startswith(_PNG):
        depth, colour_type = data[24], data[25]
        return 8 * _MOST_INFLATED / (depth * _PNG_CHANNELS[colour_type])
    return math.inf


def _decode_8_bits(path: Path, image: Image.Image) -> np.ndarray:
    if image.mode not in _MODES:
        raise PictureError(
            f"A picture must be RGB or grey, of 8 or 16 bits. Received: {path} of {image.mode}"
        )
    # RGB of a palette with transparent colours would be a warning.
    frame = image.convert("RGBA" if image.mode in {"P", "PA"} else "RGB")
    return np.ascontiguousarray(np.asarray(frame)[..., :3])


def _decode_png16(data: bytes) -> np.ndarray:
    samples = imagecodecs.png_decode(data)
    if samples.ndim == 2 or samples.shape[-1] < 3:  # grey, and perhaps alpha
        return np.repeat(samples.reshape(*samples.shape[:2], -1)[..., :1], 3, axis=-1)
    return np.ascontiguousarray(samples[..., :3])


def turn(frame: np.ndarray, tag: int) -> np.ndarray:
    """A frame as stored, turned upright by its orientation tag."""
    quarters, flip = _UPRIGHT.get(tag, (0, False))
    frame = np.rot90(frame, quarters)
    return np.ascontiguousarray(frame[:, ::-1] if flip else frame)
