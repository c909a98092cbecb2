"""Fits a homography, an affine map or a translation to matched places, some of them wrong."""

from typing import Literal

import cv2
import numpy as np

Grade = Literal["homography", "affine", "translation"]

FEWEST: dict[Grade, int] = {"homography": 25, "affine": 12, "translation": 6}
"""Matches that must agree on a map, by its freedom, the largest first."""

_REPROJECTION = 2.0  # pixels
_REFITS = 2  # by least squares to all matches that are as close


def consensus(first: np.ndarray, second: np.ndarray) -> tuple[Grade, np.ndarray] | None:
    """Fits the map of the largest freedom that enough matches agree on.

    Args:
        first: `(N, 2)` float32 places in pixels.
        second: `(N, 2)` their matches, some of them wrong.

    Returns:
        Its grade and the `(3, 3)` homography; None if there is none.
    """
    for grade, fewest in FEWEST.items():
        homography = _fit(first, second, grade, fewest)
        if homography is not None:
            return grade, homography
    return None


def _fit(first: np.ndarray, second: np.ndarray, grade: Grade, fewest: int) -> np.ndarray | None:
    """Fits robustly, then by least squares to all matches that agree."""
    if len(first) < fewest:
        return None
    homography = _robust(first, second, grade)
    for _ in range(_REFITS):
        if homography is None:
            return None
        moved = cv2.perspectiveTransform(first[None], homography)[0]
        close = np.linalg.norm(moved - second, axis=-1) < _REPROJECTION
        if close.sum() < fewest:
            return None
        homography = _least_squares(first[close], second[close], grade)
    return homography


def _robust(first: np.ndarray, second: np.ndarray, grade: Grade) -> np.ndarray | None:
    if grade == "homography":
        return cv2.findHomography(
            first, second, cv2.USAC_MAGSAC, _REPROJECTION, maxIters=10_000, confidence=0.9999
        )[0]
    if grade == "affine":
        found, _ = cv2.estimateAffine2D(
            first, second, None, cv2.RANSAC, _REPROJECTION, maxIters=10_000, confidence=0.9999
        )
        return None if found is None else np.vstack([found, (0, 0, 1)])
    moves = second - first
    distances = np.linalg.norm(moves[:, None] - moves[None], axis=-1)
    best = (distances < _REPROJECTION).sum(1).argmax()
    return _translation(moves[best])


def _least_squares(first: np.ndarray, second: np.ndarray, grade: Grade) -> np.ndarray | None:
    if grade == "homography":
        return cv2.findHomography(first, second)[0]
    if grade == "translation":
        return _translation((second - first).mean(0))
    known = np.column_stack([first, np.ones(len(first))])
    rows, _, rank, _ = np.linalg.lstsq(known, second, rcond=None)
    return np.vstack([rows.T, (0, 0, 1)]) if rank == 3 else None


def _translation(move: np.ndarray) -> np.ndarray:
    return np.array([[1, 0, move[0]], [0, 1, move[1]], [0, 0, 1]], np.float64)
