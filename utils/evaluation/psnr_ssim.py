"""PSNR and SSIM of a result against the truth, of radiance and after the mu-law.

A protocol chooses the clipping, the window and the range: utils/evaluation/protocols.py.
"""

import dataclasses
import math
from typing import Any

import numpy as np
from skimage.metrics import structural_similarity

_LARGEST_ERROR = 1e6  # mean square, relative to the peak's


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metrics:
    """Scores of one reconstructed scene: `_mu` after the mu-law, `_l` linear."""

    psnr_mu: float
    psnr_l: float
    ssim_mu: float
    ssim_l: float


def psnr(result: np.ndarray, truth: np.ndarray, *, peak: float = 1.0) -> float:
    """Peak signal-to-noise ratio `10 log10(peak ** 2 / MSE)`; nothing is clipped.

    The mean squared error is over all pixels and channels together.

    Args:
        result: Array of any shape.
        truth: Array of the same shape.
        peak: Largest value of the signal.

    Returns:
        dB; infinite if the arrays are equal, NaN if they are empty.

    Raises:
        ValueError: The shapes differ, a value is not finite, or the ratio is below -60 dB, which
            would outweigh all other scenes of a mean.
    """
    _require_same_shape(result, truth)
    if not truth.size:
        return math.nan
    with np.errstate(over="ignore", invalid="ignore"):  # raises below
        error = float(np.mean(np.square(result - truth), dtype=np.float64))
    _require_finite(error if error <= _LARGEST_ERROR * peak**2 else math.inf, result, truth)
    return math.inf if error == 0 else 10.0 * math.log10(peak**2 / error)


def ssim(
    result: np.ndarray,
    truth: np.ndarray,
    *,
    data_range: float,
    gaussian: bool = False,
    where: np.ndarray | None = None,
) -> float:
    """Structural similarity, K1 = 0.01, K2 = 0.03: mean over channels and whole windows.

    Args:
        result: `(H, W, 3)`.
        truth: `(H, W, 3)`.
        data_range: Span of the values, which scales the two constants.
        gaussian: False: scikit-image's defaults, a uniform 7x7 window and unbiased variances;
            True: those of Wang et al. 2004 (DOI 10.1109/TIP.2003.819861), an 11x11 Gaussian
            window of sigma 1.5 and weighted variances.
        where: `(H, W)` bool: only windows about these pixels count.

    Returns:
        At most 1, for equal images; NaN without a window.

    Raises:
        ValueError: The shapes differ, the image is smaller than the window or `data_range` is 0.
    """
    _require_same_shape(result, truth)
    window = 11 if gaussian else 7
    if min(truth.shape[:2]) < window:
        raise ValueError(f"SSIM needs {window} pixels a side. Received: {truth.shape}")
    if not data_range > 0:
        raise ValueError(f"data_range must be greater than 0. Received: {data_range}")
    with np.errstate(all="ignore"):  # raises below
        found: Any = structural_similarity(
            truth.astype(np.float64),  # as the scikit-image of the release's time did
            result.astype(np.float64),
            data_range=data_range,
            channel_axis=-1,
            win_size=window,
            gaussian_weights=gaussian,
            sigma=1.5,
            use_sample_covariance=not gaussian,
            full=True,
        )
    similarity, values = found
    _require_finite(similarity, result, truth)
    if where is None:
        return float(similarity)
    whole = np.s_[window // 2 : -(window // 2), window // 2 : -(window // 2)]
    chosen = values[whole][where[whole]]
    return float(chosen.mean()) if chosen.size else math.nan


def _require_finite(score: float, result: np.ndarray, truth: np.ndarray) -> None:
    if not math.isfinite(score):
        raise ValueError(
            "Result and truth must be finite, after the mu-law too, and of one scale, in which 1"
            f" saturates the darkest frame. Received: {_odd(result)} of the result and"
            f" {_odd(truth)} of the truth"
        )


def _odd(x: np.ndarray) -> str:
    bad = x[~np.isfinite(x)]
    return f"{bad.size} values such as {bad[0]}" if bad.size else f"values up to {np.abs(x).max()}"


def _require_same_shape(result: np.ndarray, truth: np.ndarray) -> None:
    if result.shape != truth.shape:
        raise ValueError(
            f"Result and truth must have one shape. Received: {result.shape} and {truth.shape}"
        )
