"""Reads and writes radiance maps: .hdr (RGBE) and .exr (OpenEXR)."""

import io
import re
from pathlib import Path

import imagecodecs
import numpy as np
import OpenEXR
from PIL import Image

from utils import files
from utils.images.decode import PictureError, check_size, reading
from utils.images.frames import _encode, read_bytes
from utils.radiometry.rgbe import round_to_rgbe

_LARGEST_HALF = 65504.0
# EXIF tags to OpenEXR's standard attributes.
_EXR_ATTRIBUTES = {
    0x010F: "cameraMake",
    0x0110: "cameraModel",
    0x0132: "capDate",
    0x013B: "owner",
    0x8298: "copyright",
}
RADIANCE_SUFFIXES = frozenset({".hdr", ".exr"})

_RGBE_MAGIC = (b"#?RADIANCE", b"#?RGBE")
_RGBE_FORMAT = b"\nFORMAT=32-bit_rle_rgbe"
_RGBE_SIZE = re.compile(rb"^-Y (\d{1,9}) \+X (\d{1,9})$", re.MULTILINE)  # rows from the top left
_LONGEST_HEADER = 2**16  # bytes before the line of the size


def write_exr(path: Path, hdr: np.ndarray, exif: bytes = b"") -> None:
    """Writes radiance as half floats with ZIP compression.

    Args:
        path: The file.
        hdr: `(H, W, 3)` RGB radiance, finite, at least 0, at most 65504.
        exif: EXIF block, of which camera, date, artist and copyright become attributes.

    Raises:
        ValueError: A value is out of range.
        OSError: The file cannot be written.
    """
    if not (np.isfinite(hdr).all() and hdr.min() >= 0 and hdr.max() <= _LARGEST_HALF):
        raise ValueError(
            f"Radiance for an .exr file must be in [0, {_LARGEST_HALF:g}]. Received: {path},"
            f" [{hdr.min()}, {hdr.max()}]"
        )
    tags = Image.Exif()
    if exif:
        tags.load(exif)
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        **{name: str(tags[tag]) for tag, name in _EXR_ATTRIBUTES.items() if tag in tags},
    }
    data = io.BytesIO()
    try:
        with OpenEXR.File(header, {"RGB": np.ascontiguousarray(hdr, np.float16)}) as file:
            file.write(data)
    except RuntimeError as error:  # OpenEXR's own
        raise OSError(f"Cannot write the image. Received: {path}, {error}") from error
    files.write_bytes(path, data.getvalue())


def read_radiance(path: Path) -> np.ndarray:
    """Reads a radiance map.

    Args:
        path: A .hdr or .exr file.

    Returns:
        `(H, W, 3)` float32 RGB, linear light in the file's own scale, values as they stand.

    Raises:
        FileNotFoundError: There is no such file.
        PictureError: The file is not a radiance map, is cut short, declares too many pixels, or
            is not RGB.
    """
    data = read_bytes(path)
    decode = _decode_exr if path.suffix.lower() == ".exr" else _decode_rgbe
    with reading(path):
        return decode(path, data)


def write_radiance(path: Path, image: np.ndarray) -> None:
    """Writes radiance as RGBE: three 8-bit mantissas with one exponent for each pixel.

    Args:
        path: A .hdr file.
        image: `(H, W, 3)` RGB, at least 0.

    Raises:
        ValueError: The shape is another, or a value is negative or not finite.
        OSError: The file cannot be written; an existing one stays.
    """
    if not (np.isfinite(image).all() and (image >= 0).all()):
        raise ValueError(f"Radiance must be finite and at least 0. Received: {path}")
    _encode(path, round_to_rgbe(image))


def _decode_rgbe(path: Path, data: bytes) -> np.ndarray:
    header, end, _ = data[:_LONGEST_HEADER].partition(b"\n\n")
    size = _RGBE_SIZE.search(data[len(header + end) :].partition(b"\n")[0])
    if not header.startswith(_RGBE_MAGIC) or _RGBE_FORMAT not in header or size is None:
        raise PictureError(
            "Not a readable image: a .hdr file must begin with #?RADIANCE, have the format"
            " 32-bit_rle_rgbe and name its size as -Y height +X width."
            f" Received: {path}, which begins with {data[:80]!r}"
        )
    height, width = (int(number) for number in size.groups())
    check_size(path, width, height)
    # Not by OpenCV, which needs a file and prints to the terminal; the values are the same.
    return imagecodecs.rgbe_decode(data)


def _decode_exr(path: Path, data: bytes) -> np.ndarray:
    # A stream and not a path, which may not be UTF-8.
    with OpenEXR.File(io.BytesIO(data), header_only=True) as file:
        low, high = file.header()["dataWindow"]
    width, height = (int(b) - int(a) + 1 for a, b in zip(low, high, strict=True))
    check_size(path, width, height)
    with OpenEXR.File(io.BytesIO(data)) as file:
        channels = {name: channel.pixels for name, channel in file.channels().items()}
    pixels = channels.get("RGB", channels.get("RGBA"))
    if pixels is None:
        raise PictureError(f"An .exr file must be RGB. Received: {path} of {sorted(channels)}")
    return np.ascontiguousarray(pixels[..., :3], dtype=np.float32)
