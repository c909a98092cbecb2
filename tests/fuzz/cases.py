"""The random numbers and the outcome of a case."""

import dataclasses
from collections.abc import Sequence
from typing import Literal, TypeVar

import numpy as np

Random = np.random.Generator
Option = TypeVar("Option")


def generator(kind: str, number: int) -> Random:
    """Random numbers that belong to one case alone."""
    return np.random.default_rng([number, *kind.encode()])


def pick(random: Random, options: Sequence[Option]) -> Option:
    """One of some options, each equally likely."""
    return options[int(random.integers(len(options)))]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one case."""

    kind: str
    number: int
    outcome: Literal["refused", "accepted", "fault"]
    """`refused` by name, `accepted` with all results written, or a `fault` of the project."""
    put_in: str
    """The input, in a few words."""
    said: str
    """The error message, or the fault."""
