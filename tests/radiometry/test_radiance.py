"""Radiometry: known values, round trips, and the same for arrays and tensors."""

import math

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from utils.radiometry import bracket, levels, radiance

UNIT = st.floats(0, 1, width=32)
TIMES = st.sampled_from([1.0, 2.0, 4.0, 64.0])


def test_linearising_and_exposing_are_the_formulas_of_the_release():
    assert radiance.ldr_to_hdr(np.float64(0.5), 4.0) == pytest.approx(0.5**2.2 / 4)
    assert radiance.hdr_to_ldr(np.float64(0.1), 4.0) == pytest.approx(0.4 ** (1 / 2.2))
    assert radiance.hdr_to_ldr(np.float64(0.5), 4.0) == 1.0
    assert radiance.hdr_to_ldr(np.float64(-1e-3), 1.0) == 0.0


def test_mu_law_has_the_constant_of_the_release():
    assert radiance.mu_law(np.float64(0.5)) == pytest.approx(math.log(2501) / math.log(5001))
    assert radiance.mu_law(np.float64(1.0)) == pytest.approx(1.0)
    assert radiance.mu_law(np.float64(0.0)) == 0.0


@given(UNIT, TIMES)
def test_exposing_undoes_linearising(ldr, time):
    back = radiance.hdr_to_ldr(radiance.ldr_to_hdr(np.float64(ldr), time), time)
    assert back == pytest.approx(ldr, abs=1e-9)


@given(UNIT)
def test_the_inverse_mu_law_undoes_the_mu_law(value):
    assert radiance.inverse_mu_law(radiance.mu_law(np.float64(value))) == pytest.approx(
        value, abs=1e-9
    )


@given(UNIT)
def test_the_network_range_is_left_as_it_was_entered(value):
    assert -1 <= levels.to_network(np.float64(value)) <= 1
    assert levels.from_network(levels.to_network(np.float64(value))) == pytest.approx(
        value, abs=1e-12
    )


def test_exposure_times_are_powers_of_two_and_broadcast_over_frames():
    times = bracket.exposure_times(np.array([0, 2, 4.5], np.float32))
    np.testing.assert_allclose(times, [1, 4, 2**4.5])
    assert bracket.per_frame(times).shape == (3, 1, 1, 1)
    assert bracket.per_frame(np.ones((5, 3))).shape == (5, 3, 1, 1, 1)


def test_network_input_is_ldr_then_radiance_in_the_network_range():
    ldr = np.array([[[0.0, 0.5, 1.0]]], np.float32)
    expected = np.concatenate([2 * ldr - 1, 2 * ldr**2.2 / 4 - 1], -1)
    np.testing.assert_allclose(levels.network_input(ldr, 4.0), expected, atol=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: radiance.ldr_to_hdr(x, 4.0),
        lambda x: radiance.hdr_to_ldr(x, 4.0),
        radiance.mu_law,
        radiance.inverse_mu_law,
        lambda x: levels.network_input(x, 2.0),
    ],
)
def test_arrays_and_tensors_give_the_same_and_keep_their_kind(function):
    array = np.random.default_rng(0).random((4, 5, 3), np.float32)
    from_array, from_tensor = function(array), function(tf.constant(array))
    assert isinstance(from_array, np.ndarray)
    assert from_array.dtype == np.float32
    assert tf.is_tensor(from_tensor)
    np.testing.assert_allclose(from_array, from_tensor.numpy(), rtol=2e-5, atol=1e-6)
