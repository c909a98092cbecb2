"""Chooses three of a bracket's photographs and compares their pixels with their exposures.

All of it is judged on small versions of the frames, so that any number of large photographs can be
looked at one after the other.
"""

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

from utils.images.drawing import shrink
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import GAMMA

LARGEST_STEP = 4.0
"""Stops; further apart, two frames have hardly a well-exposed pixel in common."""

_SMALL = 384  # pixels of a small frame's longer side
_DARK, _BRIGHT = 0.1, 0.9  # LDR values between which a pixel is well exposed
_CLIPPED = 0.98  # LDR value from which a pixel is clipped
_BLACK = 0.04  # LDR value up to which a pixel is lost in noise and quantisation
_FEW = 1e-3  # share of clipped or black pixels that a wider bracket need not rescue
_SMALLEST_USEFUL_STEP = 1.0  # stops
_SMALLEST_DIFFERENCE = 0.1  # stops; exposures closer than this are equal
_MIDDLE = (0.35, 0.65)  # geometric mean of a pixel's two LDR values, to estimate a ratio
_FEWEST_PIXELS = 200  # to estimate an exposure ratio from


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """Three of N photographs."""

    indices: tuple[int, int, int]
    """Low, reference and high among the photographs."""
    notes: tuple[str, ...]
    """Why these, for people; empty if there were no others."""


def small_version(frame: np.ndarray) -> np.ndarray:
    """A `(H, W, 3)` uint8 or uint16 frame, shrunk to 384 pixels a side, as float32 in [0, 1]."""
    return ldr_to_float(shrink(frame, _SMALL))


def choose(small: Sequence[np.ndarray], values: np.ndarray, names: Sequence[str]) -> Choice:
    """Chooses low, reference and high.

    The reference is the frame with the most well-exposed pixels that has a darker and a brighter
    one beside it. On each side the pair gets wider, up to 4 stops, until nothing that the
    reference has lost is left to be rescued.

    Args:
        small: `(h, w, 3)` frames in [0, 1], of `small_version`.
        values: `(N,)` their stops.
        names: Their file names.

    Returns:
        The choice; frames of equal exposure count once, the first of them.

    Raises:
        ValueError: Fewer than three different exposures.
    """
    order = _different(values)
    if len(order) < 3:
        listed = ", ".join(f"{n} {v:g}" for n, v in zip(names, values - values.min(), strict=True))
        raise ValueError(
            "A bracket needs three photographs of different exposure; two or equal ones give the"
            f" network nothing to merge. Received: {listed} stops"
        )
    good = [_well_exposed(small[index]) for index in order]
    middle = 1 + int(np.argmax(good[1:-1]))
    reference = order[middle]
    low = _outwards(order[middle - 1 :: -1], values, reference, [_clipped(x) for x in small])
    high = _outwards(order[middle + 1 :], values, reference, [_black(x) for x in small])
    notes = _explain((low, reference, high), values, names, good[middle])
    return Choice(indices=(low, reference, high), notes=notes if len(names) > 3 else ())


def step_warnings(values: np.ndarray) -> tuple[str, ...]:
    """A warning for every step of a chosen bracket that is wider than 4 stops."""
    return tuple(
        f"The step from {side} is {step:.1f} stops; beyond {LARGEST_STEP:g} the networks have seen"
        " nothing like it: expect noise or bands where only one frame is well exposed."
        for side, step in zip(
            ("low to reference", "reference to high"), np.diff(values), strict=True
        )
        if step > LARGEST_STEP + 0.05
    )


def estimated_step(dark: np.ndarray, bright: np.ndarray) -> float | None:
    """Stops between two frames as their pixels tell it.

    The median ratio of linearised values over the pixels whose two values lie about the middle of
    the range: there a camera's tone curve is closest to the gamma that is assumed; in the shadows
    it is steeper, in the highlights flatter, by a stop and more. Frames are blurred, which stands
    up to motion of some pixels.

    Args:
        dark: `(h, w, 3)` frame in [0, 1], of `small_version`.
        bright: The brighter frame, of the same size.

    Returns:
        Stops; None if too few pixels are well exposed in both.
    """
    first, second = (cv2.GaussianBlur(x, (0, 0), 2.0)[..., 1] for x in (dark, bright))
    middle = np.sqrt(first * second)
    usable = (middle > _MIDDLE[0]) & (middle < _MIDDLE[1]) & (second < _BRIGHT) & (first > _BLACK)
    if usable.sum() < _FEWEST_PIXELS:
        return None
    return float(np.median(GAMMA * np.log2(second[usable] / first[usable])))


def _different(values: np.ndarray) -> list[int]:
    """Indices by ascending exposure, those of equal exposure left out but for the first."""
    kept: list[int] = []
    for index in np.argsort(values, kind="stable"):
        if not kept or values[index] - values[kept[-1]] >= _SMALLEST_DIFFERENCE:
            kept.append(int(index))
    return kept


def _outwards(
    candidates: Sequence[int], values: np.ndarray, reference: int, lost: Sequence[float]
) -> int:
    """The nearest frame that has lost next to nothing, else the widest one that is useful."""
    steps = [abs(values[index] - values[reference]) for index in candidates]
    useful = [
        index
        for index, step in zip(candidates, steps, strict=True)
        if _SMALLEST_USEFUL_STEP <= step <= LARGEST_STEP
    ]
    if not useful:  # all nearer than one stop: the widest; or all beyond four: the nearest
        near = [i for i, step in zip(candidates, steps, strict=True) if step <= LARGEST_STEP]
        return near[-1] if near else candidates[0]
    return next((index for index in useful if lost[index] <= _FEW), useful[-1])


def _well_exposed(small: np.ndarray) -> float:
    return float(((small.min(-1) > _DARK) & (small.max(-1) < _BRIGHT)).mean())


def _clipped(small: np.ndarray) -> float:
    return float((small.max(-1) >= _CLIPPED).mean())


def _black(small: np.ndarray) -> float:
    return float((small.max(-1) <= _BLACK).mean())


def _explain(
    indices: tuple[int, int, int], values: np.ndarray, names: Sequence[str], share: float
) -> tuple[str, ...]:
    low, reference, high = indices
    return (
        f"Of {len(names)} photographs these are used: {names[low]}"
        f" ({values[low] - values[reference]:+.1f} stops), {names[reference]} (reference,"
        f" {100 * share:.0f}% of its pixels well exposed),"
        f" {names[high]} ({values[high] - values[reference]:+.1f} stops).",
    )
