"""Compares the exposures of a chosen bracket with its pixels.

Judged on small versions of the frames, as `photo.reading.frame_choice` makes them.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from photo.reading.exposures import LARGEST_DISAGREEMENT, ExposureError
from photo.reading.frame_choice import LARGEST_STEP
from utils.radiometry.radiance import GAMMA
from utils.scenes.layouts import EXPOSURE_FILE

_DARKEST, _BRIGHTEST = 0.04, 0.9  # LDR values of pixels that tell a ratio
_MIDDLE = (0.35, 0.65)  # geometric mean of a pixel's two LDR values, to estimate a ratio
_FEWEST_PIXELS = 200  # to estimate an exposure ratio from


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
    fitting = (first > _DARKEST) & (second < _BRIGHTEST)
    usable = fitting & (middle > _MIDDLE[0]) & (middle < _MIDDLE[1])
    if usable.sum() < _FEWEST_PIXELS:
        return None
    return float(np.median(GAMMA * np.log2(second[usable] / first[usable])))


def mismatches(
    small: Sequence[np.ndarray], stops: np.ndarray, files: Sequence[str]
) -> tuple[str, ...]:
    """Warnings where the pixels tell another exposure step than the one that was claimed.

    Args:
        small: Low, reference and high, `(h, w, 3)` in [0, 1], of `small_version`.
        stops: `(3,)` what was claimed of them, ascending.
        files: Their file names.

    Raises:
        ExposureError: By the claim a darker picture should be the brighter one.
    """
    lines = []
    for dark, bright in ((0, 1), (1, 2)):
        step = float(stops[bright] - stops[dark])
        estimate = estimated_step(small[dark], small[bright])
        _require_order(small[dark], small[bright], estimate, (files[dark], files[bright]), step)
        if estimate is not None and abs(estimate - step) > LARGEST_DISAGREEMENT:
            lines.append(
                f"{files[bright]} should be {step:.1f} stops brighter than {files[dark]}; the"
                f" pixels say about {estimate:.1f}. Check the exposures ({EXPOSURE_FILE},"
                " --exposures); a camera's tone curve can be the cause, too."
            )
    return tuple(lines)


def _require_order(
    dark: np.ndarray,
    bright: np.ndarray,
    estimate: float | None,
    files: tuple[str, str],
    step: float,
) -> None:
    """Refuses exposures by which a darker picture should be the brighter one."""
    reversed_step = estimate is None or estimate < -LARGEST_DISAGREEMENT
    if bright.mean() < dark.mean() and reversed_step:
        said = "" if estimate is None else f", by about {-estimate:.1f} stops"
        raise ExposureError(
            f"The exposures are in the wrong order: {files[1]} should be {step:.1f} stops brighter"
            f" than {files[0]}, but is darker{said}. Give them in the order of the file names"
            f" ({EXPOSURE_FILE}, --exposures). Received: mean values {dark.mean():.2f} and"
            f" {bright.mean():.2f} of {files[0]} and {files[1]}"
        )
