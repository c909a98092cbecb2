"""Scores of each protocol, with the protocol's clipping, windows and ranges."""

import numpy as np

from utils.evaluation.psnr_ssim import AlignmentMetrics, Metrics, psnr, ssim
from utils.radiometry.bracket import ALIGNED_FRAME, HIGH, LOW, SOURCE_FRAME, SOURCE_FRAMES
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import hdr_to_ldr, mu_law
from utils.scenes.scene import Scene

_NTIRE_GAMMA = 2.24  # of the challenge's files


def score_full(result: np.ndarray, truth: np.ndarray) -> Metrics:
    """PSNR unclipped with peak 1; SSIM of values clipped to [0, 1], Gaussian window.

    SSIM of `255 x` with range 255 is the SSIM of `x` with range 1.
    """
    clipped, clipped_truth = np.clip(result, 0, 1), np.clip(truth, 0, 1)
    return Metrics(
        psnr_mu=psnr(mu_law(result), mu_law(truth)),
        psnr_l=psnr(result, truth),
        ssim_mu=ssim(mu_law(clipped), mu_law(clipped_truth), data_range=1.0, gaussian=True),
        ssim_l=ssim(clipped, clipped_truth, data_range=1.0, gaussian=True),
    )


def score_release(result: np.ndarray, truth: np.ndarray) -> Metrics:
    """PSNR unclipped with peak 1; SSIM unclipped with the truth's range, uniform window."""
    result_mu, truth_mu = mu_law(result), mu_law(truth)
    return Metrics(
        psnr_mu=psnr(result_mu, truth_mu),
        psnr_l=psnr(result, truth),
        ssim_mu=ssim(result_mu, truth_mu, data_range=float(np.ptp(truth_mu))),
        ssim_l=ssim(result, truth, data_range=float(np.ptp(truth))),
    )


def score_ntire(result: np.ndarray, truth: np.ndarray) -> Metrics:
    """Scores of the NTIRE challenges' toolkit, which reads gamma-encoded 16-bit files.

    Both images are encoded as such a file: `x ** (1 / 2.24)`, scaled so that the largest value is
    65535, and rounded. PSNR-l is computed on encoded values, with the truth's largest as peak;
    PSNR-mu on decoded values, divided by the truth's 99th percentile, after tanh and the mu-law.
    The challenges have no SSIM; it is computed like that of `full` on the same values.
    """
    encoded, encoded_truth = _through_challenge_file(result), _through_challenge_file(truth)
    linear, linear_truth = encoded**_NTIRE_GAMMA, encoded_truth**_NTIRE_GAMMA
    norm = float(np.percentile(linear_truth, 99))
    result_mu, truth_mu = (mu_law(np.tanh(x / norm)) for x in (linear, linear_truth))
    peak = float(encoded_truth.max())
    clipped = np.clip(encoded / peak, 0, 1)
    return Metrics(
        psnr_mu=psnr(result_mu, truth_mu),
        psnr_l=psnr(encoded, encoded_truth, peak=peak),
        ssim_mu=ssim(result_mu, truth_mu, data_range=1.0, gaussian=True),
        ssim_l=ssim(clipped, encoded_truth / peak, data_range=1.0, gaussian=True),
    )


def score_alignment(aligned: np.ndarray, scene: Scene) -> AlignmentMetrics:
    """Scores aligned frames against the truth, exposed like each frame.

    Args:
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high.
        scene: Their scene.

    Returns:
        PSNR of the aligned frames and of the input frames; the truth is not quantised.

    Raises:
        ValueError: The scene has no truth.
    """
    if scene.hdr is None:
        raise ValueError(f"Scene {scene.name} has no truth to measure against. Received: None")
    low, high = (hdr_to_ldr(scene.hdr, time) for time in scene.exposure_times[[*SOURCE_FRAMES]])
    return AlignmentMetrics(
        psnr_low=psnr(aligned[ALIGNED_FRAME[LOW]], low),
        psnr_high=psnr(aligned[ALIGNED_FRAME[HIGH]], high),
        psnr_input_low=psnr(ldr_to_float(scene.ldr[SOURCE_FRAME[LOW]]), low),
        psnr_input_high=psnr(ldr_to_float(scene.ldr[SOURCE_FRAME[HIGH]]), high),
    )


def _through_challenge_file(hdr: np.ndarray) -> np.ndarray:
    """Radiance encoded as in the challenge's files."""
    encoded = np.clip(hdr, 0, None).astype(np.float64) ** (1 / _NTIRE_GAMMA)
    ratio = 65535 / max(float(encoded.max()), 1e-6)
    return np.rint(encoded * ratio) / ratio
