"""Names the networks and the frames that they take; the models' own home of these."""

LOW, MID, HIGH = FRAMES = ("low", "mid", "high")
"""A bracket's frames, darkest first; mid is the reference. An alignment is named by its source."""

MERGING = "merging"
"""Name of the network that merges the three frames."""

NETWORKS = (LOW, HIGH, MERGING)
"""The networks of the whole."""

MID_FRAME = FRAMES.index(MID)
"""Place of the reference in a bracket."""

SOURCE_FRAME = {side: FRAMES.index(side) for side in (LOW, HIGH)}
"""Place in a bracket of the frame that each alignment takes as its source."""
