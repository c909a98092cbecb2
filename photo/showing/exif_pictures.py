"""Encodes and writes pictures for people, with the camera's EXIF and the colour profile."""

import io
from pathlib import Path

import numpy as np
import tifffile
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
    return {_EXR_ATTRIBUTES[tag]: text for tag, text in _texts(exif).items()}


def _texts(exif: bytes) -> dict[int, str]:
    """The tags of `_EXR_ATTRIBUTES` that an EXIF block has."""
    tags = Image.Exif()
    if exif:
        tags.load(exif)
    return {tag: str(tags[tag]) for tag in _EXR_ATTRIBUTES if tag in tags}


def encode_jpeg(image: np.ndarray, quality: int = 95, exif: bytes = b"") -> bytes:
    """`(H, W)` or `(H, W, 3)` uint8 pixels as the bytes of a JPEG, colours at full resolution.

    Colours carry the profile of sRGB.
    """
    return _encode(image, "jpeg", exif, quality=quality, subsampling=0)


def write_picture(path: Path, image: np.ndarray, exif: bytes = b"") -> None:
    """Writes a picture with EXIF and the profile of sRGB.

    Args:
        path: A .png, .jpg or .tif file.
        image: `(H, W, 3)` RGB: uint8, or uint16 for .tif.
        exif: EXIF block; none is written if empty. TIFF keeps camera, date, artist and copyright.

    Raises:
        OSError: The file cannot be written; an existing one stays.
    """
    kind = path.suffix.lower()
    if kind == ".tif":
        data = _encode_tiff(image, exif)
    else:
        data = encode_jpeg(image, exif=exif) if kind == ".jpg" else _encode(image, "png", exif)
    files.write_bytes(path, data)


def _encode(image: np.ndarray, kind: str, exif: bytes, **options: int) -> bytes:
    data = io.BytesIO()
    profile = SRGB if image.ndim == 3 else None
    Image.fromarray(image).save(data, kind, exif=exif, icc_profile=profile, **options)
    return data.getvalue()


def _encode_tiff(image: np.ndarray, exif: bytes) -> bytes:
    data = io.BytesIO()  # Pillow writes no colours of 16 bits
    tifffile.imwrite(
        data,
        image,
        photometric="rgb",
        compression="zlib",
        predictor=True,
        iccprofile=SRGB,
        metadata=None,
        extratags=[(tag, "s", 0, text, True) for tag, text in _texts(exif).items()],
    )
    return data.getvalue()
