"""Takes out the camera's own motion before the networks see a bracket.

The alignment networks were trained on steady cameras: what moved was in the scene, by some tens of
pixels. A hand-held bracket moves as a whole, and by more. Here a homography is fitted to SIFT
features of the frames brought to one exposure, and used only where it measurably helps: see
`worthwhile`. To one exposure means that the source's grey values get the reference's histogram,
because a camera's tone curve is not known: by exposure times and a gamma alone, two stops of a
consumer camera look like four in the shadows and like one in the highlights.
"""

import dataclasses

import cv2
import numpy as np

from configs.settings import PrealignmentName
from utils.radiometry.radiance import GAMMA

SMALLEST_GAIN = 0.1
"""Share by which the error between the exposure-normalised frames must fall."""

_SMALLEST_SHIFT = 0.5  # pixels; below it resampling blurs more than it aligns
_LARGEST_SHIFT = 0.15  # of the diagonal; beyond it the fit is wrong or the frames do not overlap
_SIDE = 1200  # pixels of the longer side on which features are found
_FEATURES = 4000
_RATIO = 0.8  # Lowe's ratio test
_REPROJECTION = 2.0  # pixels, of RANSAC
_FEWEST_INLIERS = 25
_RANGE = (0.04, 0.94)  # LDR values in which a pixel can be compared


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """A homography from a source frame to the reference, and what it is worth."""

    homography: np.ndarray
    """`(3, 3)`, full-size pixels of the source to those of the reference."""
    shift: float
    """Largest displacement of a corner in pixels."""
    error_before: float
    """Mean absolute difference of the exposure-normalised frames, LDR in [0, 1]."""
    error_after: float
    """The same over the same pixels with the homography."""

    @property
    def worthwhile(self) -> bool:
        """Corners move by half a pixel or more, and the error falls by a tenth or more."""
        return (
            self.shift >= _SMALLEST_SHIFT
            and self.error_after <= (1 - SMALLEST_GAIN) * self.error_before
        )


