"""Processes of tests: scripts forked from one that has imported TensorFlow, and commands.

Each ends with its context, so that a failing test leaves none to the next.
"""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

from configs.start_up import EXIT_INTERRUPTED
from utils import command

CONTEXT = multiprocessing.get_context("spawn" if sys.platform == "win32" else "forkserver")
if sys.platform != "win32":
    # One server for all tests of a run, started by the first of them.
    CONTEXT.set_forkserver_preload(["tests.fuzz.kinds", "tests.jobs"])


@contextlib.contextmanager
def running(
    target: Callable[..., object], *arguments: object, context: BaseContext = CONTEXT
) -> Iterator[BaseProcess]:
    """A function in a process of its own, which is killed when the context ends."""
    process = context.Process(target=target, args=arguments)  # pyright: ignore[reportAttributeAccessIssue]
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def run(target: Callable[..., object], *arguments: object) -> None:
    """Runs a function in a process of its own to its end."""
    with running(target, *arguments) as process:
        process.join()
        assert process.exitcode == 0


@contextlib.contextmanager
def started(words: Sequence[str | Path], **options: Any) -> Iterator[subprocess.Popen]:
    """A command in a process group of its own, which is killed when the context ends."""
    with subprocess.Popen(words, start_new_session=True, **options) as process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def run_as_script(main: Callable[[Any], int | None], config: object, log: Path) -> None:
    """Runs a script's `main` as its command does and ends this process.

    Args:
        main: The script's function.
        config: Its settings.
        log: File for all output, also of libraries in C.
    """
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(file, number)
    try:
        with mock.patch.object(command, "parse", return_value=config):
            command.run(main, lambda _: config, None)
    except KeyboardInterrupt as error:  # before `run` had begun
        sys.excepthook(type(error), error, error.__traceback__)
        os._exit(EXIT_INTERRUPTED)
