"""Names the frames of a bracket and their places, and computes exposure times."""

from utils.radiometry.radiance import Array

LOW, MID, HIGH = FRAMES = ("low", "mid", "high")
"""The frames, darkest first; an alignment network has the name of the frame it takes."""

MERGING = "merging"
"""Name of the network that merges the three frames."""

MID_FRAME = FRAMES.index(MID)
"""Place of the reference frame in a bracket."""

SOURCE_FRAME = {side: FRAMES.index(side) for side in (LOW, HIGH)}
"""Place in a bracket of the source frame of each alignment."""

SOURCE_FRAMES = tuple(SOURCE_FRAME.values())
"""Places in a bracket of the frames that alignment makes anew, low and high."""

ALIGNED_FRAME = {side: place for place, side in enumerate(SOURCE_FRAME)}
"""Place of each side where low and high stand alone: aligned frames and their targets."""


def exposure_times(exposure_values: Array) -> Array:
    """Relative exposure times `2 ** ev` of exposure values in stops, any shape."""
    return 2.0**exposure_values


def per_frame(values: Array) -> Array:
    """Reshapes `(..., 3)` values, one a frame, to broadcast against `(..., 3, H, W, 3)` frames."""
    return values[..., None, None, None]
