"""Compares photographs' orientation tags with their pixels.

A camera that points up or down writes wrong tags, and editors drop them.
"""

from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from utils.images.drawing import shrink
from utils.images.pictures import turn
from utils.radiometry.levels import to_8bit

_SIDE = 64  # pixels; smaller motion does not count
_ALIKE = 0.5  # correlation of equalised frames that show the same thing
_BETTER = 0.1  # correlation by which one orientation has to fit better than another


def overruled(tags: Sequence[int], small: Sequence[np.ndarray]) -> dict[int, int]:
    """Finds photographs whose orientation tag is odd and contradicts their pixels.

    Args:
        tags: Orientation tag of each photograph.
        small: `(h, w, 3)` float32 thumbnails in [0, 1], turned by their tags.

    Returns:
        For the index of each such photograph the tag that most others have.
    """
    usual, count = Counter(tags).most_common(1)[0]
    if count == len(tags) or 2 * count <= len(tags):
        return {}
    others = [_equalised(frame) for frame, tag in zip(small, tags, strict=True) if tag == usual]

    def fits(frame: np.ndarray) -> float:
        own = _equalised(frame)
        return max((_correlation(own, x) for x in others if x.shape == own.shape), default=-1.0)

    return {
        index: usual
        for index, (frame, tag) in enumerate(zip(small, tags, strict=True))
        if tag != usual and fits(turned(frame, tag, usual)) > max(_ALIKE, fits(frame) + _BETTER)
    }


def turned(frame: np.ndarray, tag: int, other: int) -> np.ndarray:
    """An upright frame as it would be if its file had another orientation tag."""
    return turn(turn(frame, {6: 8, 8: 6}.get(tag, tag)), other)


def _equalised(frame: np.ndarray) -> np.ndarray:
    """`(h, w)` uint8 greys of a flat histogram, which hardly depend on the exposure."""
    small = shrink(to_8bit(frame), _SIDE)
    return cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    if a.std() == 0 or b.std() == 0:
        return -1.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])
