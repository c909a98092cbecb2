"""Writes pictures for people, with the camera's EXIF."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from utils import files

_JPEG_QUALITY = 95


def write_picture(path: Path, image: np.ndarray, exif: bytes = b"") -> None:
    """Writes a picture with EXIF.

    Args:
        path: A .png or .jpg file.
        image: `(H, W, 3)` uint8 RGB.
        exif: EXIF block; none is written if empty.

    Raises:
        OSError: The file cannot be written; one that was there stays.
    """
    jpeg = path.suffix.lower() in {".jpg", ".jpeg"}
    quality: dict[str, Any] = {"quality": _JPEG_QUALITY, "subsampling": 0} if jpeg else {}
    data = io.BytesIO()
    Image.fromarray(image).save(data, "jpeg" if jpeg else "png", exif=exif, **quality)
    files.write_bytes(path, data.getvalue())
