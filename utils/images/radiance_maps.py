"""Reads and writes radiance maps: .hdr (RGBE) and .exr (OpenEXR)."""

import io
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imagecodecs
import Imath
import numpy as np
import OpenEXR

from utils import files
from utils.images.decode import PictureError, check_size, check_tiles, reading
from utils.images.frames import _encode, read_bytes
from utils.radiometry import rgbe

_LARGEST_HALF = 65504.0
_MOST_CHANNELS = 64
RADIANCE_SUFFIXES = frozenset({".hdr", ".exr"})

_RGBE_HEADER = re.compile(
    rb"#\?(?:RADIANCE|RGBE)[^\n]*\n((?:[^\n]+\n)*?)\r?\n([-+])Y (\d{1,9}) \+X (\d{1,9})\r?\n"
)
_RGBE_LINE = re.compile(rb"^(FORMAT|EXPOSURE) *= *(\S+)", re.MULTILINE)
_LONGEST_HEADER = 2**16  # bytes
_XYZ_TO_RGB = np.array(  # IEC 61966-2-1
    [[3.2404542, -1.5371385, -0.4985314], [-0.969266, 1.8760108, 0.041556],
     [0.0556434, -0.2040259, 1.0572252]], np.float32,
)  # fmt: skip
_CHROMATICITIES = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290)  # sRGB, ITU-R BT.709


def write_exr(path: Path, hdr: np.ndarray, **attributes: str) -> None:
    """Writes radiance as half floats with ZIP compression.

    Args:
        path: The file.
        hdr: `(H, W, 3)` RGB radiance, finite, at least 0, at most 65504.
        **attributes: Of OpenEXR's standard, such as `cameraModel`.

    Raises:
        ValueError: A value is out of range.
        OSError: The file cannot be written.
    """
    if not (np.isfinite(hdr).all() and hdr.min() >= 0 and hdr.max() <= _LARGEST_HALF):
        raise ValueError(
            f"Radiance for an .exr file must be in [0, {_LARGEST_HALF:g}]. Received: {path},"
            f" [{hdr.min()}, {hdr.max()}]"
        )
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        "chromaticities": _CHROMATICITIES,
        **attributes,
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
        `(H, W, 3)` float32 RGB, linear light in the file's own scale. EXPOSURE lines of .hdr are
        divided out, and its XYZ become sRGB primaries, at least 0. Of .exr, the first part and
        layer with R, G and B in either case are read.

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
    _encode(path, rgbe.round_to_rgbe(image))


def _decode_rgbe(path: Path, data: bytes) -> np.ndarray:
    header = _RGBE_HEADER.match(data[:_LONGEST_HEADER])
    lines = _RGBE_LINE.findall(header[1]) if header else ()
    kinds = {value for name, value in lines if name == b"FORMAT"} or {b"32-bit_rle_rgbe"}
    if header is None or not kinds <= {b"32-bit_rle_rgbe", b"32-bit_rle_xyze"}:
        raise PictureError(
            "Not a readable image: a .hdr file must begin with #?RADIANCE, have the format"
            " 32-bit_rle_rgbe or _xyze and name its size as -Y height +X width."
            f" Received: {path}, which begins with {data[:80]!r}"
        )
    height, width = int(header[3]), int(header[4])
    check_size(path, width, height)
    exposure = math.prod(float(value) for name, value in lines if name == b"EXPOSURE")
    if not 0 < exposure < math.inf:
        raise PictureError(f"EXPOSURE must be positive. Received: {path} of {exposure}")
    pixels = data[header.end() :]
    if pixels[:2] == b"\2\2" and 8 <= width < 2**15:
        # Not by OpenCV, which needs a file and prints to the terminal; the values are the same.
        hdr = np.empty((height, width, 3), np.float32)
        imagecodecs.rgbe_decode(pixels, header=False, rle=True, out=hdr)
    else:
        hdr = rgbe.values(rgbe.codes(rgbe.expand_runs(pixels, (height, width))))
    if b"32-bit_rle_xyze" in kinds:
        hdr = np.maximum(hdr @ _XYZ_TO_RGB.T, 0)
    hdr = hdr if header[2] == b"-" else hdr[::-1].copy()  # rows from the bottom
    return hdr if exposure == 1 else hdr / np.float32(exposure)


def _decode_exr(path: Path, data: bytes) -> np.ndarray:
    # A stream and not a path, which may not be UTF-8.
    with OpenEXR.File(io.BytesIO(data), header_only=True) as file:
        headers = [dict(part.header) for part in file.parts]
    for part, header in enumerate(headers):
        whole = [c.name for c in header["channels"] if c.xSampling == c.ySampling == 1]
        names = {name.lower(): name for name in whole}
        for layer in (name[:-1] for name in names if name == "r" or name.endswith(".r")):
            rgb = [names[layer + c] for c in "rgb" if layer + c in names]
            if len(rgb) == 3:
                return _exr_planes(path, data, headers, part, rgb)
    found = sorted(channel.name for header in headers for channel in header["channels"])
    raise PictureError(f"An .exr file must be RGB. Received: {path} of {found}")


def _exr_planes(
    path: Path, data: bytes, headers: Sequence[Any], part: int, names: Sequence[str]
) -> np.ndarray:
    """Some channels of a part as `(H, W, C)`; a later part is read with all others."""
    sizes = [np.subtract(*header["dataWindow"][::-1], dtype=np.int64) + 1 for header in headers]
    for size, header in zip(sizes if part else sizes[:1], headers, strict=False):
        width, height = map(int, size)
        check_size(path, width, height)
        if tile := header.get("tiles"):
            channels = len(header["channels"])
            check_size(path, tile.xSize, tile.ySize * channels)  # all are decoded
            check_tiles(path, (width, height), (tile.xSize, tile.ySize), channels)
    if part == 0:
        kind = Imath.PixelType(Imath.PixelType.FLOAT)
        planes = OpenEXR.InputFile(io.BytesIO(data)).channels(list(names), kind)
        return np.stack([np.frombuffer(x, np.float32).reshape(sizes[0][::-1]) for x in planes], -1)
    count = sum(len(header["channels"]) for header in headers)
    if count > _MOST_CHANNELS:
        raise PictureError(
            f"An .exr file whose first part is not RGB may have {_MOST_CHANNELS} channels."
            f" Received: {path} of {count}"
        )
    with OpenEXR.File(io.BytesIO(data), separate_channels=True) as file:
        planes = [file.parts[part].channels[name].pixels for name in names]
        return np.stack(planes, axis=-1).astype(np.float32)
