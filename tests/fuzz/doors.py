"""Runs a script in this process, as its command line does, and notes its effects."""

import contextlib
import dataclasses
import os
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from tests import disk
from utils import command, hardware

Main = Callable[[Any], int | None]

_MEMORY_LIMIT = 2**30  # bytes that a run on bad input may take in addition to the process
_UP = "\x1b[A"  # of progress bars
_OF_TENSORFLOW = "__autograph_generated_file"  # temporary files, removed when it ends


@dataclasses.dataclass(frozen=True, kw_only=True)
class Ran:
    """A run of a script."""

    code: int
    """Exit code; 1 if there was a traceback."""
    said: str
    """Everything it printed."""
    faults: tuple[str, ...]
    """What no run may do."""

    @property
    def errors(self) -> list[str]:
        """Lines that say what failed."""
        lines = self.said.replace("\r", "\n").split("\n")  # progress bars too
        return [line for line in lines if line.startswith(("error: ", "problem: "))]


def enter(main: Main, config: object, *places: Path) -> Ran:
    """Runs a script's `main`.

    Args:
        main: The script's function.
        config: Its settings.
        places: Files and folders that must not change.
    """
    before = [_snapshot(place) for place in places]
    with contextlib.suppress(OSError):  # resets the peak of memory, on Linux
        Path("/proc/self/clear_refs").write_text("5")
    had = hardware.peak_memory()
    code, said = _printed(main, config)
    faults = []
    odd = {x for x in said.replace(_UP, "") if not x.isprintable()} - {"\n", "\r", "\t"}
    if odd:
        faults.append(f"printed {sorted(odd)[:5]!r}")
    if code is None:
        faults.append(f"traceback: {said.strip().splitlines()[-1]}")
    elif code not in {0, 2}:
        faults.append(f"exit code {code}")
    grown = hardware.peak_memory() - had
    if grown > _MEMORY_LIMIT:
        faults.append(f"memory: {grown / 2**20:.0f} MiB")
    faults += [
        f"changed its input: {sorted(map(str, change))[:3]}"
        for place, old in zip(places, before, strict=True)
        if (change := {path for path, _ in _snapshot(place).items() ^ old.items()})
    ]
    names = [path.name for path in Path(tempfile.gettempdir()).iterdir()]
    left = [name for name in names if not name.startswith(_OF_TENSORFLOW)]
    if left:
        faults.append(f"left temporary files: {left[:3]}")
    return Ran(code=1 if code is None else code, said=said, faults=tuple(faults))


def _snapshot(place: Path) -> dict[Path, tuple[int, ...]]:
    """Mode, size and time of everything below a folder."""
    found = {}
    for path in disk.below(place):
        with contextlib.suppress(OSError):  # locked
            status = path.lstat()
            size = (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else ()
            found[path] = (status.st_mode, *size)
    return found


def _printed(main: Main, config: object) -> tuple[int | None, str]:
    """Exit code of a run, None for an exception, and its output, also of libraries in C."""
    code = None
    with tempfile.TemporaryFile() as file:
        kept = [os.dup(number) for number in (1, 2)]
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            with mock.patch.object(command, "parse", return_value=config):
                command.run(main, lambda _: config, None)
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)
        file.seek(0)
        return code, file.read().decode(errors="backslashreplace")
