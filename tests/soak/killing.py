"""Kills processes at chosen moments and compares the files they leave."""

import collections
import os
import random
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from multiprocessing.process import BaseProcess
from pathlib import Path

from tqdm import tqdm

from configs.start_up import EXIT_INTERRUPTED, INTERRUPTED
from tests import disk
from utils.files import LOCK_NAME

KILLS = int(os.environ.get("ESBN_KILLS", "0"))  # in all tests together; 0: a few in each
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
_MOMENTS = ("starting", "working", "writing")
_VARYING = re.compile(rb'"(?:date|load)": [^\n]+')  # in provenance.json


def seeded() -> random.Random:
    """The random choices of a test; ESBN_SEED changes them."""
    return random.Random(int(os.environ.get("ESBN_SEED", "0")))


def kills(share: float, few: int) -> int:
    """Number of kills in a test with a share of all kills."""
    return round(share * KILLS) or few


def report(title: str, tally: collections.Counter) -> None:
    """Prints what was survived if many kills were asked for."""
    if KILLS:
        tqdm.write(f"survived, {title}: {dict(tally)}")


def finished(folder: Path) -> dict[str, bytes]:
    """Content of every complete file below a folder, by its path, without dates."""
    names = [path.relative_to(folder) for path in disk.below(folder) if path.is_file()]
    kept = (name for name in names if not disk.is_partial(name) and name.name != LOCK_NAME)
    return {str(name): _VARYING.sub(b"", (folder / name).read_bytes()) for name in kept}


def run_with_kills(
    start: Callable[[], AbstractContextManager[BaseProcess]],
    folder: Path,
    choice: random.Random,
    tally: collections.Counter,
    most: int,
) -> Iterator[None]:
    """Runs a script again and again; kills it each time until there were enough kills.

    Args:
        start: Starts the script; its output goes to `folder` with the suffix `.log`.
        folder: Its folder.
        choice: Chooses moments and signals.
        tally: Counts them.
        most: Kills in `tally` after which the script runs to its end.

    Yields:
        After each kill.
    """
    log = folder.with_suffix(".log")
    while True:
        log.write_text("")
        with start() as process:
            killed = tally["kills"] < most and _kill_soon(process, folder, choice)
            process.join()
        if not killed:
            assert process.exitcode == 0, log.read_text()
            return
        moment, number = killed
        if number == signal.SIGINT and process.exitcode:  # 0: it had finished
            assert process.exitcode == EXIT_INTERRUPTED, log.read_text()
            assert INTERRUPTED in log.read_text().splitlines()  # a progress bar may follow
            assert "Traceback" not in log.read_text()
        tally.update(["kills", moment, number.name])
        tally["files left half written"] += bool(disk.half_written(folder))
        yield


def _kill_soon(
    process: BaseProcess, folder: Path, choice: random.Random
) -> tuple[str, signal.Signals] | None:
    """Kills a process that starts, works or writes; None if it ended before."""
    moment, number = choice.choice(_MOMENTS), choice.choice(SIGNALS)
    if moment == "starting":
        process.join(choice.uniform(0, 2))
    else:
        for _ in range(choice.randint(1, 6)):
            for writing in (False, True):
                while process.is_alive() and bool(disk.half_written(folder)) != writing:
                    time.sleep(0.0005)
        if moment == "working":
            process.join(choice.uniform(0, 0.2))
    if not process.is_alive() or process.pid is None:
        return None
    os.kill(process.pid, number)
    return moment, number
