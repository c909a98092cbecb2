"""Tone mapping: radiance to a picture for an ordinary screen.

Every operator takes radiance on any scale and gives display values, so that a result looks right
whatever its exposure was. The exception is `mu-law`, the release's picture, which shows radiance as
it stands.
"""

from collections.abc import Callable

import cv2
import numpy as np

from configs.settings import ToneName
from utils.radiometry.levels import to_display
from utils.radiometry.radiance import GAMMA, mu_law

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709, linear
_KEY = 0.18  # Reinhard et al. 2002: the log-average becomes this middle grey
_WHITE_PERCENTILE = 99.9
_DRAGO_BIAS = 0.85  # Drago et al. 2003
_SATURATION = 0.85  # exponent of the colour ratios; 1 looks gaudy once contrast is compressed
_BASE_CONTRAST = 4.5  # stops that the large-scale contrast may keep on screen
_SMALLEST = 1e-6  # radiance; 20 stops below the darkest frame's white


def tone_map(hdr: np.ndarray, operator: ToneName) -> np.ndarray:
    """Tone-maps radiance.

    Args:
        hdr: `(H, W, 3)` radiance, finite; negative values are shown as black.
        operator: `local`: large-scale contrast compressed, detail kept (after Durand and Dorsey
            2002, with a guided filter); `reinhard`: Reinhard et al. 2002, global; `drago`: Drago
            et al. 2003, global; `mu-law`: the release's, radiance clipped to [0, 1].

    Returns:
        `(H, W, 3)` uint8, gamma-encoded for a screen.
    """
    hdr = np.maximum(hdr, 0.0, dtype=np.float32)
    shown = _OPERATORS[operator](hdr)
    return to_display(np.clip(shown, 0.0, 1.0))


def expose(hdr: np.ndarray) -> np.ndarray:
    """Radiance, `(H, W, 3)`, scaled so that the log-average of its luminance is 0.18."""
    world = np.maximum(luminance(hdr), _SMALLEST)
    return hdr * np.float32(_KEY / _log_average(world))


def luminance(hdr: np.ndarray) -> np.ndarray:
    """`(H, W)` luminance of `(H, W, 3)` radiance, on its scale."""
    return hdr @ _LUMINANCE


def _mu_law(hdr: np.ndarray) -> np.ndarray:
    return mu_law(np.clip(hdr, 0.0, 1.0))


def _reinhard(hdr: np.ndarray) -> np.ndarray:
    """`L (1 + L / white^2) / (1 + L)` of luminance scaled to a log-average of 0.18."""
    world = np.maximum(luminance(hdr), _SMALLEST)
    scaled = world * (_KEY / _log_average(world))
    white = max(float(np.percentile(scaled, _WHITE_PERCENTILE)), 1.0)
    return _with_colour(hdr, world, scaled * (1 + scaled / white**2) / (1 + scaled))


def _drago(hdr: np.ndarray) -> np.ndarray:
    """A logarithm whose base grows from 2 in the shadows to 10 at the brightest pixel."""
    world = np.maximum(luminance(hdr), _SMALLEST)
    scaled = world / _log_average(world)
    largest = float(scaled.max())
    base = 2 + 8 * (scaled / largest) ** np.float32(np.log(_DRAGO_BIAS) / np.log(0.5))
    shown = np.log1p(scaled) / np.log(base) / np.log10(1 + largest)
    return _with_colour(hdr, world, shown)


def _local(hdr: np.ndarray) -> np.ndarray:
    """Splits log luminance into base and detail, compresses the base, adds the detail again."""
    world = np.maximum(luminance(hdr), _SMALLEST)
    log = np.log2(world)
    radius = max(2, round(max(log.shape) / 40))
    base = _guided_filter(log, radius, epsilon=0.5)
    low, high = np.percentile(base, (1, 99.5))
    compression = min(1.0, _BASE_CONTRAST / max(high - low, 1e-3))
    shown = np.exp2((base - high) * compression + (log - base))
    return _with_colour(hdr, world, _soft_clip(shown))


def _soft_clip(x: np.ndarray) -> np.ndarray:
    """Values up to 0.7 as they are, above bent towards 1, which white highlights reach."""
    knee = 0.7
    return np.where(x < knee, x, 1 - (1 - knee) * np.exp(-(x - knee) / (1 - knee)))


def _guided_filter(x: np.ndarray, radius: int, epsilon: float) -> np.ndarray:
    """Edge-preserving smoothing of `(H, W)` by itself (He et al. 2010)."""
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(y: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(y, -1, size, borderType=cv2.BORDER_REFLECT)

    average = mean(x)
    variance = np.maximum(mean(x * x) - average * average, 0.0)
    slope = variance / (variance + epsilon)
    return mean(slope) * x + mean((1 - slope) * average)


def _with_colour(hdr: np.ndarray, world: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """Display values of new luminance with the old colours, less saturated (Schlick 1994)."""
    ratio = (hdr / world[..., None]) ** np.float32(_SATURATION)
    return (ratio * shown[..., None]) ** np.float32(1 / GAMMA)


def _log_average(world: np.ndarray) -> float:
    return float(np.exp(np.log(world).mean()))


_OPERATORS: dict[ToneName, Callable[[np.ndarray], np.ndarray]] = {
    "local": _local,
    "reinhard": _reinhard,
    "drago": _drago,
    "mu-law": _mu_law,
}
