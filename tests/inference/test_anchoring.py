"""Anchoring: brightness of the reference, details of the merged picture."""

import cv2
import numpy as np
import pytest

from utils.inference.anchoring import anchor
from utils.radiometry.levels import to_16bit, to_display
from utils.radiometry.radiance import hdr_to_ldr, mu_law

TIME = 4.0


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Radiance that the reference does not clip, without details."""
    noise = np.random.default_rng(seed).random((4, 6, 3), np.float32)
    return 0.02 + 0.1 * cv2.resize(noise, (128, 96))[:height, :width]


def drifted(truth: np.ndarray) -> np.ndarray:
    """The truth with a brightness that drifts by a tenth."""
    drift = 1 + 0.2 * (smooth(*truth.shape[:2], seed=1) / 0.12 - 0.5)
    return (truth * drift).astype(np.float32)


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(mu_law(a) - mu_law(b)))))


@pytest.mark.parametrize(
    ("size", "to_levels"),
    [((96, 128), to_16bit), ((61, 47), to_display), ((5, 3), np.float32), ((1, 1), to_16bit)],
)
def test_a_drift_of_brightness_is_taken_back(size, to_levels):
    truth = smooth(*size)
    merged = drifted(truth)
    result = anchor(merged, to_levels(hdr_to_ldr(truth, TIME)), TIME)
    assert result.dtype == np.float32
    assert result.shape == truth.shape
    assert error(result, truth) < 0.2 * error(merged, truth)


def test_details_are_those_of_the_merged_picture():
    truth = smooth(96, 128)
    details = truth * (1 + 0.1 * (np.indices((96, 128)).sum(0) % 2 - 0.5))[..., None]
    result = anchor(details.astype(np.float32), hdr_to_ldr(truth, TIME), TIME)
    assert error(result, details) < 0.1 * error(details, truth)


def test_noise_of_the_reference_stays_behind():
    truth = smooth(96, 128)
    noise = 1 + 0.1 * np.random.default_rng(2).standard_normal(truth.shape)
    noisy = (truth * noise).astype(np.float32)
    result = anchor(truth, hdr_to_ldr(noisy, TIME), TIME)
    assert error(result, truth) < 0.15 * error(noisy, truth)


def test_what_the_reference_clips_stays_as_it_is():
    truth = smooth(96, 128)
    truth[:, 60:] += 0.5  # clipped at exposure time 4
    merged = truth * 0.7
    result = anchor(merged, hdr_to_ldr(truth, TIME), TIME)
    np.testing.assert_array_equal(result[:, 60:], merged[:, 60:])
    # The clipped side says nothing about the other: up to the edge that is right.
    assert error(result[:, :60], truth[:, :60]) < 0.1 * error(merged[:, :60], truth[:, :60])


def test_an_area_is_not_scaled_beyond_twice_its_brightness():
    truth = smooth(96, 128)
    dark = truth / 20
    result = anchor(dark, hdr_to_ldr(truth, TIME), TIME)
    assert (result <= 2 * dark + 1 / 5000).all()
    assert np.isfinite(result).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_black_and_white_stay_in_range(value):
    merged = np.full((24, 32, 3), value, np.float32)
    for ldr in (np.zeros_like(merged), np.ones_like(merged)):
        result = anchor(merged, ldr, TIME)
        assert result.min() >= 0
        assert result.max() <= 1


@pytest.mark.parametrize(("size", "most"), [((96, 128), 0.0), ((61, 47), 2e-3)])
def test_bands_of_rows_leave_no_seam(monkeypatch, size, most):
    truth = smooth(*size)
    merged, reference = drifted(truth), to_16bit(hdr_to_ldr(truth, TIME))
    whole = anchor(merged, reference, TIME)
    monkeypatch.setattr("utils.inference.anchoring._BAND", 3)
    difference = anchor(merged, reference, TIME) - whole
    assert np.abs(difference).max() <= most
    assert np.abs(np.diff(difference, axis=0)).max() <= most / 4
