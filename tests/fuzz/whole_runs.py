"""Cases that are a run each: made in a folder of their own, judged as a whole."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.fuzz import tools
from tests.fuzz.doors import Ran, half_written
from tests.fuzz.randomness import Random, generator
from tests.fuzz.verdicts import Verdict


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judged:
    """A run, and what its kind of case asks of it."""

    what: str
    """What is bad, in a few words."""
    ran: Ran
    names: str = ""
    """What a refusal must name."""
    fault: str = ""
    """What is wrong with what it left, if anything."""
    boxed: bool = False
    """Whether the refusal may be that of the command line, which draws a box around it."""


Case = Callable[[Path, Random], Judged]
"""Makes a case in an empty folder, runs it, and looks at what it left."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunKind:
    """A kind of case that is a run of its own."""

    name: str
    case: Case
    together: int = 8
    """Cases between two answers of the process that runs them."""

    def run(self, numbers: Sequence[int], folder: Path) -> list[Verdict]:
        """Runs the cases one after the other."""
        return [self._run(number, folder) for number in numbers]

    def _run(self, number: int, folder: Path) -> Verdict:
        place = Path(tempfile.mkdtemp(dir=folder))
        judged = self.case(place, generator(self.name, number))
        ran = judged.ran
        faults = [*ran.faults, *([judged.fault] if judged.fault else []), *half_written(place)]
        if ran.code == 2 and (ran.errors or not judged.boxed):
            faults += _faults_of_refusal(ran, judged.names)
        if faults:
            (place / "said.txt").write_text(ran.said, encoding="utf-8")
        else:
            tools.clear(place)
        refused = ran.code == 2
        return Verdict(
            kind=self.name,
            number=number,
            outcome="fault" if faults else "refused" if refused else "accepted",
            put_in=judged.what,
            said="; ".join(faults) or " | ".join(ran.errors[:1]),
        )


def _faults_of_refusal(ran: Ran, names: str) -> list[str]:
    if not ran.errors:
        return [f"exit code 2 without an error: {ran.said[-200:]}"]
    if len(ran.errors[-1]) < 20:
        return [f"gives no reason: {ran.errors[-1]}"]
    if names and not any(names in line for line in ran.errors):
        return [f"does not name {names}: {ran.errors[-1]}"]
    return []
