"""How sure a mean over scenes is, and whether two results differ."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

_RESAMPLES = 10_000
_SEED = 0  # one file of numbers always has the same intervals


@dataclasses.dataclass(frozen=True, kw_only=True)
class Interval:
    """A mean over scenes with its bootstrapped 95 % interval."""

    mean: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison:
    """The difference of two results on the same scenes, first minus second."""

    difference: Interval
    wins: int
    """Scenes where the first is larger."""
    losses: int
    """Scenes where the second is larger."""
    p_value: float
    """Of the two-sided sign test: how likely so uneven a count is if neither is better."""


def bootstrap(values: Sequence[float]) -> Interval:
    """The mean of some scenes' values; the interval is the percentile bootstrap's.

    It says how the mean would vary over other scenes of the same kind; it is not a number if a
    value is infinite.

    Raises:
        ValueError: There are no values.
    """
    if not len(values):
        raise ValueError("A mean needs one value or more. Received: none")
    array = np.asarray(values, np.float64)
    if not np.isfinite(array).all():
        return Interval(mean=float(array.mean()), low=math.nan, high=math.nan)
    generator = np.random.default_rng(_SEED)
    chosen = generator.integers(0, len(array), (_RESAMPLES, len(array)))
    means = array[chosen].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(mean=float(array.mean()), low=float(low), high=float(high))


def compare(first: Sequence[float], second: Sequence[float]) -> Comparison:
    """Compares two results scene by scene.

    Args:
        first: A value for each scene.
        second: The values of the same scenes in the same order.

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
        p_value=sign_test(wins, losses),
    )


def sign_test(wins: int, losses: int) -> float:
    """Two-sided p-value of the sign test; ties are left out before.

    `2 P(X <= min(wins, losses))` for X binomial with a half, at most 1.
    """
    count = wins + losses
    tail = sum(math.comb(count, k) for k in range(min(wins, losses) + 1)) / 2**count
    return min(1.0, 2 * tail)
