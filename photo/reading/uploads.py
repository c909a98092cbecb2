"""Checks the input of the page: number and size of files, typed stops."""

import math
from collections.abc import Sequence
from pathlib import Path

from utils.scenes.tree import natural_key

MOST_FILES = 12
ALL_MEGABYTES = 400


def checked(uploads: Sequence[str]) -> list[Path]:
    """The uploaded files, by name.

    Raises:
        ValueError: They are too many or too large, or two have one name.
        OSError: A file was removed in the meantime.
    """
    paths = sorted((Path(x) for x in uploads), key=lambda path: natural_key(path.name))
    names = [path.name for path in paths]
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    if len(paths) > MOST_FILES or megabytes > ALL_MEGABYTES:
        raise ValueError(
            f"The page takes {MOST_FILES} photographs of {ALL_MEGABYTES} MB together; use"
            f" reconstruction_fusion.py for more. Received: {len(paths)} of {megabytes:.0f} MB"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"Photographs need different names. Received: {', '.join(names)}")
    return paths


def typed_stops(texts: Sequence[str], names: Sequence[str]) -> list[float]:
    """Numbers of stops as people type them, with a point or a comma.

    Raises:
        ValueError: One is missing or no number.
    """
    try:
        stops = [float(text.strip().replace(",", ".")) for text in texts]
    except ValueError:
        stops = []
    if len(stops) != len(names) or not all(map(math.isfinite, stops)):
        listed = ", ".join(f"{name} {text!r}" for name, text in zip(names, texts, strict=False))
        raise ValueError(
            "Every photograph needs its stops: a number, 2 more for four times the light."
            f" Received: {listed}"
        )
    return stops
