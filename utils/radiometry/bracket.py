"""Names and indices of the frames of a bracket, and exposure times."""

from models.frames import FRAMES, HIGH, LOW, MERGING, MID, MID_FRAME, SOURCE_FRAME
from utils.radiometry.radiance import Array

__all__ = [
    "ALIGNED_FRAME",
    "FRAMES",
    "HIGH",
    "LOW",
    "MERGING",
    "MID",
    "MID_FRAME",
    "SOURCE_FRAME",
    "SOURCE_FRAMES",
    "WIDEST_KNOWN",
    "exposure_times",
    "per_frame",
    "wider_than_known",
]

SOURCE_FRAMES = tuple(SOURCE_FRAME.values())
"""Indices in a bracket of the frames that are aligned, low and high."""

ALIGNED_FRAME = {side: place for place, side in enumerate(SOURCE_FRAME)}
"""Index of each side in arrays of low and high alone."""

WIDEST_KNOWN = 3.0
"""Stops between frames that the shipped weights know well; some scenes of esbn-24 had 4."""


def exposure_times(exposure_values: Array) -> Array:
    """Relative exposure times `2 ** ev` of exposure values in stops, any shape."""
    return 2.0**exposure_values


def per_frame(values: Array) -> Array:
    """Reshapes `(..., 3)` values, one a frame, to broadcast against `(..., 3, H, W, 3)` frames."""
    return values[..., None, None, None]


def wider_than_known(stops: float) -> bool:
    """True for steps above 3 stops, with a margin for rounded shutter times."""
    return stops > WIDEST_KNOWN + 0.15
