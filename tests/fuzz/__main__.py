"""Runs cases and prints the table; see `tests.fuzz`."""

import argparse
import collections
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from tests.fuzz import tools
from tests.fuzz.verdicts import Verdict
from tests.fuzz.workers import Worker

_OUTCOMES = ("refused", "accepted", "fault")
_MOST_KEPT = 20  # faulty cases of a kind that are kept


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs what the command line says; returns 1 if there was a fault, else 0."""
    from tests.fuzz import kinds  # noqa: PLC0415 -- TensorFlow is for the workers; names alone here

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0, help="other numbers give other cases")
    parser.add_argument("--kinds", nargs="+", choices=list(kinds.KINDS), default=list(kinds.KINDS))
    parser.add_argument("--workers", type=int, default=1, help="processes side by side")
    parser.add_argument("--out", type=Path, default=Path("fuzz"), help="for cases with a fault")
    parser.add_argument("--replay", metavar="KIND:NUMBER", help="run one case and keep it")
    options = parser.parse_args(arguments)
    if options.replay:
        name, _, number = options.replay.partition(":")
        plan = {name: [int(number)]}
    else:
        shares = kinds.shares(options.cases)
        first = options.seed * 1_000_000
        plan = {name: list(range(first, first + shares[name])) for name in options.kinds}
    sizes = {name: kinds.KINDS[name].together for name in plan}
    verdicts = _run(plan, sizes, options.workers, options.out, always=bool(options.replay))
    tqdm.write(table(verdicts))
    for verdict in verdicts:
        if options.replay or verdict.outcome == "fault":
            tqdm.write(_line(verdict)[:1000])
    return int(any(verdict.outcome == "fault" for verdict in verdicts))


def table(verdicts: Sequence[Verdict]) -> str:
    """Kinds with their numbers of cases, and the sums."""
    counts = collections.Counter((verdict.kind, verdict.outcome) for verdict in verdicts)
    names = list(dict.fromkeys(verdict.kind for verdict in verdicts))
    rows = [(name, *(counts[name, outcome] for outcome in _OUTCOMES)) for name in names]
    rows.append(("all", *(sum(column) for column in list(zip(*rows, strict=True))[1:])))
    lines = ["| kind | cases | refused | accepted whole | faults |", "|---|---:|---:|---:|---:|"]
    lines += [f"| {row[0]} | {sum(row[1:])} | {' | '.join(map(str, row[1:]))} |" for row in rows]
    return "\n".join(lines)


def _run(
    plan: dict[str, list[int]], sizes: dict[str, int], workers: int, out: Path, *, always: bool
) -> list[Verdict]:
    batches = [batch for name, numbers in plan.items() for batch in _batches(name, numbers, sizes)]
    found: list[Verdict] = []
    kept = collections.Counter()
    local = threading.local()
    with (
        tempfile.TemporaryDirectory(prefix="esbn-fuzz-") as scratch,
        tqdm(total=sum(map(len, plan.values())), unit="case") as bar,
        ThreadPoolExecutor(workers) as pool,
    ):
        opened: list[Worker] = []

        def run(batch: tuple[str, list[int]]) -> None:
            if not hasattr(local, "worker"):
                local.worker = Worker(Path(tempfile.mkdtemp(dir=scratch)))
                opened.append(local.worker)
            place = Path(tempfile.mkdtemp(dir=scratch))
            verdicts = local.worker.run(*batch, place)
            tools.clear(place)
            for verdict in verdicts:
                if always or (verdict.outcome == "fault" and kept[verdict.kind] < _MOST_KEPT):
                    kept[verdict.kind] += 1
                    _keep(local.worker, verdict, out)
            found.extend(verdicts)
            bar.update(len(verdicts))

        try:
            list(pool.map(run, batches))
        finally:
            for worker in opened:
                worker.__exit__()
    order = {name: index for index, name in enumerate(plan)}
    return sorted(found, key=lambda verdict: (order[verdict.kind], verdict.number))


def _batches(
    name: str, numbers: list[int], sizes: dict[str, int]
) -> Iterator[tuple[str, list[int]]]:
    for start in range(0, len(numbers), sizes[name]):
        yield name, numbers[start : start + sizes[name]]


def _keep(worker: Worker, verdict: Verdict, out: Path) -> None:
    """Makes a case once more, alone, in a folder that stays."""
    folder = out / f"{verdict.kind}-{verdict.number}"
    tools.clear(folder)
    (again,) = worker.run(verdict.kind, [verdict.number], folder.absolute())
    (folder / "verdict.txt").write_text(f"{_line(verdict)}\nalone: {_line(again)}\n")


def _line(verdict: Verdict) -> str:
    return f"{verdict.kind}:{verdict.number} {verdict.outcome}: {verdict.put_in}: {verdict.said}"


if __name__ == "__main__":
    sys.exit(main())
