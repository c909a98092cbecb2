"""A GNU Octave process that answers one line with another."""

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
    """A process of `serve.m`; it ends with the object."""

    def __init__(self, arguments: Sequence[str]) -> None:
        """Starts the process.

        Args:
            arguments: Those of `serve.m`.

        Raises:
            ValueError: Octave is missing or does not start.
        """
        program = shutil.which("octave-cli") or shutil.which("octave")
        if program is None:
            raise ValueError(
                "HDR-VDP-2 needs GNU Octave with its package image (apt-get install octave"
                " octave-image). Received: no program octave-cli or octave"
            )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._process = subprocess.Popen(
            [program, "--quiet", str(_SCRIPT), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
        )
        self.end = weakref.finalize(self, _end, self._process)
        """Ends the process."""
        threading.Thread(target=_read, args=(self._process, self._lines), daemon=True).start()
        try:
            self.version = self._answer(_START)
            """Version of HDR-VDP-2."""
        except RuntimeError as error:
            self.end()
            raise ValueError(f"Octave does not start HDR-VDP-2. Received: {error}") from error

    def ask(self, request: str, seconds: float) -> str:
        """The answer to a request within a time limit.

        Raises:
            RuntimeError: Octave reports an error, has ended, or takes too long and is ended.
        """
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(f"{request}\n\n")
            stdin.flush()
        return self._answer(seconds)

    @property
    def running(self) -> bool:
        """False once the process has ended."""
        return self._process.poll() is None

    def _answer(self, seconds: float) -> str:
        deadline, last = time.monotonic() + seconds, "no output"
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                self.end()
                raise RuntimeError(f"no answer within {seconds:g} seconds") from None
            if line is None:
                self.end()
                raise RuntimeError(f"Octave ended after: {last}")
            word, _, text = line.strip().removeprefix(_MARK).partition(" ")
            if not line.startswith(_MARK):
                last = line.strip() or last
            elif word == "error":
                raise RuntimeError(text)
            else:
                return text


def _read(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
