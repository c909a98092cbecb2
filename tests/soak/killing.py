"""Kills processes at chosen moments, and compares what they leave."""

import collections
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

from tqdm import tqdm

from configs.start_up import EXIT_INTERRUPTED, INTERRUPTED

KILLS = int(os.environ.get("ESBN_KILLS", "0"))
"""Kills of all tests together; 0: a few of each."""

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM)
MOMENTS = ("starting", "working", "writing")

_LOCKS = frozenset({".esbn.lock"})  # say which process held them last


def seeded() -> random.Random:
    """The choices of a test; ESBN_SEED makes others."""
    return random.Random(int(os.environ.get("ESBN_SEED", "0")))


def kills(share: float, few: int) -> int:
    """Kills of a test that has a share of all."""
    return round(share * KILLS) or few


def say(title: str, tally: collections.Counter) -> None:
    """Says what was survived, where somebody asked for many kills."""
    if KILLS:
        tqdm.write(f"survived, {title}: {dict(tally)}")


def paths(folder: Path) -> Iterator[Path]:
    """All that is below a folder now, while a process writes there."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place) / name for name in (*folders, *files))


def is_partial(path: Path) -> bool:
    """Whether a name is of a file, or in a folder, that is being written."""
    return any(".partial" in part or part.endswith(".part") for part in path.parts)


def being_written(folder: Path) -> bool:
    """Whether something in a folder is half written, now or for ever."""
    return any(is_partial(path.relative_to(folder)) for path in paths(folder))


def finished(folder: Path) -> dict[str, bytes]:
    """Content of every whole file below a folder, by its path."""
    found = {}
    for path in paths(folder):
        name = path.relative_to(folder)
        if path.is_file() and not is_partial(name) and path.name not in _LOCKS:
            found[str(name)] = path.read_bytes()
    return found


def kill_soon(
    process: BaseProcess, folder: Path, choice: random.Random, writes: int, start: float
) -> tuple[str, signal.Signals] | None:
    """Sends a signal while the process starts, works or writes a file.

    Args:
        process: It has just been started.
        folder: Where it writes.
        choice: Chooses the moment and the signal.
        writes: The signal comes after at most as many writes.
        start: Seconds that it takes to begin, about.

    Returns:
        The moment and the signal; None if the process was faster.
    """
    moment, number = choice.choice(MOMENTS), choice.choice(SIGNALS)
    if moment == "starting":
        process.join(choice.uniform(0, start))
    else:
        for _ in range(choice.randint(1, writes)):
            _wait(process, lambda: not being_written(folder))
            _wait(process, lambda: being_written(folder))
        if moment == "working":
            process.join(choice.uniform(0, 0.2))
    if not process.is_alive() or process.pid is None:
        return None
    os.kill(process.pid, number)
    process.join()
    return moment, number


def require_one_line(code: int | None, said: str) -> None:
    """Checks the end of a script after Ctrl-C."""
    assert code == EXIT_INTERRUPTED, said
    assert said.rstrip().splitlines()[-1] == INTERRUPTED
    assert "Traceback" not in said


def _wait(process: BaseProcess, condition: Callable[[], bool]) -> None:
    while process.is_alive() and not condition():
        time.sleep(0.0005)
