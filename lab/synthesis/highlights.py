"""Radiance from an ordinary photograph, by expanding its highlights.

The result is plausible, not measured: an 8-bit photograph clips its lights.
"""

import cv2
import numpy as np

from utils.radiometry import radiance
from utils.radiometry.radiance import brightest_channel

THRESHOLD = 0.45  # of white, linear; darker values stay unchanged
PEAK = 8.0  # times white, inside large lights
_SMALL_LIGHT = 0.4  # expansion of a single-pixel light, relative to a large one
_REACH = 0.02  # standard deviation of the density of lights, relative to the height
_COARSE = 4  # picture pixels per density pixel
_PALEST = 0.02  # least channel relative to the brightest: no real surface is more saturated
_LIGHT = radiance.ldr_to_hdr(np.arange(256, dtype=np.float32) / 255, np.float32(1))


def expand(white: np.ndarray, strength: np.ndarray | float = 1.0) -> np.ndarray:
    """Expansion curve: identity up to `THRESHOLD`, then smooth and rising.

    Inverse tone mapping after Banterle et al., "Inverse Tone Mapping", GRAPHITE 2006: values are
    expanded by brightness, weighted by an expand map. The quadratic toe is ours.

    Args:
        white: Linear light in [0, 1], any shape.
        strength: Expand map in [0, 1], broadcast against `white`.

    Returns:
        Radiance in [0, `PEAK`], shape of `white`.
    """
    above = np.maximum(white - THRESHOLD, 0) / (1 - THRESHOLD)
    return white + (PEAK - 1) * strength * above**2


def photograph_radiance(ldr: np.ndarray) -> np.ndarray:
    """Plausible radiance behind a photograph.

    The expand map is the smoothed density of lights, as in Rempel et al., "Ldr2Hdr: On-the-fly
    Reverse Tone Mapping of Legacy Video and Photographs", SIGGRAPH 2007: a clipped area glows from
    its edge to its middle.

    Args:
        ldr: `(H, W, 3)` uint8 frame with a gamma of about 2.2.

    Returns:
        `(H, W, 3)` float32 linear RGB in [0, `PEAK`]; each pixel's hue is the photograph's.
    """
    light = cv2.LUT(ldr, _LIGHT)
    white = brightest_channel(light)
    lights = np.maximum(white - THRESHOLD, 0) / (1 - THRESHOLD)
    height, width = white.shape
    few = (width // _COARSE + 1, height // _COARSE + 1)
    density = cv2.resize(lights, few, interpolation=cv2.INTER_AREA)
    density = cv2.GaussianBlur(density, (0, 0), _REACH * height / _COARSE + 0.5)
    density = cv2.resize(density, (width, height), interpolation=cv2.INTER_LINEAR)
    strength = _SMALL_LIGHT + (1 - _SMALL_LIGHT) * density
    gain = expand(white, strength) / np.maximum(white, 1e-6)
    # Smooths the 8-bit steps near white, which the expansion enlarges.
    gain = cv2.GaussianBlur(gain, (0, 0), 0.8)
    return np.maximum(light, _PALEST * white[..., None]) * gain[..., None]
