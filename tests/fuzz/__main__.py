"""Runs cases and prints the table; see `tests.fuzz`."""

import argparse
import collections
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from tests.fuzz import kinds, tools
from tests.fuzz.verdicts import Verdict
from tests.fuzz.workers import Worker

_OUTCOMES = ("refused", "accepted", "fault")
_MOST_KEPT = 20  # faulty cases of a kind that are kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the command line says; returns 1 if there was a fault, else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="another seed makes other cases")
    parser.add_argument("--kinds", nargs="+", choices=list(kinds.KINDS), default=list(kinds.KINDS))
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="folder for faulty cases")
    parser.add_argument("--replay", metavar="KIND:NUMBER", help="run one case and keep it")
    options = parser.parse_args(arguments)
    if options.replay:
        name, _, number = options.replay.partition(":")
        plan = {name: [int(number)]}
    else:
        shares = kinds.shares(options.cases)
        first = options.seed * 1_000_000
        plan = {name: list(range(first, first + shares[name])) for name in options.kinds}
    verdicts = _run(plan, options.out, always=bool(options.replay))
    tqdm.write(table(verdicts))
    for verdict in verdicts:
        if options.replay or verdict.outcome == "fault":
            tqdm.write(_line(verdict)[:1000])
    return int(any(verdict.outcome == "fault" for verdict in verdicts))


def table(verdicts: Sequence[Verdict]) -> str:
    """Number of cases of each kind, by outcome, and the sums."""
    counts = collections.Counter((verdict.kind, verdict.outcome) for verdict in verdicts)
    names = list(dict.fromkeys(verdict.kind for verdict in verdicts))
    rows = [(name, *(counts[name, outcome] for outcome in _OUTCOMES)) for name in names]
    rows.append(("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    lines = ["| kind | cases | refused | accepted | faults |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {row[0]} | {sum(row[1:])} | {' | '.join(map(str, row[1:]))} |" for row in rows]
    return "\n".join(lines)


def _run(plan: dict[str, list[int]], out: Path, *, always: bool) -> list[Verdict]:
    found: list[Verdict] = []
    kept = collections.Counter()
    with (
        tempfile.TemporaryDirectory(prefix="esbn-fuzz-") as scratch,
        tqdm(total=sum(map(len, plan.values())), unit="case") as bar,
        Worker(Path(scratch) / "worker") as worker,
    ):
        for name, numbers in plan.items():
            size = kinds.KINDS[name].together
            for start in range(0, len(numbers), size):
                place = Path(tempfile.mkdtemp(dir=scratch))
                verdicts = worker.run(name, numbers[start : start + size], place)
                tools.clear(place)
                for verdict in verdicts:
                    if always or (verdict.outcome == "fault" and kept[name] < _MOST_KEPT):
                        kept[name] += 1
                        _keep(worker, verdict, out)
                found += verdicts
                bar.update(len(verdicts))
    return found


def _keep(worker: Worker, verdict: Verdict, out: Path) -> None:
    """Makes a case again, alone, in a folder that stays."""
    folder = out / f"{verdict.kind}-{verdict.number}"
    tools.clear(folder)
    (again,) = worker.run(verdict.kind, [verdict.number], folder.absolute())
    (folder / "verdict.txt").write_text(f"{_line(verdict)}\nalone: {_line(again)}\n")


def _line(verdict: Verdict) -> str:
    return f"{verdict.kind}:{verdict.number} {verdict.outcome}: {verdict.put_in}: {verdict.said}"


if __name__ == "__main__":
    sys.exit(main())
