"""Converts photographs to the working space, sRGB's primaries, by their colour profiles.

The rest of the code linearises by gamma 2.2, so frames that are encoded by sRGB's curve or about
gamma 2.2 keep their curve, and others (linear, gamma 1.8) are encoded anew by gamma 2.2.
"""

import contextlib
import io
import itertools
import re
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

from utils.images.decode import PictureError, reading
from utils.images.tiff import MAGIC, main_page
from utils.radiometry.radiance import GAMMA

_ICC_TAG = 34675
_INTEROPERABILITY = 0xA005
# A code of ITU-T H.273 for primaries and one for the curve, in a PNG or an ICC profile.
_CODES = re.compile(rb"(?:\x00{3}\x04cICP|cicp\x00{4})(.)(.)", re.DOTALL)
_PQ_OR_HLG = {16: "PQ", 18: "HLG"}
_LINEAR = 8
_WHITE = (0.3127, 0.3290)  # x, y of D65
_SRGB = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # x, y of red, green and blue
_ADOBE = (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
_PRIMARIES = {
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046),  # ITU-R BT.2020
    11: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06),  # Display P3
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
_SAME = 655  # of 65535, by which a colour may change without being converted
_GREYS = np.repeat(np.linspace(0, 65535, 17).astype(np.uint16)[:, None], 3, axis=1)[None]
_COLOURS = np.array(list(itertools.product((0, 16384, 49152, 65535), repeat=3)), np.uint16)[None]
_RELATIVE, _EXACT = 1, 256  # of Little CMS: rendering intent; no table for 16 bits


def srgb_to_linear(x: np.ndarray) -> np.ndarray:
    """Linear light of sRGB values, both in [0, 1]; float32."""
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _profile(primaries: tuple[float, ...], gamma: float | None, white: tuple = _WHITE) -> bytes:
    """ICC profile of primaries with a gamma, or with sRGB's curve."""
    return imagecodecs.cms_profile(
        "rgb",
        whitepoint=[*white, 1.0],
        primaries=[*primaries[:2], 1.0, *primaries[2:4], 1.0, *primaries[4:], 1.0],
        transferfunction=None if gamma else srgb_to_linear(np.linspace(0, 1, 1024)),
        gamma=gamma,
    )


def _without_time(profile: bytes) -> bytes:
    """The profile with one date, so that a picture that is written again has the same bytes."""
    return profile[:24] + np.array([2000, 1, 1, 0, 0, 0], ">u2").tobytes() + profile[36:]


SRGB = _without_time(imagecodecs.cms_profile("srgb"))
"""ICC profile of the pictures that are written."""

_WORKING = _profile(_SRGB, GAMMA)


def profile_of(path: Path, data: bytes, exif: Image.Exif) -> bytes | None:
    """ICC profile of a picture's colours, which its metadata may name in other ways.

    Args:
        path: The file, for messages.
        data: Its bytes, of a format that `decode` reads.
        exif: Its EXIF.

    Returns:
        The profile; None: nothing but sRGB is named.

    Raises:
        PictureError: The colours are encoded by PQ or HLG.
    """
    with reading(path):
        info = _metadata(data)
    icc = info.get("icc_profile") or b""
    nclx = info.get("nclx_profile") or {}  # of HEIC
    primaries = int(nclx.get("color_primaries") or 0)
    curve = int(nclx.get("transfer_characteristics") or 0)
    if codes := _CODES.search(icc + (data.partition(b"IDAT")[0] if data[1:4] == b"PNG" else b"")):
        primaries, curve = codes[1][0], codes[2][0]
    if curve in _PQ_OR_HLG:
        raise PictureError(
            "A photograph must not be encoded for HDR screens; export it as SDR, in sRGB or"
            f" Display P3. Received: {path}, encoded by {_PQ_OR_HLG[curve]}"
        )
    if icc:
        return icc
    if primaries in _PRIMARIES or curve == _LINEAR:
        return _profile(_PRIMARIES.get(primaries, _SRGB), 1.0 if curve == _LINEAR else None)
    if 0.1 < info.get("gamma", 0) <= 1 and "srgb" not in info:  # of a PNG
        x = info.get("chromaticity", (*_WHITE, *_SRGB))
        return _profile(x[2:], 1 / info["gamma"], x[:2])
    with contextlib.suppress(Exception):  # a broken block of EXIF may raise any error
        if exif.get_ifd(_INTEROPERABILITY).get(1) == "R03":  # a camera set to Adobe RGB
            return _profile(_ADOBE, 563 / 256)
    return None


def to_working_space(frame: np.ndarray, profile: bytes) -> np.ndarray:
    """Converts a frame, relative to the profile's white; colours outside sRGB are clipped.

    Args:
        frame: `(H, W, 3)`, uint8 or uint16.
        profile: ICC profile of its colours.

    Returns:
        The same type and shape; `frame` itself if the profile is sRGB, or nearly so.

    Raises:
        imagecodecs.CmsError: The profile is damaged, or is of neither RGB nor grey.
    """
    changes = {to: _change(_GREYS, profile, to) for to in (SRGB, _WORKING)}
    to = min(changes, key=lambda to: changes[to])  # the nearer curve
    if changes[to] > _SAME:
        to = _WORKING
    elif profile[16:20] == b"GRAY" or _change(_COLOURS, profile, to) <= _SAME:
        return frame
    return _converted(frame, profile, to)


def _change(colours: np.ndarray, profile: bytes, to: bytes) -> int:
    return int(np.ptp([colours, _converted(colours, profile, to)], axis=0).max())


def _converted(frame: np.ndarray, profile: bytes, to: bytes) -> np.ndarray:
    grey = profile[16:20] == b"GRAY"
    return imagecodecs.cms_transform(
        frame[..., 0] if grey else frame,
        profile,
        to,
        colorspace="gray" if grey else "rgb",
        outcolorspace="rgb",
        intent=_RELATIVE,
        flags=_EXACT if frame.dtype == np.uint16 else 0,
    )


def _metadata(data: bytes) -> dict[str, Any]:
    """Pillow's metadata of a file; of a TIFF, the profile of its main page."""
    if data[:4] not in MAGIC:
        with Image.open(io.BytesIO(data)) as image:
            return {str(key): value for key, value in image.info.items()}
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        tags = [page.tags.valueof(_ICC_TAG) for page in (main_page(file), file.pages.first)]
    return {"icc_profile": tags[0] or tags[1]}
