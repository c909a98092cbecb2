"""Exposure fusion of radiance with itself, for an ordinary screen."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from utils.images.drawing import shrink
from utils.radiometry.radiance import GAMMA, brightest_channel, hdr_to_ldr, ldr_to_hdr

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709, linear
_SATURATION = 1.1  # fusion keeps local contrast, and looks pale with less
_UNCHANGED, _FADING = 2.0, 0.07  # stops of lift above which colours fade, and how much by stop
_NOISY = (3.0, 6.0)  # stops of lift over which noise of colours is damped
SIDE = 1600  # pixels; five exposures with their pyramids take 0.5 GiB at most
_EXPOSURES = 5
_LIGHTS, _SHADOWS = 99, 2  # percentiles shown by the shortest and the longest exposure
_SHADOW_LDR = 0.4  # the longest exposure shows the shadows as this
_MOST_STOPS = 8  # between them; more would show noise only
_BLACK, _WHITE = 1.0, 98.5  # percentiles of the fused picture
_DARKEST = 4 / 255  # deeper blacks would pull down the fitted gain and darken shadows
_SMALLEST = 1e-6  # radiance; 20 stops below the darkest frame's white
_COUNT_OF_THREADS = threading.Lock()  # OpenCV has one for all


def fuse(hdr: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Fuses five exposures of the radiance, shrunk to 1600 pixels a side.

    The full picture takes its gain from there: lines of log gain over log luminance, fitted around
    every pixel (the fast guided filter, He and Sun 2015), which keeps edges and fine detail. Where
    the gain lifts shadows, colours fade a little and their noise is smoothed; luminance is kept.

    Args:
        hdr: `(H, W, 3)` radiance, at least 0.
        like: Radiance on the same scale, whose mean tone curve is used; `hdr` itself: its own.

    Returns:
        `(H, W, 3)` values for a screen, some beyond 1.
    """
    shared = like is not hdr
    small, model = (shrink(x, SIDE) for x in (hdr, like))
    lights = _lights(model)
    hdr, small, model = (x / lights for x in (hdr, small, model))
    log = np.log2(world_luminance(small))
    fused = np.log2(_fused_luminance(small))
    if shared:
        shown = np.log2(_fused_luminance(model))
        fused += _curve(np.log2(world_luminance(model)), shown, log) - _curve(log, fused, log)
    world = world_luminance(hdr)
    full_log = np.log2(world)
    lift = _at(full_log, _local_lines(log, fused - log, radius=2, epsilon=0.01))
    ratio = hdr / world[..., None]
    _damp_noise(ratio, small, log, full_log, lift)
    ratio **= np.float32(_SATURATION)
    kept = 1 / (1 + _FADING * np.maximum(lift - _UNCHANGED, 0))
    ratio += (1 - ratio) * (1 - kept)[..., None]
    return (ratio * (luminance(hdr) * np.exp2(lift))[..., None]) ** np.float32(1 / GAMMA)


def _damp_noise(
    ratio: np.ndarray, small: np.ndarray, log: np.ndarray, full_log: np.ndarray, lift: np.ndarray
) -> None:
    """Smooths the colour ratios `(H, W, 3)` of lifted shadows, where log luminance is smooth."""
    noisy = np.clip((lift - _NOISY[0]) / (_NOISY[1] - _NOISY[0]), 0, 1)
    if not noisy.any():
        return
    for channel in range(3):
        there = small[..., channel] / np.exp2(log)
        smooth = _at(full_log, _local_lines(log, there, radius=4, epsilon=0.1))
        ratio[..., channel] += noisy * (np.maximum(smooth, 0) - ratio[..., channel])


def _at(log: np.ndarray, lines: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Values of the lines of a reduced picture at the `(H, W)` log luminance of the whole."""
    size = log.shape[::-1]
    slope, offset = (cv2.resize(x, size, interpolation=cv2.INTER_LINEAR) for x in lines)
    return slope * log + offset


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


def luminance(hdr: np.ndarray) -> np.ndarray:
    """`(H, W)` luminance of `(H, W, 3)` radiance, on its scale."""
    return hdr @ _LUMINANCE


def world_luminance(hdr: np.ndarray) -> np.ndarray:
    """`luminance`, at least 1e-6, so that it has a logarithm."""
    return np.maximum(luminance(hdr), _SMALLEST)
