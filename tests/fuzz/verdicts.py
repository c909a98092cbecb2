"""Verdicts about cases, and what they are of."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

Outcome = Literal["refused", "accepted", "fault"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Verdict:
    """What became of one case."""

    kind: str
    number: int
    outcome: Outcome
    """`refused` by name, `accepted` and all results written, or a `fault` of the project's."""
    put_in: str
    """The input, in a few words."""
    said: str
    """What the program said of it, or the fault."""


class Kind(Protocol):
    """A kind of bad input."""

    @property
    def name(self) -> str:
        """In the table, and before a case's number."""
        ...

    @property
    def together(self) -> int:
        """Cases that go into one run, or one after the other."""
        ...

    def run(self, numbers: Sequence[int], folder: Path) -> list[Verdict]:
        """Makes cases in an empty folder and judges them."""
        ...
