"""Intervals and comparisons of means over scenes."""

import math

import numpy as np
import pytest

from utils.evaluation.significance import bootstrap, compare


def test_the_interval_of_many_values_is_that_of_the_normal_law():
    values = np.random.default_rng(1).normal(40, 2, 400)
    interval = bootstrap(values.tolist())
    assert interval.mean == pytest.approx(values.mean())
    half = 1.96 * values.std() / 20
    assert interval.low == pytest.approx(interval.mean - half, abs=0.02)
    assert interval.high == pytest.approx(interval.mean + half, abs=0.02)


def test_intervals_repeat_and_shrink_to_a_point():
    values = [40.0, 42.0, 39.0]
    assert bootstrap(values) == bootstrap(values)
    assert (bootstrap([41.0]).low, bootstrap([41.0] * 3).high) == (41.0, 41.0)


def test_an_infinite_value_has_no_interval():
    interval = bootstrap([40.0, math.inf])
    assert interval.mean == math.inf
    assert math.isnan(interval.low)


@pytest.mark.parametrize(
    ("wins", "losses", "p_value"),
    [(15, 0, 2 / 2**15), (3, 12, 2 * 576 / 2**15), (8, 7, 1.0), (5, 5, 1.0), (0, 0, 1.0)],
)
def test_the_sign_test_is_two_sided_and_leaves_ties_out(wins, losses, p_value):
    first = [1.0] * wins + [0.0] * losses + [0.5] * 4
    second = [0.0] * wins + [1.0] * losses + [0.5] * 4
    assert compare(first, second).p_value == pytest.approx(p_value)


def test_a_comparison_is_paired():
    second = np.linspace(30, 50, 15)  # scenes differ far more than the methods
    first = second + 0.1
    comparison = compare(first.tolist(), second.tolist())
    assert comparison.difference.low == pytest.approx(0.1)
    assert comparison.difference.high == pytest.approx(0.1)
    assert (comparison.wins, comparison.losses) == (15, 0)
    assert comparison.p_value == pytest.approx(2 / 2**15)


def test_no_or_different_numbers_of_scenes_are_refused():
    with pytest.raises(ValueError, match="Received: none"):
        bootstrap([])
    with pytest.raises(ValueError, match="Received: 1, 2"):
        compare([1.0], [1.0, 2.0])
