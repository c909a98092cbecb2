"""Writes pictures in all supported formats and many of their variants."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import OpenEXR
import pillow_heif
import tifffile
from PIL import Image

from photo.reading.exif import Exposure
from tests import photos
from tests.fuzz.randomness import Random, pick
from utils.images.radiance_maps import write_radiance
from utils.radiometry.levels import to_8bit

_EXR_COMPRESSIONS = (
    OpenEXR.NO_COMPRESSION, OpenEXR.RLE_COMPRESSION, OpenEXR.ZIPS_COMPRESSION,
    OpenEXR.ZIP_COMPRESSION, OpenEXR.PIZ_COMPRESSION, OpenEXR.PXR24_COMPRESSION,
    OpenEXR.B44_COMPRESSION, OpenEXR.DWAA_COMPRESSION,
)  # fmt: skip
_TIFF_DTYPES = ("u1", "u2", "u1", "u2", "i1", "i2", "u4", "f2", "f4", "f8")
_TIFF_KINDS = ("rgb", "rgb", "rgb", "minisblack", "miniswhite", "palette", "separated", "cielab")
_TIFF_COMPRESSIONS = (
    None, None, "lzw", "adobe_deflate", "packbits", "jpeg", "jpeg2000", "zstd", "lzma", "webp",
    "lerc", "png", "jpegxl",
)  # fmt: skip
_GOOD_TIFF = {"photometric": "rgb", "metadata": None}


def jpeg(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """Baseline or progressive, RGB, grey or CMYK."""
    mode = pick(random, ("RGB", "RGB", "RGB", "L", "CMYK"))
    Image.fromarray(to_8bit(frame)).convert(mode).save(
        path,
        "jpeg",
        exif=exif,
        quality=int(random.integers(20, 98)),
        progressive=bool(random.integers(2)),
        restart_marker_rows=int(random.integers(3)),
    )


def png(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """At most 8 bits, all kinds of pixels."""
    mode = pick(random, ("RGB", "RGB", "RGBA", "L", "LA", "P", "1"))
    Image.fromarray(to_8bit(frame)).convert(mode).save(path, "png", exif=exif)


def png16(path: Path, frame: np.ndarray, _: Image.Exif, random: Random) -> None:
    """16 bits: RGB, with alpha, or grey."""
    alpha = np.full((*frame.shape[:2], 1), 40_000, np.uint16)
    variants = (frame, frame, np.concatenate([frame, alpha], axis=-1), frame[..., 1])
    data = imagecodecs.png_encode(np.ascontiguousarray(variants[random.integers(4)]))
    path.write_bytes(data)


def webp(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """Lossy or lossless."""
    image = Image.fromarray(to_8bit(frame))
    image.save(path, "webp", exif=exif, lossless=bool(random.integers(2)))


def heic(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """As written by phones."""
    quality = int(random.integers(50, 96))
    pillow_heif.from_pillow(Image.fromarray(to_8bit(frame))).save(
        path, format="HEIF", exif=exif.tobytes(), quality=quality
    )


def tiff(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """All compressions, planes, tiles, kinds and depths of samples, byte orders, 64-bit offsets."""
    for _ in range(100):
        samples, options = _tiff_variant(frame, random)
        try:
            tifffile.imwrite(path, samples, **options, extratags=_tags(exif))
        except Exception:  # an unsupported combination
            continue
        return
    tifffile.imwrite(path, frame, **_GOOD_TIFF)


def raw(path: Path, frame: np.ndarray, exif: Image.Exif, _: Random) -> None:
    """A DNG of a Bayer mosaic."""
    photos.write_dng(path, frame, Exposure.of(exif))


def hdr(path: Path, radiance: np.ndarray, _: Random) -> None:
    """RGBE."""
    write_radiance(path, radiance)


def exr(path: Path, radiance: np.ndarray, random: Random) -> None:
    """OpenEXR of all compressions, half or full floats, with other channels too."""
    dtype = pick(random, (np.float16, np.float32))
    pixels = np.ascontiguousarray(radiance, dtype)
    alpha = np.ones((*radiance.shape[:2], 1), dtype)
    channels = [{"RGB": pixels}] * 4 + [
        {"RGBA": np.concatenate([pixels, alpha], axis=-1)},
        {"Y": pixels[..., 0]},
        {"RGB": pixels, "Z": np.ascontiguousarray(pixels[..., 0], np.float32)},
    ]
    header = {
        "compression": pick(random, _EXR_COMPRESSIONS),
        "type": OpenEXR.scanlineimage,
    }
    with OpenEXR.File(header, pick(random, channels)) as file:
        file.write(str(path))


FrameWriter = Callable[[Path, np.ndarray, Image.Exif, Random], None]
MapWriter = Callable[[Path, np.ndarray, Random], None]

FRAMES: dict[str, tuple[FrameWriter, tuple[str, ...]]] = {
    "JPEG": (jpeg, (".jpg", ".JPG", ".jpeg")),
    "PNG": (png, (".png",)),
    "PNG of 16 bits": (png16, (".png",)),
    "WebP": (webp, (".jpg", ".png")),
    "TIFF": (tiff, (".tif", ".tiff")),
}
"""Writer and suffixes of every format of a data set's frame."""

PHOTOGRAPHS = FRAMES | {"HEIC": (heic, (".heic", ".jpg")), "raw": (raw, (".dng", ".nef"))}
"""Writer and suffixes of every format of a photograph."""

MAPS: dict[str, tuple[MapWriter, str]] = {"RGBE": (hdr, ".hdr"), "OpenEXR": (exr, ".exr")}
"""Writer and suffix of every format of radiance."""


def _tiff_variant(frame: np.ndarray, random: Random) -> tuple[np.ndarray, dict[str, Any]]:
    if random.random() < 0.3:
        return frame if random.random() < 0.5 else to_8bit(frame), dict(_GOOD_TIFF)
    dtype = np.dtype(pick(random, _TIFF_DTYPES))
    kind = pick(random, _TIFF_KINDS)
    values = frame / 65_535.0
    if kind == "palette":
        dtype = np.dtype(pick(random, ("u1", "u2")))
    if kind in {"minisblack", "miniswhite", "palette"}:
        values = values[..., 1]
    elif kind == "separated" or random.random() < 0.2:
        values = np.concatenate([values, values[..., :1]], axis=-1)
    scale = 1.0 if dtype.kind == "f" else np.iinfo(dtype).max
    samples = (values * scale).astype(dtype)
    options: dict[str, Any] = {
        "photometric": kind,
        "compression": pick(random, _TIFF_COMPRESSIONS),
        "bigtiff": bool(random.random() < 0.1),
        "byteorder": pick(random, ("<", ">")),
        "predictor": bool(random.random() < 0.2),
        "metadata": None,
    }
    if kind == "palette":
        options["colormap"] = random.integers(0, 2**16, (3, 2 ** (8 * dtype.itemsize)), np.uint16)
    if samples.ndim == 3 and random.random() < 0.25:
        options["planarconfig"] = "separate"
        samples = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    if samples.ndim == 3 and min(samples.shape) == 4 and kind != "separated":
        options["extrasamples"] = [pick(random, ("unassalpha", "assocalpha"))]
    if random.random() < 0.2:
        options["tile"] = (16, 16)
    elif random.random() < 0.3:
        options["rowsperstrip"] = pick(random, (1, 7, 8, 1000))
    return samples, options


def _tags(exif: Image.Exif) -> list[Any]:
    """The shutter time in the main directory, as written by scanners."""
    time = Exposure.of(exif).time
    return [] if time is None else [(0x829A, "2I", 1, (1, round(1 / time)), True)]
