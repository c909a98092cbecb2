"""Tone mapping: radiance to a picture for an ordinary screen.

Operators accept radiance on any scale, except `mu-law`, the release's, which expects [0, 1].
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from configs.settings import ToneName
from utils.images.drawing import shrink
from utils.radiometry.levels import to_display
from utils.radiometry.radiance import GAMMA, brightest_channel, hdr_to_ldr, ldr_to_hdr, mu_law

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709, linear
_KEY = 0.18  # Reinhard et al. 2002: the log-average becomes this middle grey
_WHITE_PERCENTILE = 99.9
_SATURATION = 0.85  # exponent of the colour ratios; 1 looks gaudy once contrast is compressed
_FUSION_SATURATION = 1.1  # fusion keeps local contrast, and looks pale with less
_FUSION_SIDE = 1600  # pixels; five exposures with their pyramids take 0.5 GiB at most
_EXPOSURES = 5
_LIGHTS, _SHADOWS = 99, 2  # percentiles shown by the shortest and the longest exposure
_SHADOW_LDR = 0.4  # the longest exposure shows the shadows as this
_MOST_STOPS = 8  # between them; more would show noise only
_BLACK, _WHITE = 1.0, 98.5  # percentiles of the fused picture
_DARKEST = 4 / 255  # deeper blacks would pull down the fitted gain and darken shadows
_SMALLEST = 1e-6  # radiance; 20 stops below the darkest frame's white
_COUNT_OF_THREADS = threading.Lock()  # OpenCV has one for all


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
    return hdr * np.float32(_KEY / _log_average(_world(hdr if like is None else like)))


def luminance(hdr: np.ndarray) -> np.ndarray:
    """`(H, W)` luminance of `(H, W, 3)` radiance, on its scale."""
    return hdr @ _LUMINANCE


def _world(hdr: np.ndarray) -> np.ndarray:
    return np.maximum(luminance(hdr), _SMALLEST)


def _mu_law(hdr: np.ndarray, _: np.ndarray) -> np.ndarray:
    return mu_law(np.clip(hdr, 0.0, 1.0))


def _fusion(hdr: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Fuses five exposures of the radiance, shrunk to 1600 pixels a side.

    The full picture takes its gain from there: lines of log gain over log luminance, fitted around
    every pixel (the fast guided filter, He and Sun 2015), which keeps edges and fine detail.
    """
    small, model = (shrink(x, _FUSION_SIDE) for x in (hdr, like))
    lights = _lights(model)
    log = np.log2(_world(small / lights))
    fused = np.log2(_fused_luminance(small))
    if like is not hdr:
        of_model = np.log2(_world(model / lights))
        shown_there = np.log2(_fused_luminance(model))
        fused += _curve(of_model, shown_there, log) - _curve(log, fused, log)
    lines = _local_lines(log, fused - log, radius=2, epsilon=0.01)
    size = hdr.shape[1::-1]
    slope, offset = (cv2.resize(x, size, interpolation=cv2.INTER_LINEAR) for x in lines)
    hdr = hdr / lights
    world = _world(hdr)
    shown = world * np.exp2(slope * np.log2(world) + offset)
    return _with_colour(hdr, world, shown, _FUSION_SATURATION)


def _curve(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Mean of y by x, in bins of half a stop, at other x."""
    place = np.rint(2 * x).astype(int).ravel()
    place -= (lowest := place.min())
    count, total = np.bincount(place), np.bincount(place, y.ravel())
    (known,) = np.nonzero(count)
    curve = np.interp(2 * at - lowest, known, total[known] / count[known])
    return curve.astype(np.float32)


def _lights(hdr: np.ndarray) -> np.float32:
    return np.float32(max(np.percentile(brightest_channel(hdr), _LIGHTS), _SMALLEST))


def _fused_luminance(hdr: np.ndarray) -> np.ndarray:
    """`(H, W)` luminance in (0, 1] of fused exposures of `(H, W, 3)` radiance."""
    hdr = hdr / _lights(hdr)
    shadows = max(float(np.percentile(luminance(hdr), _SHADOWS)), _SMALLEST)
    longest = np.clip(ldr_to_hdr(_SHADOW_LDR, shadows), 1.0, 2.0**_MOST_STOPS)
    times = np.geomspace(1.0, longest, _EXPOSURES, dtype=np.float32)
    exposures = [255 * hdr_to_ldr(hdr[..., ::-1], time) for time in times]  # BGR
    fusion = cv2.createMergeMertens(1.0, 1.0, 1.0)  # OpenCV leaves well-exposedness out otherwise
    with _one_thread():
        fused = fusion.process(exposures)[..., ::-1]  # a little beyond [0, 1]
    black, white = np.percentile(luminance(fused), (_BLACK, _WHITE))
    if white > black:
        fused = (fused - np.float32(black)) / np.float32(white - black)
    return luminance(ldr_to_hdr(np.clip(fused, _DARKEST, 1.0), 1.0))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Limits OpenCV to one thread, which is as fast here.

    With more, the order of its sums depends on timing, and the last bits vary.
    """
    with _COUNT_OF_THREADS:
        count = cv2.getNumThreads()
        cv2.setNumThreads(1)
        try:
            yield
        finally:
            cv2.setNumThreads(count)


def _reinhard(hdr: np.ndarray, like: np.ndarray) -> np.ndarray:
    """`L (1 + L / white^2) / (1 + L)` of luminance scaled to a log-average of 0.18."""
    world, model = _world(hdr), _world(like)
    scale = _KEY / _log_average(model)
    scaled = world * scale
    white = max(scale * float(np.percentile(model, _WHITE_PERCENTILE)), 1.0)
    return _with_colour(hdr, world, scaled * (1 + scaled / white**2) / (1 + scaled))


def _local_lines(
    x: np.ndarray, y: np.ndarray, radius: int, epsilon: float
) -> tuple[np.ndarray, np.ndarray]:
    """Slope and offset of lines `y = slope x + offset` about every pixel (He et al. 2010).

    Args:
        x: `(H, W)`, the guide.
        y: `(H, W)`.
        radius: Of the square that a line is fitted to, and of that over which lines are averaged.
        epsilon: Variance of the guide below which a line is flat.
    """
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(z: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(z, -1, size, borderType=cv2.BORDER_REFLECT)

    mean_x, mean_y = mean(x), mean(y)
    variance = np.maximum(mean(x * x) - mean_x * mean_x, 0.0)
    slope = (mean(x * y) - mean_x * mean_y) / (variance + epsilon)
    return mean(slope), mean(mean_y - slope * mean_x)


def _with_colour(
    hdr: np.ndarray, world: np.ndarray, shown: np.ndarray, saturation: float = _SATURATION
) -> np.ndarray:
    """Display values of new luminance with the old colours to a power (Schlick 1994)."""
    ratio = (hdr / world[..., None]) ** np.float32(saturation)
    return (ratio * shown[..., None]) ** np.float32(1 / GAMMA)


def _log_average(world: np.ndarray) -> float:
    return float(np.exp(np.log(world).mean()))


_OPERATORS: dict[ToneName, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "fusion": _fusion,
    "reinhard": _reinhard,
    "mu-law": _mu_law,
}
