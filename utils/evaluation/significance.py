"""Confidence intervals of means over scenes, and a test of the difference of two results."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

_RESAMPLES = 10_000
_SEED = 0  # intervals are reproducible


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean over scenes and its bootstrapped 95 % interval."""

    mean: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """Differences of two results on the same scenes, first minus second."""

    difference: Interval
    wins: int
    """Scenes where the first is larger."""
    losses: int
    """Scenes where the second is larger."""
    p_value: float
    """Of the two-sided sign test without ties."""


def bootstrap(values: Sequence[float]) -> Interval:
    """The mean of a score over scenes, with the interval of the percentile bootstrap.

    The ends are NaN if a value is infinite.

    Raises:
        ValueError: There are no values.
    """
    if not len(values):
        raise ValueError("A mean needs one value or more. Received: none")
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all():
        return Interval(mean=float(array.mean()), low=math.nan, high=math.nan)
    if len(array) == 1:  # SciPy needs two values
        return Interval(mean=float(array[0]), low=float(array[0]), high=float(array[0]))
    found: Any = stats.bootstrap(
        (array,), np.mean, n_resamples=_RESAMPLES, method="percentile", rng=_SEED
    )
    low, high = found.confidence_interval
    return Interval(mean=float(array.mean()), low=float(low), high=float(high))


def compare(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """Compares two results scene by scene.

    Args:
        first: A score of each scene.
        second: The other result's scores of the same scenes, in the same order.

    Raises:
        ValueError: The numbers of scenes differ, or there are none.
    """
    if len(first) != len(second):
        raise ValueError(f"Both must have the same scenes. Received: {len(first)}, {len(second)}")
    differences = np.asarray(first, np.float64) - np.asarray(second, np.float64)
    wins, losses = int((differences > 0).sum()), int((differences < 0).sum())
    return Comparison(
        difference=bootstrap(differences.tolist()),
        wins=wins,
        losses=losses,
        p_value=float(stats.binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0,
    )
