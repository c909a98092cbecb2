"""Compares what photographs show, by matching features of thumbnails."""

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from photo.reading.camera_files import read_photo
from photo.reading.frame_choice import small_version
from utils.camera_motion.homography import Reference
from utils.radiometry.levels import to_8bit

_NEIGHBOURS = 4  # photographs on each side of a gap that are compared; brackets step by step
_FEWEST = 50  # features below which a photograph shows too little to be compared


def by_likeness(paths: Sequence[Path]) -> list[int]:
    """Splits photographs, in the order they were taken, where they begin to show something else.

    Two photographs show the same if a map between their features is found (`Reference.fit`).
    Between two photographs is a gap if none of those before it fits one of those behind it. One
    that is nearly black, or cannot be read, belongs to the one before it.

    Returns:
        The number of photographs in each part.
    """
    thumbnail = functools.lru_cache(4 * _NEIGHBOURS)(lambda index: _thumbnail(paths[index]))
    gaps = [0]
    for place in tqdm(range(1, len(paths)), "comparing", leave=False):
        if thumbnail(place) is None:
            continue
        before = range(max(gaps[-1], place - _NEIGHBOURS), place)
        behind = range(place, min(place + _NEIGHBOURS, len(paths)))
        pairs = sorted(itertools.product(before, behind), key=lambda pair: pair[1] - pair[0])
        comparable = any(thumbnail(index) for index in before)
        if comparable and not any(_alike(thumbnail(a), thumbnail(b)) for a, b in pairs):
            gaps.append(place)
    return [b - a for a, b in itertools.pairwise([*gaps, len(paths)])]


_Thumbnail = tuple[np.ndarray, Reference]


def _thumbnail(path: Path) -> _Thumbnail | None:
    """`(h, w, 3)` uint8 and its features; None if there is nothing to compare."""
    try:
        small = to_8bit(small_version(read_photo(path).frame))
    except (ValueError, OSError):  # reported when it is merged
        return None
    reference = Reference(small)
    return (small, reference) if reference.detail >= _FEWEST else None


def _alike(first: _Thumbnail | None, second: _Thumbnail | None) -> bool:
    if first is None or second is None or first[0].shape != second[0].shape:
        return False
    return second[1].fit(first[0]) is not None
