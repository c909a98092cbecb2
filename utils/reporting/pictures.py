"""Writes pictures for people: tone-mapped ones and Ultra HDR.

Pictures carry the camera's EXIF. An Ultra HDR file is a JPEG that old programs show as a picture,
and phones and browsers of today at several times a white page's brightness, by the gain map in it
(ISO 21496-1).
"""

import importlib.util
import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from utils import files
from utils.reporting.tone import expose

_SDR_WHITE = 203.0  # nits of a white page in ISO 22028-5
_PEAK = 1624.0  # nits: three stops above it
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


def can_write_ultra_hdr() -> bool:
    """True if the optional package that writes Ultra HDR is installed."""
    return importlib.util.find_spec("imagecodecs") is not None


def write_ultra_hdr(path: Path, hdr: np.ndarray) -> None:
    """Writes Ultra HDR with libultrahdr of the optional package imagecodecs.

    The radiance is exposed so that its log-average is a middle grey; up to three stops above a
    white page are kept. It carries no EXIF: the library's writer takes none, and added afterwards
    it would shift the gain map from the place that the file says.

    Args:
        path: A .jpg file.
        hdr: `(H, W, 3)` RGB radiance, finite, at least 0.

    Raises:
        OSError: The file cannot be written; one that was there stays.
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
    files.write_bytes(path, data)
