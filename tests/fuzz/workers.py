"""Runs cases in a process of their own, which may be killed or hang."""

import contextlib
import signal
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from tests.fuzz import kinds, tools
from tests.fuzz.cases import Verdict
from tests.processes import CONTEXT

_HANG = 60.0  # seconds until a case counts as hung, many because a machine may be busy
_ADDRESSES = 6 * 2**30  # bytes of address space in addition to those at the start


class Worker:
    """A process that runs cases; replaced by another when a case kills or hangs it."""

    def __init__(self, scratch: Path) -> None:
        """Starts the process.

        Args:
            scratch: A folder of its own for temporary files and shared weights.
        """
        self._scratch = scratch
        self._start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pipe.close()
        self._process.join(5)
        self._end()
        tools.clear(self._scratch)

    def run(self, kind: str, numbers: Sequence[int], folder: Path) -> list[Verdict]:
        """Runs cases of one kind; one by one if they fail together.

        Args:
            kind: A name in `tests.fuzz.kinds`.
            numbers: The cases.
            folder: Their folder, made if missing. Faulty cases stay there.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._pipe.send((kind, list(numbers), folder))
        answer = self._answer(_HANG + 5 * len(numbers))
        if not isinstance(answer, str):
            return answer
        self._end()
        self._start()
        what = f"{len(numbers)} cases"
        fault = Verdict(kind=kind, number=numbers[0], outcome="fault", put_in=what, said=answer)
        if len(numbers) == 1:
            return [fault]
        tools.clear(folder)
        alone = [self.run(kind, [number], folder)[0] for number in numbers]
        if any(verdict.outcome == "fault" for verdict in alone):
            return alone
        return [fault, *alone[1:]]

    def _start(self) -> None:
        self._pipe, other = CONTEXT.Pipe()
        self._process = CONTEXT.Process(target=_serve, args=(other, self._scratch), daemon=True)
        self._process.start()
        other.close()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()

    def _answer(self, seconds: float) -> list[Verdict] | str:
        """The verdicts, or why there are none."""
        try:
            if self._pipe.poll(seconds):
                return self._pipe.recv()
        except (EOFError, OSError):
            self._process.join(10)
            code = self._process.exitcode or 0
            return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended, code {code}"
        return f"hangs: no end after {seconds:.0f} s"


def _serve(pipe: Connection, scratch: Path) -> None:
    """Answers with verdicts, or with the traceback of a failing test, until the pipe is closed."""
    import resource  # noqa: PLC0415 - only on Unix

    tools.prepare(scratch)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (size, size))
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            name, numbers, folder = pipe.recv()
            try:
                answer = kinds.KINDS[name].run(numbers, folder)
            except Exception:
                answer = traceback.format_exc(limit=-4)
            pipe.send(answer)
