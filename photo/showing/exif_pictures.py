"""Encodes and writes pictures for people, with the camera's EXIF and the colour profile."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from photo.reading.pixels.colour import SRGB
from utils import files

_EXR_ATTRIBUTES = {
    0x010F: "cameraMake",
    0x0110: "cameraModel",
    0x0132: "capDate",
    0x013B: "owner",
    0x8298: "copyright",
}


def exr_attributes(exif: bytes) -> dict[str, str]:
    """Camera, date, artist and copyright of an EXIF block as OpenEXR's standard attributes."""
    tags = Image.Exif()
    if exif:
        tags.load(exif)
    return {name: str(tags[tag]) for tag, name in _EXR_ATTRIBUTES.items() if tag in tags}


def encode_jpeg(image: np.ndarray, quality: int = 95, exif: bytes = b"") -> bytes:
    """`(H, W)` or `(H, W, 3)` uint8 pixels as the bytes of a JPEG, colours at full resolution.

    Colours carry the profile of sRGB.
    """
    return _encode(image, "jpeg", exif, quality=quality, subsampling=0)


def write_picture(path: Path, image: np.ndarray, exif: bytes = b"") -> None:
    """Writes a picture with EXIF and the profile of sRGB.

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
    profile = SRGB if image.ndim == 3 else None
    Image.fromarray(image).save(data, kind, exif=exif, icc_profile=profile, **options)
    return data.getvalue()
