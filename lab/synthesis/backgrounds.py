"""Chooses a view of a radiance map that is well exposed as the background of a bracket."""

import dataclasses
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from lab.synthesis.maps import Kind
from lab.synthesis.views import View, random_view
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr

_SHARES: dict[Kind, float] = {"sharp": 0.52, "photograph": 0.22, "small": 0.26}
_TRIES = 36
_LOG_SATURATED = np.log([0.06, 0.45])  # share of the middle frame's pixels
LoadMap = Callable[[int], np.ndarray]
"""Loads a map by index, as `views.prepare_map` returns it."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Background:
    """A view with its brightness."""

    view: View
    scale: float
    """Factor from radiance of the map to radiance of the scene."""
    source: int
    lights: np.ndarray
    """`(N, 2)` pixels, x and y, some of those that the middle frame clips."""


def pick(kinds: Sequence[Kind], shares: dict[Kind, float], rng: np.random.Generator) -> int:
    """A random map: first one of the available kinds, then a map of that kind."""
    available: list[Kind] = [kind for kind in shares if kind in kinds]
    weights = np.array([shares[kind] for kind in available])
    kind = available[rng.choice(len(available), p=weights / weights.sum())]
    return int(rng.choice([i for i, other in enumerate(kinds) if other == kind]))


def choose_background(
    load_map: LoadMap,
    kinds: Sequence[Kind],
    rng: np.random.Generator,
    size: tuple[int, int],
    times: np.ndarray,
) -> Background:
    """The first random view without a fault, or the best of `_TRIES`.

    Args:
        load_map: Loads the maps, by index.
        kinds: Kind of each map.
        rng: Source of randomness.
        size: Height and width in pixels.
        times: `(3,)` relative exposure times.
    """
    reduction = max(1.0, max(size) / 256)
    small = [round(side / reduction) for side in size]
    candidates = []
    source = pick(kinds, _SHARES, rng)
    for attempt in range(_TRIES):
        if attempt % 4 == 3:  # several tries per map, so that difficult maps keep their share
            source = pick(kinds, _SHARES, rng)
        view = random_view(load_map(source), *size, rng)
        preview = view.render(small[0], small[1], np.diag([reduction, reduction, 1]))
        saturated = np.exp(rng.uniform(*_LOG_SATURATED))
        brightest = brightest_channel(preview)
        scale = float(1 / (np.quantile(brightest, 1 - saturated) * times[1]))
        faults = _faults(preview * scale, times, view)
        clipped = np.argwhere(brightest * scale * times[1] >= 1)[:, ::-1] * reduction
        candidates.append((faults, view, scale, source, clipped))
        if faults == 0:
            break
    _, view, scale, source, lights = min(candidates, key=lambda candidate: candidate[0])
    return Background(view=view, scale=scale, source=source, lights=lights)


def _faults(radiance: np.ndarray, times: np.ndarray, view: View) -> float:
    """Penalty of a background for a bracket; 0 is good enough."""
    brightest = brightest_channel(radiance)
    low, mid = hdr_to_ldr(radiance, 1.0), hdr_to_ldr(radiance, times[1])
    texture = np.abs(mid - cv2.GaussianBlur(mid, (0, 0), 2)).mean()
    flat = np.abs(low - cv2.GaussianBlur(low, (0, 0), 2)).max(-1) < 0.004
    exposure = (
        20 * (np.mean(brightest >= 1) - 0.03),  # clipped in the low frame
        5 * (np.mean(brightest * times[2] >= 1) - 0.75),  # clipped in the high frame
        5 * (0.2 - np.median(mid)),  # dark middle frame
        5 * (0.35 - np.quantile(brightest, 0.99)),  # low frame darker than its lights need
        60 * (0.012 - texture),  # a clear sky, a studio wall
    )
    content = (
        2 * (np.mean(flat & (mid.max(-1) >= 1)) - 0.15),  # low frame flat where mid clips
        60 * (0.016 - texture),
        3 * (0.45 - np.quantile(brightest, 0.97)),  # low frame adds hardly anything to mid
        0.5 * (view.zoom - 1.8),  # blurred view of a small map
    )
    return float(sum(max(x, 0.0) for x in exposure)) + float(sum(max(x, 0.0) for x in content))
