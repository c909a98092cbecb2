"""Encodes and writes pictures for people, with the camera's EXIF."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from utils import files


def encode_jpeg(image: np.ndarray, quality: int = 95, exif: bytes = b"") -> bytes:
    """`(H, W)` or `(H, W, 3)` uint8 pixels as the bytes of a JPEG, colours at full resolution."""
    return _encode(image, "jpeg", exif, quality=quality, subsampling=0)


def write_picture(path: Path, image: np.ndarray, exif: bytes = b"") -> None:
    """Writes a picture with EXIF.

    Args:
        path: A .png or .jpg file.
        image: `(H, W, 3)` uint8 RGB.
        exif: EXIF block; none is written if empty.

    Raises:
        OSError: The file cannot be written; an existing one stays.
    """
    jpeg = path.suffix.lower() in {".jpg", ".jpeg"}
    data = encode_jpeg(image, exif=exif) if jpeg else _encode(image, "png", exif)
    files.write_bytes(path, data)


def _encode(image: np.ndarray, kind: str, exif: bytes, **options: int) -> bytes:
    data = io.BytesIO()
    Image.fromarray(image).save(data, kind, exif=exif, **options)
    return data.getvalue()
