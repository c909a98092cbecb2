"""Processes that start in no time: forked from one that has imported TensorFlow."""

import multiprocessing
import os
from pathlib import Path

CONTEXT = multiprocessing.get_context("forkserver")
# One server for all tests of a run: whoever comes first starts it.
CONTEXT.set_forkserver_preload(["tests.fuzz.kinds", "tests.soak.jobs", "training_align_low"])


def print_to(log: str | Path) -> None:
    """Sends all that this process prints, libraries in C too, to the end of a file."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for number in (1, 2):
        os.dup2(file, number)
