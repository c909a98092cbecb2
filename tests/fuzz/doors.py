"""Enters a script as its command line does, in this process, and notes what it did."""

import contextlib
import dataclasses
import os
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

from utils import command, hardware

Main = Callable[[Any], int | None]

MEMORY_LIMIT = 2**30
"""Bytes that a run on bad input may take beyond what the process had."""

_OF_TENSORFLOW = "__autograph_generated_file"  # temporary files, which it removes at its end
_UNFINISHED = (".part", ".tmp", "_temp")
_HARMLESS = frozenset("\n\r\t")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ran:
    """A run of a script."""

    code: int
    """Exit code; 1 where there was a traceback."""
    said: str
    """All it printed."""
    faults: tuple[str, ...]
    """What no run may do."""

    @property
    def errors(self) -> list[str]:
        """Lines that name what failed."""
        return [line for line in self.lines if line.startswith(("error: ", "problem: "))]

    @property
    def lines(self) -> list[str]:
        """All lines, those of progress bars too."""
        return self.said.replace("\r", "\n").split("\n")


def enter(main: Main, config: object, *places: Path) -> Ran:
    """Runs a script's `main` as `command.run` does.

    Args:
        main: The script's function.
        config: Its settings.
        places: Files and folders that must stay as they are.
    """
    with mock.patch.object(command, "parse", return_value=config):
        return _enter(lambda: command.run(main, lambda _: config, None), places)


def enter_with_flags(main: Main, preset: Callable[[Any], Any], words: Sequence[str]) -> Ran:
    """Runs a script's `main` with the settings that a command line gives a preset."""
    with mock.patch.object(sys, "argv", list(words)):
        return _enter(lambda: command.run(main, preset, main.__doc__), ())


def _enter(run: Callable[[], None], places: Sequence[Path]) -> Ran:
    before = [snapshot(place) for place in places]
    _reset_peak()
    had = hardware.peak_memory()
    faults = []
    with _printed() as texts:
        code = _code_of(run)
    (said,) = texts
    if code is None:
        code = 1
        faults.append(f"traceback: {said.strip().splitlines()[-1]}")
    elif code not in {0, 2}:
        faults.append(f"exit code {code}")
    faults += faults_of_text(said)
    grown = hardware.peak_memory() - had
    if grown > MEMORY_LIMIT:
        faults.append(f"memory: {grown / 2**20:.0f} MiB")
    faults += [
        f"changed its input: {sorted(map(str, change))[:3]}"
        for place, old in zip(places, before, strict=True)
        if (change := {path for path, _ in snapshot(place).items() ^ old.items()})
    ]
    names = [path.name for path in Path(tempfile.gettempdir()).iterdir()]
    left = [name for name in names if not name.startswith(_OF_TENSORFLOW)]
    if left:
        faults.append(f"left temporary files: {left[:3]}")
    return Ran(code=code, said=said, faults=tuple(faults))


def below(place: Path) -> Iterator[Path]:
    """All that is below a place, 40 levels deep, links not followed."""
    waiting = [(place, 0)]
    while waiting:
        folder, depth = waiting.pop()
        with contextlib.suppress(OSError):  # locked
            for path in sorted(folder.iterdir()):
                yield path
                if depth < 40 and path.is_dir() and not path.is_symlink():
                    waiting.append((path, depth + 1))


def snapshot(place: Path) -> dict[Path, tuple[int, ...]]:
    """Kind, size and time of all that is below a place."""
    found = {}
    for path in below(place):
        with contextlib.suppress(OSError):  # locked
            status = path.lstat()
            size = (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else ()
            found[path] = (status.st_mode, *size)
    return found


def half_written(place: Path) -> list[str]:
    """Names below a place that only files in the making have."""
    names = [path.name for path in below(place)]
    return [x for x in names if (x[0] == "." and ".partial" in x) or x.endswith(_UNFINISHED)]


def _code_of(run: Callable[[], None]) -> int | None:
    """Exit code of a run; None if it ends with an exception."""
    try:
        run()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    return None


def faults_of_text(said: str) -> list[str]:
    """What no program may print: what moves the cursor, rings, or turns the text."""
    faults = []
    odd = sorted({x for x in said if not x.isprintable()} - _HARMLESS)
    # Progress bars move the cursor up; nothing else may.
    if odd and odd != ["\x1b"]:
        faults.append(f"printed {odd[:5]!r}")
    elif odd and "\x1b" in said.replace("\x1b[A", ""):
        faults.append("printed an escape sequence")
    return faults


@contextlib.contextmanager
def _printed() -> Iterator[list[str]]:
    """Catches what is printed, by libraries in C too: one text, there when the context ends."""
    said: list[str] = []
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield said
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)
            file.seek(0)
            said.append(file.read().decode(errors="backslashreplace"))


def _reset_peak() -> None:
    """Lets the peak of memory count from now on; where the system cannot, it counts from before."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
