"""Processes that start in no time: forked from one that has imported TensorFlow."""

import multiprocessing
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from configs.start_up import EXIT_INTERRUPTED
from utils import command

CONTEXT = multiprocessing.get_context("forkserver")
# One server for all tests of a run: whoever comes first starts it.
CONTEXT.set_forkserver_preload(["tests.fuzz.kinds", "tests.soak.jobs", "training_align_low"])


def run_as_script(main: Callable[[Any], int | None], config: object, log: Path) -> None:
    """Runs a script's `main` as its command does and ends this process.

    Args:
        main: The script's function.
        config: Its settings.
        log: Where to print, libraries in C too.
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
