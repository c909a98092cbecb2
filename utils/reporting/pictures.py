"""What a reconstruction is written as: all files of a scene, or none of them.

Radiance as .hdr (see utils/images.py) and .exr, pictures with the camera's EXIF, and Ultra HDR: a
JPEG that old programs show as a picture and phones and browsers of today at several times a white
page's brightness, by the gain map in it (ISO 21496-1).
"""

import importlib.util
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from PIL import Image

from utils.tone import expose

Writer = Callable[[Path], object]

_LARGEST_HALF = 65504.0
_SDR_WHITE = 203.0  # nits of a white page in ISO 22028-5
_PEAK = 1624.0  # nits: three stops above it
_JPEG_QUALITY = 95

# EXIF tag to the attribute of an .exr file that OpenEXR's standard has for it.
_EXR_ATTRIBUTES = {
    0x010F: "cameraMake",
    0x0110: "cameraModel",
    0x0132: "capDate",
    0x013B: "owner",
    0x8298: "copyright",
}


def write_together(folder: Path, writers: Mapping[str, Writer]) -> None:
    """Writes several files so that either all of them appear or none.

    They are written to a hidden folder beside their place and moved when the last is complete.

    Args:
        folder: Where they go; made if missing.
        writers: A function for each file name, which writes it to the path that it is given.

    Raises:
        OSError: A file cannot be written; the message names the folder.
    """
    first = next(iter(writers))
    partial = folder / f".{Path(first).stem}.partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        for name, write in writers.items():
            write(partial / name)
        for name in writers:
            (partial / name).replace(folder / name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"Cannot write {first}. Received: {folder}, {reason}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_exr(path: Path, hdr: np.ndarray, exif: bytes = b"") -> None:
    """Writes radiance as half floats with ZIP compression.

    Args:
        path: The file; it must not be read before this returns.
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
    tags = _load(exif)
    header = {
        "compression": OpenEXR.ZIP_COMPRESSION,
        "type": OpenEXR.scanlineimage,
        **{name: str(tags[tag]) for tag, name in _EXR_ATTRIBUTES.items() if tag in tags},
    }
    try:
        with OpenEXR.File(header, {"RGB": np.ascontiguousarray(hdr, np.float16)}) as file:
            file.write(str(path))
    except RuntimeError as error:  # OpenEXR's own
        raise OSError(f"Cannot write the image. Received: {path}, {error}") from error


def write_picture(path: Path, image: np.ndarray, exif: bytes = b"") -> None:
    """Writes a picture with EXIF.

    Args:
        path: A .png or .jpg file; it must not be read before this returns.
        image: `(H, W, 3)` uint8 RGB.
        exif: EXIF block; none is written if empty.
    """
    jpeg = path.suffix.lower() in {".jpg", ".jpeg"}
    quality: dict[str, Any] = {"quality": _JPEG_QUALITY, "subsampling": 0} if jpeg else {}
    Image.fromarray(image).save(path, exif=exif, **quality)


def can_write_ultra_hdr() -> bool:
    """Whether the optional package that writes Ultra HDR is installed."""
    return importlib.util.find_spec("imagecodecs") is not None


def write_ultra_hdr(path: Path, hdr: np.ndarray) -> None:
    """Writes Ultra HDR with libultrahdr of the optional package imagecodecs.

    The radiance is exposed so that its log-average is a middle grey; up to three stops above a
    white page are kept. It carries no EXIF: the library's writer takes none, and added afterwards
    it would shift the gain map from the place that the file says.

    Args:
        path: A .jpg file; it must not be read before this returns.
        hdr: `(H, W, 3)` RGB radiance, finite, at least 0.
    """
    import imagecodecs  # noqa: PLC0415 - an optional package

    kinds = imagecodecs.ULTRAHDR
    rgba = np.ones((*hdr.shape[:2], 4), np.float16)
    rgba[..., :3] = np.minimum(expose(hdr), _PEAK / _SDR_WHITE)
    data = imagecodecs.ultrahdr_encode(
        rgba,
        level=_JPEG_QUALITY,
        transfer=kinds.CT.LINEAR,
        gamut=kinds.CG.BT_709,
        crange=kinds.CR.FULL_RANGE,
        nits=_PEAK,
    )
    path.write_bytes(data)


def _load(exif: bytes) -> Image.Exif:
    tags = Image.Exif()
    if exif:
        tags.load(exif)
    return tags
