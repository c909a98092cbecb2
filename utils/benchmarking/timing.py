"""Fair timings: variants alternate and the median counts; peak memory in a fresh process."""

import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")

_STATUS = Path("/proc/self/status")


def alternate(variants: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Runs each variant once to warm up, then all of them in turn.

    Turns share what else goes on in the machine, so ratios hold where absolute times do not.

    Args:
        variants: What to run, by name.
        repeats: Turns.

    Returns:
        Median seconds of each.
    """
    for run in variants.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, run in variants.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def in_fresh_process(function: Callable[..., Result], *args: object) -> tuple[Result, int]:
    """Runs a function of a module in a process of its own.

    Args:
        function: What to run; it and what it takes and gives can be pickled.
        args: Its arguments.

    Returns:
        Its result and the most memory the process took, in bytes.

    Raises:
        RuntimeError: The process ended without a result.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send_result, args=(sender, function, args))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError as error:
        process.join()
        raise RuntimeError(
            f"{function.__name__} ended without a result. Received: exit code {process.exitcode}"
        ) from error
    finally:
        process.join()


def _send_result(sender: Connection, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    result = function(*args)
    sender.send((result, _peak_memory()))


def _peak_memory() -> int:
    """Most memory this process took, in bytes.

    `ru_maxrss` will not do on Linux: a new process starts with the peak of the one that made it.
    Elsewhere it is what there is.
    """
    if _STATUS.exists():
        fields = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines())
        return 1024 * int(fields["VmHWM"].split()[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)
