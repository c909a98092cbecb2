"""Tone mapping: radiance to a picture for an ordinary screen.

Operators accept radiance on any scale, except `mu-law`, the release's, which expects [0, 1].
"""

from collections.abc import Callable

import numpy as np

from configs.settings import ToneName
from photo.showing.fusion import fuse, world_luminance
from utils.radiometry.levels import to_display
from utils.radiometry.radiance import GAMMA, mu_law

_KEY = 0.18  # Reinhard et al. 2002: the log-average becomes this middle grey
_WHITE_PERCENTILE = 99.9
_SATURATION = 0.85  # exponent of the colour ratios; 1 looks gaudy once contrast is compressed


def tone_map(hdr: np.ndarray, operator: ToneName, like: np.ndarray | None = None) -> np.ndarray:
    """`tone_mapped`, as uint8."""
    return to_display(tone_mapped(hdr, operator, like))


def tone_mapped(hdr: np.ndarray, operator: ToneName, like: np.ndarray | None = None) -> np.ndarray:
    """Tone-maps radiance.

    Args:
        hdr: `(H, W, 3)` radiance, finite; negative values are shown as black.
        operator: `fusion`: exposure fusion of the radiance with itself (Mertens et al. 2007);
            `reinhard`: Reinhard et al. 2002, global; `mu-law`: the release's, radiance clipped to
            [0, 1].
        like: Radiance of another picture on the same scale, whose brightness is used; None: its
            own.

    Returns:
        `(H, W, 3)` float32 in [0, 1], gamma-encoded for a screen.
    """
    hdr = np.maximum(hdr, 0.0, dtype=np.float32)
    like = hdr if like is None else np.maximum(like, 0.0, dtype=np.float32)
    shown = _OPERATORS[operator](hdr, like)
    return np.clip(shown, 0.0, 1.0, out=shown)


def expose(hdr: np.ndarray, like: np.ndarray | None = None) -> np.ndarray:
    """Radiance, `(H, W, 3)`, scaled so that its log-average, or that of `like`, is 0.18."""
    return hdr * np.float32(_KEY / _log_average(world_luminance(hdr if like is None else like)))


def _mu_law(hdr: np.ndarray, _: np.ndarray) -> np.ndarray:
    return mu_law(np.clip(hdr, 0.0, 1.0))


def _reinhard(hdr: np.ndarray, like: np.ndarray) -> np.ndarray:
    """`L (1 + L / white^2) / (1 + L)` of luminance scaled to a log-average of 0.18."""
    world, model = world_luminance(hdr), world_luminance(like)
    scale = _KEY / _log_average(model)
    scaled = world * scale
    white = max(scale * float(np.percentile(model, _WHITE_PERCENTILE)), 1.0)
    shown = scaled * (1 + scaled / white**2) / (1 + scaled)
    ratio = (hdr / world[..., None]) ** np.float32(_SATURATION)  # Schlick 1994
    return (ratio * shown[..., None]) ** np.float32(1 / GAMMA)


def _log_average(world: np.ndarray) -> float:
    return float(np.exp(np.log(world).mean()))


_OPERATORS: dict[ToneName, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "fusion": fuse,
    "reinhard": _reinhard,
    "mu-law": _mu_law,
}
