"""Runs cases and prints the table; see `tests.fuzz`."""

import argparse
import collections
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from tests.fuzz import kinds, tools
from tests.fuzz.cases import Verdict
from tests.fuzz.workers import Worker

_OUTCOMES = ("refused", "accepted", "fault")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the command line says; returns 1 if there was a fault, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other cases")
    parser.add_argument("--kinds", nargs="+", choices=list(kinds.KINDS), default=list(kinds.KINDS))
    parser.add_argument("--replay", metavar="KIND:NUMBER", help="run one case")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder for it if faulty")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="esbn-fuzz-") as scratch:
        if options.replay:
            name, _, number = options.replay.partition(":")
            with Worker(Path(scratch) / "worker") as worker:
                verdicts = worker.run(name, [int(number)], options.out.absolute())
        else:
            shares = kinds.shares(options.cases)
            plan = {name: shares[name] for name in options.kinds}
            verdicts = _run(plan, 1_000_000 * options.seed, Path(scratch))
    tqdm.write(_table(verdicts))
    faults = [verdict for verdict in verdicts if verdict.outcome == "fault"]
    for verdict in verdicts if options.replay else faults:
        case = f"{verdict.kind}:{verdict.number} {verdict.outcome}"
        tqdm.write(f"{case}: {verdict.put_in}: {verdict.said}"[:1000])
    return int(bool(faults))


def _run(plan: dict[str, int], first: int, scratch: Path) -> list[Verdict]:
    found: list[Verdict] = []
    with tqdm(total=sum(plan.values()), unit="case") as bar, Worker(scratch / "worker") as worker:
        for name, count in plan.items():
            numbers = range(first, first + count)
            size = kinds.KINDS[name].together
            for start in range(0, count, size):
                place = Path(tempfile.mkdtemp(dir=scratch))
                verdicts = worker.run(name, numbers[start : start + size], place)
                tools.clear(place)
                found += verdicts
                bar.update(len(verdicts))
    return found


def _table(verdicts: Sequence[Verdict]) -> str:
    """Number of cases of each kind, by outcome, and the sums."""
    counts = collections.Counter((verdict.kind, verdict.outcome) for verdict in verdicts)
    names = list(dict.fromkeys(verdict.kind for verdict in verdicts))
    rows = [(name, *(counts[name, outcome] for outcome in _OUTCOMES)) for name in names]
    rows.append(("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    lines = ["| kind | cases | refused | accepted | faults |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {row[0]} | {sum(row[1:])} | {' | '.join(map(str, row[1:]))} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
