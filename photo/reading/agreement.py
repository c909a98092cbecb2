"""Compares the exposures of a chosen bracket with the pixels of its thumbnails."""

from collections.abc import Sequence

import cv2
import numpy as np

from photo.reading.exposures import LARGEST_DISAGREEMENT, ExposureError
from utils.radiometry.bracket import WIDEST_KNOWN, wider_than_known
from utils.scenes.exposure_files import measure_stops
from utils.scenes.layouts import EXPOSURE_FILE

_STEEPEST = 1.5
"""Slope of a camera's tone curve in the mid-tones, relative to the assumed gamma's, at most.

A right step of 2 stops looks like 2.2 to 2.7 in the JPEGs of consumer cameras."""


def step_warnings(values: np.ndarray) -> tuple[str, ...]:
    """A warning for every step of a chosen bracket that is wider than 3 stops."""
    return tuple(
        f"The step from {side} is {step:.1f} stops; the networks know at most {WIDEST_KNOWN:g}"
        " well: expect noise or bands, unless nothing moves."
        for side, step in zip(
            ("low to reference", "reference to high"), np.diff(values), strict=True
        )
        if wider_than_known(step)
    )


def mismatches(
    small: Sequence[np.ndarray],
    stops: np.ndarray,
    files: Sequence[str],
    by_exif: Sequence[float | None] = (None, None, None),
) -> tuple[str, ...]:
    """Warnings about exposure steps that differ from those measured in the pixels.

    Args:
        small: Low, reference and high, `(h, w, 3)` in [0, 1], of `small_version`.
        stops: `(3,)` their stops by EXIF, file or flag, ascending.
        files: Their file names.
        by_exif: Their stops by EXIF, on any scale. Where EXIF confirms a step, the camera's tone
            curve may be why the pixels differ.

    Raises:
        ExposureError: A frame of more stops is darker.
    """
    lines = []
    # Blurred to reduce noise and small motion.
    measured = measure_stops([cv2.GaussianBlur(frame, (0, 0), 2.0) for frame in small])
    for (dark, bright), estimate in zip(((0, 1), (1, 2)), measured, strict=True):
        step = float(stops[bright] - stops[dark])
        _require_order(small[dark], small[bright], estimate, (files[dark], files[bright]), step)
        first, second = by_exif[dark], by_exif[bright]
        confirmed = (
            first is not None
            and second is not None
            and abs(second - first - step) <= LARGEST_DISAGREEMENT
        )
        by_curve = confirmed and step < estimate <= _STEEPEST * step
        if abs(estimate - step) > LARGEST_DISAGREEMENT and not by_curve:
            lines.append(
                f"{files[bright]} should be {step:.1f} stops brighter than {files[dark]}; measured"
                f" in the pixels: about {estimate:.1f}. Check the exposures ({EXPOSURE_FILE},"
                " --exposures); the camera's tone curve can be the cause, too."
            )
    return tuple(lines)


def _require_order(
    dark: np.ndarray,
    bright: np.ndarray,
    estimate: float,
    files: tuple[str, str],
    step: float,
) -> None:
    """Raises if the frame of more stops is the darker one."""
    if bright.mean() < dark.mean() and not estimate >= -LARGEST_DISAGREEMENT:
        said = "" if np.isnan(estimate) else f", by about {-estimate:.1f} stops"
        raise ExposureError(
            f"The exposures are in the wrong order: {files[1]} should be {step:.1f} stops brighter"
            f" than {files[0]}, but is darker{said}. Give them in the order of the file names"
            f" ({EXPOSURE_FILE}, --exposures). Received: mean values {dark.mean():.2f} and"
            f" {bright.mean():.2f} of {files[0]} and {files[1]}"
        )
