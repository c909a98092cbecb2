"""Radiance from an ordinary photograph: its highlights are expanded above what its file holds.

The result is plausible, not measured: a photograph of 8 bits has lost how bright its lights were.
"""

import cv2
import numpy as np

from utils.radiometry import radiance
from utils.radiometry.radiance import brightest_channel

THRESHOLD = 0.45  # of white, linear; what is darker stays as it is
PEAK = 8.0  # times white, reached inside large lights
_SMALL_LIGHT = 0.4  # of the expansion, for a light that is a single pixel
_REACH = 0.02  # of the height: standard deviation of the density of lights
_COARSE = 4  # pixels for each of the density's
_PALEST = 0.02  # least channel, of the brightest: no surface or lens is darker in one colour
_LIGHT = radiance.ldr_to_hdr(np.arange(256, dtype=np.float32) / 255, np.float32(1))


def expand(white: np.ndarray, strength: np.ndarray | float = 1.0) -> np.ndarray:
    """Curve of the expansion: identity up to `THRESHOLD`, then smooth and rising.

    Inverse tone mapping after Banterle et al., "Inverse Tone Mapping", GRAPHITE 2006: values are
    expanded by how bright they are, weighed by an expand map. The quadratic toe is ours.

    Args:
        white: Linear light in [0, 1], any shape.
        strength: Expand map in [0, 1], broadcast against `white`.

    Returns:
        Radiance in [0, `PEAK`], shape of `white`.
    """
    above = np.maximum(white - THRESHOLD, 0) / (1 - THRESHOLD)
    return white + (PEAK - 1) * strength * above**2


def photograph_radiance(ldr: np.ndarray) -> np.ndarray:
    """Radiance that a photograph may have been taken of.

    Its expand map is the smoothed density of lights, as in Rempel et al., "Ldr2Hdr: On-the-fly
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
    # Eight bits near white become far steps; a gain this smooth does not show them.
    gain = cv2.GaussianBlur(gain, (0, 0), 0.8)
    return np.maximum(light, _PALEST * white[..., None]) * gain[..., None]
