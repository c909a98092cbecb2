"""The random numbers of a case."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Random = np.random.Generator
Option = TypeVar("Option")


def generator(kind: str, number: int) -> Random:
    """The random numbers of a case, which are those of no other."""
    return np.random.default_rng([number, *kind.encode()])


def pick(random: Random, options: Sequence[Option]) -> Option:
    """One of some options, all alike probable."""
    return options[int(random.integers(len(options)))]
