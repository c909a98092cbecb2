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
from tests.fuzz.cases import Random, pick
from utils.images.radiance_maps import write_radiance
from utils.radiometry.levels import to_8bit

_EXR_COMPRESSIONS = (
    OpenEXR.NO_COMPRESSION, OpenEXR.RLE_COMPRESSION, OpenEXR.ZIPS_COMPRESSION,
    OpenEXR.ZIP_COMPRESSION, OpenEXR.PIZ_COMPRESSION, OpenEXR.PXR24_COMPRESSION,
    OpenEXR.B44_COMPRESSION, OpenEXR.DWAA_COMPRESSION,
)  # fmt: skip
_TIFF_DTYPES = ("u1", "u2", "u1", "u2", "i1", "i2", "u4", "f2", "f4", "f8")
_TIFF_KINDS = ("rgb", "rgb", "rgb", "minisblack", "miniswhite", "separated", "cielab")
_TIFF_COMPRESSIONS = (
    None, None, "lzw", "adobe_deflate", "packbits", "jpeg", "jpeg2000", "zstd", "lzma", "webp",
    "lerc", "png", "jpegxl",
)  # fmt: skip


def _jpeg(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """Baseline or progressive, RGB, grey or CMYK."""
    mode = pick(random, ("RGB", "RGB", "RGB", "L", "CMYK"))
    options = {
        "quality": int(random.integers(20, 98)),
        "progressive": bool(random.integers(2)),
        "restart_marker_rows": int(random.integers(3)),
    }
    Image.fromarray(to_8bit(frame)).convert(mode).save(path, "jpeg", exif=exif, **options)


def _png(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    """At most 8 bits, all kinds of pixels."""
    mode = pick(random, ("RGB", "RGB", "RGBA", "L", "LA", "P", "1"))
    Image.fromarray(to_8bit(frame)).convert(mode).save(path, "png", exif=exif)


def _png16(path: Path, frame: np.ndarray, _: Image.Exif, random: Random) -> None:
    """16 bits: RGB, with alpha, or grey."""
    alpha = np.full((*frame.shape[:2], 1), 40_000, np.uint16)
    variants = (frame, frame, np.concatenate([frame, alpha], axis=-1), frame[..., 1])
    data = imagecodecs.png_encode(np.ascontiguousarray(variants[random.integers(4)]))
    path.write_bytes(data)


def _webp(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    image = Image.fromarray(to_8bit(frame))
    image.save(path, "webp", exif=exif, lossless=bool(random.integers(2)))


def _heic(path: Path, frame: np.ndarray, exif: Image.Exif, random: Random) -> None:
    quality = int(random.integers(50, 96))
    image = pillow_heif.from_pillow(Image.fromarray(to_8bit(frame)))
    image.save(path, format="HEIF", exif=exif.tobytes(), quality=quality)


def _tiff(path: Path, frame: np.ndarray, _: Image.Exif, random: Random) -> None:
    """Kinds and depths of samples, compressions, planes, tiles, byte orders, 64-bit offsets."""
    while True:
        samples, options = _tiff_variant(frame, random)
        try:
            tifffile.imwrite(path, samples, **options)
        except Exception:  # an unsupported combination
            continue
        return


def _tiff_variant(frame: np.ndarray, random: Random) -> tuple[np.ndarray, dict[str, Any]]:
    if random.random() < 0.3:
        options = {"photometric": "rgb", "metadata": None}
        return frame if random.random() < 0.5 else to_8bit(frame), options
    dtype = np.dtype(pick(random, _TIFF_DTYPES))
    kind = pick(random, _TIFF_KINDS)
    values = frame / 65_535.0
    if kind.startswith("minis"):
        values = values[..., 1]
    elif kind == "separated" or random.random() < 0.2:
        values = np.concatenate([values, values[..., :1]], axis=-1)
    samples = (values * (1.0 if dtype.kind == "f" else np.iinfo(dtype).max)).astype(dtype)
    options: dict[str, Any] = {
        "photometric": kind,
        "compression": pick(random, _TIFF_COMPRESSIONS),
        "bigtiff": bool(random.random() < 0.1),
        "byteorder": pick(random, ("<", ">")),
        "predictor": bool(random.random() < 0.2),
        "metadata": None,
    }
    if samples.ndim == 3 and random.random() < 0.25:
        options["planarconfig"] = "separate"
        samples = np.ascontiguousarray(np.moveaxis(samples, -1, 0))
    if 4 in samples.shape and kind != "separated":
        options["extrasamples"] = [pick(random, ("unassalpha", "assocalpha"))]
    layouts = ({}, {}, {"tile": (16, 16)}, {"rowsperstrip": pick(random, (1, 7, 8, 1000))})
    return samples, options | pick(random, layouts)


def _raw(path: Path, frame: np.ndarray, exif: Image.Exif, _: Random) -> None:
    photos.write_dng(path, frame, Exposure.of(exif))


def _exr(path: Path, radiance: np.ndarray, random: Random) -> None:
    """All compressions, half or full floats, with other channels too."""
    dtype = pick(random, (np.float16, np.float32))
    pixels = np.ascontiguousarray(radiance, dtype)
    alpha = np.ones((*radiance.shape[:2], 1), dtype)
    channels = [{"RGB": pixels}] * 4 + [
        {"RGBA": np.concatenate([pixels, alpha], axis=-1)},
        {"Y": pixels[..., 0]},
        {"RGB": pixels, "Z": np.ascontiguousarray(pixels[..., 0], np.float32)},
    ]
    header = {"compression": pick(random, _EXR_COMPRESSIONS), "type": OpenEXR.scanlineimage}
    with OpenEXR.File(header, pick(random, channels)) as file:
        file.write(str(path))


FrameWriter = Callable[[Path, np.ndarray, Image.Exif, Random], None]
MapWriter = Callable[[Path, np.ndarray, Random], None]

FRAMES: dict[str, tuple[FrameWriter, tuple[str, ...]]] = {
    "JPEG": (_jpeg, (".jpg", ".JPG", ".jpeg")),
    "PNG": (_png, (".png",)),
    "PNG of 16 bits": (_png16, (".png",)),
    "WebP": (_webp, (".jpg", ".png")),
    "TIFF": (_tiff, (".tif", ".tiff")),
}
"""Writer and suffixes of every format of a data set's frame."""

PHOTOGRAPHS = FRAMES | {"HEIC": (_heic, (".heic", ".jpg")), "raw": (_raw, (".dng", ".nef"))}
"""Writer and suffixes of every format of a photograph."""

MAPS: dict[str, tuple[MapWriter, str]] = {
    "RGBE": (lambda path, radiance, _: write_radiance(path, radiance), ".hdr"),
    "OpenEXR": (_exr, ".exr"),
}
"""Writer and suffix of every format of radiance."""
