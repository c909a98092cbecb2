"""The random numbers of a case."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Random = np.random.Generator
Option = TypeVar("Option")


def generator(kind: str, number: int) -> Random:
    """Random numbers that belong to one case alone."""
    return np.random.default_rng([number, *kind.encode()])


def pick(random: Random, options: Sequence[Option]) -> Option:
    """One of some options, each equally likely."""
    return options[int(random.integers(len(options)))]
