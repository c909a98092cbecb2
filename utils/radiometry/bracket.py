"""Names and indices of the frames of a bracket, and exposure times."""

from utils.radiometry.radiance import Array

LOW, MID, HIGH = FRAMES = ("low", "mid", "high")
"""The frames, darkest first; an alignment network has the name of its source frame."""

MERGING = "merging"
"""Name of the network that merges the three frames."""

MID_FRAME = FRAMES.index(MID)
"""Index of the reference frame in a bracket."""

SOURCE_FRAME = {side: FRAMES.index(side) for side in (LOW, HIGH)}
"""Index in a bracket of each alignment's source frame."""

SOURCE_FRAMES = tuple(SOURCE_FRAME.values())
"""Indices in a bracket of the frames that are aligned, low and high."""

ALIGNED_FRAME = {side: place for place, side in enumerate(SOURCE_FRAME)}
"""Index of each side in arrays of low and high alone."""


def exposure_times(exposure_values: Array) -> Array:
    """Relative exposure times `2 ** ev` of exposure values in stops, any shape."""
    return 2.0**exposure_values


def per_frame(values: Array) -> Array:
    """Reshapes `(..., 3)` values, one a frame, to broadcast against `(..., 3, H, W, 3)` frames."""
    return values[..., None, None, None]
