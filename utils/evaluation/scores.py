"""Scores of each protocol, with the protocol's clipping, windows and ranges."""

import cv2
import numpy as np

from utils.evaluation.psnr_ssim import Metrics, psnr, ssim
from utils.radiometry.bracket import SOURCE_FRAME, SOURCE_FRAMES
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr, mu_law
from utils.scenes.scene import Scene

_NTIRE_GAMMA = 2.24  # of the challenge's files
_AREA = (5, 5)  # pixels over which a difference is averaged
_MOVED = 0.05  # LDR


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


def score_alignment(
    aligned: np.ndarray, scene: Scene, merged: np.ndarray | None = None
) -> dict[str, float]:
    """Scores aligned frames against the truth exposed like each frame, and what they merge to.

    Args:
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high.
        scene: Their scene, with the source frames as they are.
        merged: `(H, W, 3)` radiance; None: not scored.

    Returns:
        PSNR and SSIM of each side in LDR, not quantised, and of radiance, by their names; over all
        pixels and where something has `moved` (NaN if nothing has).

    Raises:
        ValueError: The scene has no truth.
    """
    if scene.hdr is None:
        raise ValueError(f"Scene {scene.name} has no truth to measure against. Received: None")
    numbers, masks = {}, moved(scene)
    for side, frame, mask in zip(SOURCE_FRAME, aligned, masks, strict=True):
        exposed = hdr_to_ldr(scene.hdr, scene.exposure_times[SOURCE_FRAME[side]])
        numbers[f"PSNR {side}"] = psnr(frame, exposed)
        numbers[f"PSNR {side}, moved"] = psnr(frame[mask], exposed[mask])
        numbers[f"SSIM {side}"] = ssim(frame, exposed, data_range=1.0, gaussian=True)
        numbers[f"SSIM {side}, moved"] = ssim(
            frame, exposed, data_range=1.0, gaussian=True, where=mask
        )
    if merged is not None:
        result_mu, truth_mu, mask = mu_law(merged), mu_law(scene.hdr), masks.any(0)
        numbers["merged PSNR-μ"] = psnr(result_mu, truth_mu)
        numbers["merged PSNR-μ, moved"] = psnr(result_mu[mask], truth_mu[mask])
        numbers["merged PSNR-l"] = psnr(merged, scene.hdr)
    return numbers


def moved(scene: Scene) -> np.ndarray:
    """Where low and high show something else than the truth does, exposed like them.

    That is where the mean over 5x5 pixels of their difference exceeds 0.05 of LDR in a channel,
    widened by two pixels. The mean leaves out noise.

    Returns:
        `(2, H, W)` bool.
    """
    masks = []
    for index in SOURCE_FRAMES:
        exposed = hdr_to_ldr(scene.hdr, scene.exposure_times[index])
        difference = cv2.blur(ldr_to_float(scene.ldr[index]) - exposed, _AREA)
        other = brightest_channel(np.abs(difference)) > _MOVED
        masks.append(cv2.dilate(other.astype(np.uint8), np.ones(_AREA)) > 0)
    return np.stack(masks)


def _through_challenge_file(hdr: np.ndarray) -> np.ndarray:
    """Radiance encoded as in the challenge's files."""
    encoded = np.clip(hdr, 0, None).astype(np.float64) ** (1 / _NTIRE_GAMMA)
    ratio = 65535 / max(float(encoded.max()), 1e-6)
    return np.rint(encoded * ratio) / ratio
