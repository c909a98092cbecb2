"""Cases that are a run each: made in a folder of their own, judged as a whole."""

import dataclasses
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import disk
from tests.fuzz import tools
from tests.fuzz.cases import Random, Verdict, generator
from tests.fuzz.doors import Ran


@dataclasses.dataclass(frozen=True, kw_only=True)
class Judged:
    """A run, and what its kind of case requires."""

    what: str
    """The bad input, in a few words."""
    ran: Ran
    names: str = ""
    """What an error must name."""
    fault: str = ""
    """What is wrong with its results, if anything."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RunKind:
    """A kind of case that is a run of its own."""

    name: str
    case: Callable[[Path, Random], Judged]
    """Makes a case in an empty folder, runs it and looks at its results."""
    together: int = 8
    """Number of cases that a worker judges at once."""

    def run(self, numbers: Sequence[int], folder: Path) -> list[Verdict]:
        """Runs the cases one after the other."""
        return [self._run(number, folder) for number in numbers]

    def _run(self, number: int, folder: Path) -> Verdict:
        place = Path(tempfile.mkdtemp(dir=folder))
        judged = self.case(place, generator(self.name, number))
        ran = judged.ran
        faults = [*ran.faults, *([judged.fault] if judged.fault else [])]
        faults += disk.half_written(place)
        if ran.code == 2 and not ran.errors:
            faults.append(f"exit code 2 without an error: {ran.said[-200:]}")
        if ran.code == 2 and ran.errors:
            if len(ran.errors[-1]) < 20:
                faults.append(f"gives no reason: {ran.errors[-1]}")
            if judged.names and not any(judged.names in line for line in ran.errors):
                faults.append(f"does not name {judged.names}: {ran.errors[-1]}")
        if faults:
            (place / "said.txt").write_text(ran.said, encoding="utf-8")
        else:
            tools.clear(place)
        return Verdict(
            kind=self.name,
            number=number,
            outcome="fault" if faults else "refused" if ran.code == 2 else "accepted",
            put_in=judged.what,
            said="; ".join(faults) or " | ".join(ran.errors[:1]),
        )
