"""Fits a homography between two frames of a bracket and measures how much it reduces their error.

It is fitted to SIFT features; where few match, it is only affine, or a translation. First the
source's grey values are matched to the reference's histogram, because the camera's tone curve is
unknown: with exposure times and a gamma, two stops of a consumer camera look like four in the
shadows and like one in the highlights.
"""

import dataclasses

import cv2
import numpy as np
from skimage.exposure import match_histograms

from utils.camera_motion.consensus import FEWEST, Grade, consensus

_SMALLEST_GAIN = 0.1  # relative fall of the error from which a fit is used
_SMALLEST_SHIFT = 0.1  # pixels; below it resampling blurs more than it aligns
_LARGEST_SHIFT = 0.15  # of the diagonal; beyond it the fit is wrong or the frames do not overlap
_SIDE = 1200  # pixels of the longer side on which features are found
_FEATURES = 3000
_CONTRAST = 0.01  # of SIFT; the default 0.04 finds no features in shadows
_RATIO = 0.8  # Lowe's ratio test
_RANGE = (0.04, 0.94)  # LDR values in which a pixel can be compared

Features = tuple[np.ndarray, np.ndarray]
"""`(N, 2)` places in pixels and `(N, 128)` descriptors."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """A homography from a source frame to the reference, and the error before and after."""

    homography: np.ndarray
    """`(3, 3)`, full-size pixels of the source to those of the reference."""
    grade: Grade
    shift: float
    """Largest displacement of a corner in pixels."""
    error_before: float
    """Mean absolute difference of the exposure-normalised frames, LDR in [0, 1]."""
    error_after: float
    """The same over the same pixels with the homography."""

    @property
    def worthwhile(self) -> bool:
        """Corners move by a tenth of a pixel or more, and the error falls by a tenth or more."""
        return (
            self.shift >= _SMALLEST_SHIFT
            and self.error_after <= (1 - _SMALLEST_GAIN) * self.error_before
        )


class Reference:
    """The frame that sources are fitted to; its features are computed once."""

    def __init__(self, frame: np.ndarray) -> None:
        """Computes the features of the reference, `(H, W, 3)` uint8 or uint16."""
        self._size = frame.shape[:2]
        self._scale = min(1.0, _SIDE / max(self._size))
        self._grey = _grey(frame, self._scale)
        self._features = _find_features(self._grey)
        self.detail = len(self._features[0])
        """Number of features."""

    def fit(self, source: np.ndarray) -> Fit | None:
        """Fits a homography and measures the error before and after.

        Args:
            source: `(H, W, 3)` frame of the reference's shape and type.

        Returns:
            The fit of the largest freedom that enough matches agree on; None if there are too few
            for any, or the motion is too large.
        """
        grey = _grey(source, self._scale)
        normalised = match_histograms(grey, self._grey).astype(np.float32)
        matches = _match_features(_find_features(normalised), self._features)
        found = consensus(*matches)
        if found is None:
            return None
        grade, homography = found
        zoom = np.diag([self._scale, self._scale, 1.0])
        full = np.linalg.inv(zoom) @ homography @ zoom
        shift = _corner_shift(full, *self._size)
        if not shift <= _LARGEST_SHIFT * np.hypot(*self._size):
            return None
        before, after = _errors(grey, normalised, self._grey, homography)
        if not np.isfinite([before, after]).all():
            return None
        return Fit(
            homography=full, grade=grade, shift=shift, error_before=before, error_after=after
        )


def _grey(frame: np.ndarray, scale: float) -> np.ndarray:
    """`(h, w)` float32 luma in [0, 1]."""
    size = [max(1, round(scale * side)) for side in frame.shape[1::-1]]
    small = frame if scale == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return grey.astype(np.float32) / np.float32(np.iinfo(frame.dtype).max)


def _find_features(image: np.ndarray) -> Features:
    sift = cv2.SIFT.create(_FEATURES, contrastThreshold=_CONTRAST)
    found, descriptors = sift.detectAndCompute(np.rint(255 * image).astype(np.uint8), None)
    places = np.array([point.pt for point in found], np.float32).reshape(-1, 2)
    return places, np.zeros((0, 128), np.float32) if descriptors is None else descriptors


def _match_features(source: Features, reference: Features) -> tuple[np.ndarray, np.ndarray]:
    """`(N, 2)` places in the source, and of their matches in the reference."""
    if min(len(source[0]), len(reference[0])) < min(FEWEST.values()):
        return source[0][:0], reference[0][:0]
    of_source, of_reference = match_descriptors(source[1], reference[1])
    return source[0][of_source], reference[0][of_reference]


def match_descriptors(source: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Matches descriptors by distance, where Lowe's ratio test holds.

    Args:
        source: `(N, 128)` SIFT descriptors.
        reference: `(M, 128)` SIFT descriptors, M at least 2.

    Returns:
        Indices of matched descriptors: of the source, ascending, and of the reference.

    The same as OpenCV's brute-force matcher in a third of the time. SIFT descriptors are integers
    up to 255, so their products are exact in float32.
    """
    rows = np.arange(len(source))
    distances = np.square(reference).sum(1) - 2 * (source @ reference.T)
    distances += np.square(source).sum(1)[:, None]
    best = distances.argmin(1)
    nearest = distances[rows, best]
    distances[rows, best] = np.inf
    (kept,) = np.nonzero(nearest < _RATIO**2 * distances.min(1))
    return kept, best[kept]


def _corner_shift(homography: np.ndarray, height: int, width: int) -> float:
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    moved = cv2.perspectiveTransform(corners, homography)
    return float(np.linalg.norm(moved - corners, axis=-1).max())


def _errors(
    source: np.ndarray, normalised: np.ndarray, reference: np.ndarray, homography: np.ndarray
) -> tuple[float, float]:
    """Mean absolute difference before and after, over pixels well exposed in all images."""
    size = reference.shape[::-1]
    covered = cv2.warpPerspective(np.ones_like(source), homography, size) > 0.99
    warped_source = cv2.warpPerspective(source, homography, size)
    warped = cv2.warpPerspective(normalised, homography, size)
    low, high = _RANGE
    mask = covered
    for image in (source, warped_source, reference, normalised, warped):
        mask = mask & (image > low) & (image < high)
    if mask.sum() < 200:
        return np.nan, np.nan
    before, after = (np.abs(x - reference)[mask].mean() for x in (normalised, warped))
    return float(before), float(after)
