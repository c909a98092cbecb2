"""Names of the networks and of the frames they take."""

LOW, MID, HIGH = FRAMES = ("low", "mid", "high")
"""Frames of a bracket, darkest first; mid is the reference. An alignment is named by its source."""

MERGING = "merging"
"""Name of the network that merges the three frames."""

NETWORKS = (LOW, HIGH, MERGING)
"""All three networks."""

MID_FRAME = FRAMES.index(MID)
"""Index of the reference in a bracket."""

SOURCE_FRAME = {side: FRAMES.index(side) for side in (LOW, HIGH)}
"""Index in a bracket of each alignment's source."""