def prealign(
    ldr: np.ndarray, exposure_times: np.ndarray, mode: PrealignmentName
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Aligns low and high to the reference as far as one homography each can.

    Args:
        ldr: `(3, H, W, 3)` uint8 or uint16 frames, darkest first.
        exposure_times: `(3,)` relative exposure times.
        mode: `auto`: where it is worthwhile; `on`: wherever a fit is found; `off`: not at all.

    Returns:
        The frames, same shape and type, what a frame does not show of the reference's view filled
        in from the reference; and a line for people about each side.
    """
    if mode == "off":
        return ldr, ("Pre-alignment is switched off.",)
    frames, notes = ldr, []
    for index, side in ((0, "low"), (2, "high")):
        fit = fit_homography(ldr[index], ldr[1])
        use = fit is not None and (mode == "on" or fit.worthwhile)
        notes.append(_describe(side, fit, use=use))
        if fit is None or not use:
            continue
        frames = ldr.copy() if frames is ldr else frames
        ratio = float(exposure_times[index] / exposure_times[1])
        frames[index] = _warp(ldr[index], ldr[1], fit.homography, ratio)
    return frames, tuple(notes)


def fit_homography(source: np.ndarray, reference: np.ndarray) -> Fit | None:
    """Fits a homography by features and RANSAC and measures what it is worth.

    Args:
        source: `(H, W, 3)` uint8 or uint16 frame.
        reference: The reference, same shape and type.

    Returns:
        The fit; None if there are too few matches, or it is no camera motion.
    """
    scale = min(1.0, _SIDE / max(source.shape[:2]))
    small_source, small_reference = (_grey(frame, scale) for frame in (source, reference))
    normalised = _match_histogram(small_source, small_reference)
    homography = _match_features(normalised, small_reference)
    if homography is None:
        return None
    height, width = source.shape[:2]
    zoom = np.diag([scale, scale, 1.0])
    full = np.linalg.inv(zoom) @ homography @ zoom
    shift = _corner_shift(full, height, width)
    if not shift <= _LARGEST_SHIFT * np.hypot(height, width):
        return None
    before, after = _errors(small_source, normalised, small_reference, homography)
    if not np.isfinite([before, after]).all():
        return None
    return Fit(homography=full, shift=shift, error_before=before, error_after=after)


def _grey(frame: np.ndarray, scale: float) -> np.ndarray:
    """`(h, w)` float32 green-ish grey in [0, 1]."""
    size = [max(1, round(scale * side)) for side in frame.shape[1::-1]]
    small = frame if scale == 1 else cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return grey.astype(np.float32) / np.float32(np.iinfo(frame.dtype).max)


def _match_histogram(source: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The source's values mapped, in order, so that it gets the reference's histogram."""
    levels = np.arange(256)
    source_shares, reference_shares = (
        np.cumsum(np.bincount(np.rint(255 * x).astype(np.uint8).ravel(), minlength=256)) / x.size
        for x in (source, reference)
    )
    mapped = np.interp(source_shares, reference_shares, levels) / 255
    return np.interp(source, levels / 255, mapped).astype(np.float32)


def _match_features(source: np.ndarray, reference: np.ndarray) -> np.ndarray | None:
    sift = cv2.SIFT.create(_FEATURES)
    points, descriptors = [], []
    for image in (source, reference):
        found, described = sift.detectAndCompute(np.rint(255 * image).astype(np.uint8), None)
        if described is None or len(found) < _FEWEST_INLIERS:
            return None
        points.append(np.array([point.pt for point in found], np.float32))
        descriptors.append(described)
    pairs = cv2.BFMatcher().knnMatch(*descriptors, k=2)
    good = [p[0] for p in pairs if len(p) == 2 and p[0].distance < _RATIO * p[1].distance]
    if len(good) < _FEWEST_INLIERS:
        return None
    first = points[0][[match.queryIdx for match in good]]
    second = points[1][[match.trainIdx for match in good]]
    cv2.setRNGSeed(0)
    homography, inliers = cv2.findHomography(first, second, cv2.RANSAC, _REPROJECTION)
    if homography is None or inliers.sum() < _FEWEST_INLIERS:
        return None
    return homography


def _corner_shift(homography: np.ndarray, height: int, width: int) -> float:
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], np.float64)
    moved = cv2.perspectiveTransform(corners, homography)
    return float(np.linalg.norm(moved - corners, axis=-1).max())


def _errors(
    source: np.ndarray, normalised: np.ndarray, reference: np.ndarray, homography: np.ndarray
) -> tuple[float, float]:
    """Mean absolute difference before and after, over pixels well exposed in both either way."""
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


def _warp(
    source: np.ndarray, reference: np.ndarray, homography: np.ndarray, ratio: float
) -> np.ndarray:
    """The source from the reference's view; gaps hold the reference at the source's exposure."""
    size = source.shape[1::-1]
    warped = cv2.warpPerspective(source, homography, size, flags=cv2.INTER_CUBIC)
    whole = np.full(source.shape[:2], 255, np.uint8)
    gaps = cv2.warpPerspective(whole, homography, size, flags=cv2.INTER_LINEAR) < 255
    largest = np.iinfo(source.dtype).max
    # (x^2.2 r)^(1/2.2), which needs no way through radiance
    filled = reference[gaps].astype(np.float32) * np.float32(ratio ** (1 / GAMMA))
    warped[gaps] = np.clip(np.rint(filled), 0, largest).astype(source.dtype)
    return warped


def _describe(side: str, fit: Fit | None, *, use: bool) -> str:
    if fit is None:
        return f"Pre-alignment of {side}: no homography fits, left as it is."
    return (
        f"Pre-alignment of {side}: {'used' if use else 'left as it is'}; a homography moves the"
        f" corners by up to {fit.shift:.1f} pixels and changes the error from"
        f" {fit.error_before:.4f} to {fit.error_after:.4f}."
    )
