"""Verdicts on cases, and the kinds of cases."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

Outcome = Literal["refused", "accepted", "fault"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of one case."""

    kind: str
    number: int
    outcome: Outcome
    """`refused` by name, `accepted` with all results written, or a `fault` of the project."""
    put_in: str
    """The input, in a few words."""
    said: str
    """The error message, or the fault."""


class Kind(Protocol):
    """A kind of bad input."""

    @property
    def name(self) -> str:
        """Name in the table, and before a case's number."""
        ...

    @property
    def together(self) -> int:
        """Number of cases that a worker judges at once."""
        ...

    def run(self, numbers: Sequence[int], folder: Path) -> list[Verdict]:
        """Makes cases in an empty folder and judges them."""
        ...
