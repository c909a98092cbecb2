"""A GNU Octave process that answers requests, a line each."""

import contextlib
import queue
import shutil
import subprocess
import threading
import time
import weakref
from collections.abc import Sequence
from pathlib import Path

_SCRIPT = Path(__file__).parent / "serve.m"
_MARK = "esbn:"
_START = 60  # seconds


class Octave:
    """A process of `serve.m`; it ends with the object and is started again after an early end."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Starts the process with the arguments of `serve.m`.

        Raises:
            ValueError: Octave is missing or does not start.
        """
        program = shutil.which("octave-cli") or shutil.which("octave")
        if program is None:
            raise ValueError(
                "HDR-VDP-2 needs GNU Octave with its package image (apt-get install octave"
                " octave-image). Received: no program octave-cli or octave"
            )
        self._command = [program, "--quiet", str(_SCRIPT), *arguments]
        try:
            self.version = self._start()
            """Version of HDR-VDP-2."""
        except RuntimeError as error:
            raise ValueError(f"Octave does not start HDR-VDP-2. Received: {error}") from error

    def ask(self, request: str, seconds: float) -> str:
        """The answer to a request within a time limit.

        Raises:
            RuntimeError: Octave reports an error, has ended, or takes too long and is ended.
        """
        if self._process.poll() is not None:
            self._start()
        if self._process.stdin is not None:
            self._process.stdin.write(f"{request}\n\n")
            self._process.stdin.flush()
        return self._answer(seconds)

    def _start(self) -> str:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        self._end = weakref.finalize(self, _end, self._process)
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        return self._answer(_START)

    def _answer(self, seconds: float) -> str:
        deadline, last = time.monotonic() + seconds, "no output"
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                self._end()
                raise RuntimeError(f"no answer within {seconds:g} seconds") from None
            if not line:
                self._end()
                raise RuntimeError(f"Octave ended after: {last}")
            word, _, text = line.strip().removeprefix(_MARK).partition(" ")
            if not line.startswith(_MARK):
                last = line.strip() or last
            elif word == "error":
                raise RuntimeError(text)
            else:
                return text


def _read(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Passes on lines, and an empty one after the last."""
    with contextlib.suppress(ValueError):  # closed by `_end`
        for line in process.stdout or ():
            lines.put(line)
    lines.put("")


def _end(process: subprocess.Popen[str]) -> None:
    with process:
        process.kill()
