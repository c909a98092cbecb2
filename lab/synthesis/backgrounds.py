"""Finds a view of a radiance map that suits a bracket as its background."""

from collections.abc import Callable

import cv2
import numpy as np

from lab.synthesis.views import View, random_view
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr

_LOG_SATURATED = np.log([0.03, 0.45])  # share of the middle frame's pixels
_LOW_FRAMES_LIGHTS = 0.35  # of its saturation; nobody exposes a frame for lights that are not there
_BACKGROUND_TRIES = 24
LoadMap = Callable[[int], np.ndarray]
"""Index of a map to its logarithm, of `views.prepare_map`."""


def choose_background(
    load_map: LoadMap,
    map_count: int,
    rng: np.random.Generator,
    size: tuple[int, int],
    times: np.ndarray,
) -> tuple[View, float, int]:
    """The first of some views that is well exposed, or the best of them; with scale and map."""
    reduction = max(1.0, max(size) / 256)
    small = [round(side / reduction) for side in size]
    candidates = []
    for _ in range(_BACKGROUND_TRIES):
        source = int(rng.integers(map_count))
        view = random_view(load_map(source), *size, rng)
        preview = view.render(small[0], small[1], np.diag([reduction, reduction, 1]))
        saturated = np.exp(rng.uniform(*_LOG_SATURATED))
        white = np.quantile(brightest_channel(preview), 1 - saturated)
        scale = float(1 / (white * times[1]))
        candidates.append((fault(preview * scale, times), view, scale, source))
        if candidates[-1][0] == 0:
            break
    return min(candidates, key=lambda candidate: candidate[0])[1:]


def fault(radiance: np.ndarray, times: np.ndarray) -> float:
    """Rates how unlike a bracketed photograph a background is; 0 is good enough.

    Too much is lost in the low frame or in the high one, the middle one is dark, the low frame is
    darker than its lights ask for, or there is little to see (a clear sky, a studio's wall).
    """
    brightest = brightest_channel(radiance)
    mid = hdr_to_ldr(radiance, times[1])
    texture = np.abs(mid - cv2.GaussianBlur(mid, (0, 0), 2)).mean()
    faults = (
        20 * (np.mean(brightest >= 1) - 0.03),
        5 * (np.mean(brightest * times[2] >= 1) - 0.75),
        5 * (0.2 - np.median(mid)),
        5 * (_LOW_FRAMES_LIGHTS - np.quantile(brightest, 0.99)),
        60 * (0.012 - texture),
    )
    return float(sum(max(value, 0.0) for value in faults))
