"""PSNR and SSIM against known values and scikit-image."""

import math

import cv2
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from utils.evaluation.psnr_ssim import psnr, ssim


@pytest.fixture
def pair():
    generator = np.random.default_rng(0)
    truth = cv2.GaussianBlur(generator.random((48, 64, 3)).astype(np.float32), (9, 9), 2)
    return truth + generator.normal(0, 0.02, truth.shape).astype(np.float32), truth


@pytest.mark.parametrize(
    ("error", "peak", "expected"),
    [(0.1, 1, 20.0), (-0.01, 1, 40.0), (1.0, 1, 0.0), (25.5, 255, 20)],
)
def test_a_constant_error_has_the_psnr_of_its_size(error, peak, expected):
    truth = np.full((5, 7, 3), 0.95)  # so that some results are above 1: nothing is clipped
    assert psnr(truth + error, truth, peak=peak) == pytest.approx(expected)


def test_equal_images_have_infinite_psnr_and_ssim_one(pair):
    _, truth = pair
    assert psnr(truth, truth) == math.inf
    assert ssim(truth, truth, data_range=1.0) == pytest.approx(1.0)
    assert ssim(truth, truth, data_range=1.0, gaussian=True) == pytest.approx(1.0)


def test_psnr_and_default_ssim_are_those_of_scikit_image(pair):
    expected = peak_signal_noise_ratio(pair[1], pair[0], data_range=1.0)
    assert psnr(*pair) == pytest.approx(expected, abs=1e-6)
    result, truth = (image.astype(np.float64) for image in pair)
    span = float(np.ptp(truth))
    expected = structural_similarity(truth, result, data_range=span, channel_axis=-1)
    assert ssim(*pair, data_range=span) == pytest.approx(expected, abs=1e-9)


def test_gaussian_ssim_is_that_of_wang_on_values_to_255(pair):
    result, truth = (image.astype(np.float64) * 255 for image in pair)
    assert ssim(*pair, data_range=1.0, gaussian=True) == pytest.approx(
        _wang_ssim(result, truth), abs=1e-9
    )


def _wang_ssim(x, y):
    """SSIM as the field's PyTorch code writes it: 11x11, sigma 1.5, whole windows only."""
    window = cv2.getGaussianKernel(11, 1.5)

    def blur(image):
        return cv2.sepFilter2D(image, -1, window, window)[5:-5, 5:-5]

    mean_x, mean_y = blur(x), blur(y)
    variance_x, variance_y = blur(x * x) - mean_x**2, blur(y * y) - mean_y**2
    covariance = blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return np.mean(above / below)


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(ValueError, match=r"Received: \(4, 5, 3\) and \(5, 4, 3\)"):
        psnr(np.zeros((4, 5, 3)), np.zeros((5, 4, 3)))
    for size, data_range, message in (((10, 20), 1.0, "11 pixels"), ((20, 20), 0.0, "data_range")):
        black = np.zeros((*size, 3))
        with pytest.raises(ValueError, match=message):
            ssim(black, black, data_range=data_range, gaussian=True)
    black, bad = np.zeros((20, 20, 3)), np.full((20, 20, 3), 1001.0)
    assert psnr(black, bad - 2) == pytest.approx(-60, abs=0.01)
    assert psnr(black, bad, peak=2) > -60
    for pair, values in (
        ((black, bad), "0.0 of .* 1001.0 of the truth"),
        ((bad, black), "1001.0 of the result"),
    ):
        with pytest.raises(ValueError, match=f"of one scale, .*Received: values up to .*{values}"):
            psnr(*pair)
    bad = np.zeros((20, 20, 3))
    for value in (np.nan, np.inf):
        bad[0, 0, 0] = value
        with pytest.raises(ValueError, match=f"1 values such as {value} of the result"):
            psnr(bad, np.zeros_like(bad))
        with pytest.raises(ValueError, match="must be finite"):
            ssim(bad, np.zeros_like(bad), data_range=1.0)
