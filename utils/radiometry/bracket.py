"""Names the frames of a bracket and their places, and computes exposure times."""

from utils.radiometry.radiance import Array

LOW, HIGH, MERGING = "low", "high", "merging"
MID_FRAME = 1
SOURCE_FRAME = {LOW: 0, HIGH: 2}


def exposure_times(exposure_values: Array) -> Array:
    """Relative exposure times `2 ** ev` of exposure values in stops, any shape."""
    return 2.0**exposure_values


def per_frame(values: Array) -> Array:
    """Reshapes `(..., 3)` values, one a frame, to broadcast against `(..., 3, H, W, 3)` frames."""
    return values[..., None, None, None]
