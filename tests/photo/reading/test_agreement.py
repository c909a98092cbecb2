"""Exposures measured from pixels, and what is said about those that do not agree."""

import numpy as np
import pytest

from photo.reading.agreement import step_warnings
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.exposure_files import measure_stops

RADIANCE = np.linspace(0.0, 1.0, 90 * 120 * 3, dtype=np.float32).reshape(90, 120, 3) ** 3


def _bracket(stops):
    return [hdr_to_ldr(RADIANCE, np.float32(2.0**stop)) for stop in stops]


@pytest.mark.parametrize("step", [1.0, 2.0, 3.0])
def test_the_step_is_estimated_from_the_pixels(step):
    assert measure_stops(_bracket([1, 1 + step])) == pytest.approx(step, abs=0.05)


def test_a_contrasty_tone_curve_spoils_the_estimate_less_than_it_spoils_shadows():
    curved = [x * x * (3 - 2 * x) for x in _bracket([1, 3])]  # an S-curve upon the gamma
    (estimate,) = measure_stops(curved)
    shadow = (curved[0] > 0.01) & (curved[0] < 0.05)
    in_shadows = 2.2 * np.log2(curved[1][shadow] / curved[0][shadow])
    assert abs(estimate - 2) < 0.6 * abs(np.median(in_shadows) - 2)


def test_without_pixels_to_compare_there_is_no_estimate():
    assert np.isnan(measure_stops([np.zeros((50, 50, 3)), np.ones((50, 50, 3))])).all()


def test_only_steps_beyond_four_stops_are_warned_about():
    assert step_warnings(np.array([0, 4, 8])) == ()
    assert "reference to high is 5.0" in step_warnings(np.array([0, 4, 9]))[0]
