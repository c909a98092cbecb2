"""Fair timings: variants alternate and the median counts; peak memory in a fresh process."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from utils.hardware import peak_memory

Result = TypeVar("Result")


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
    sender.send((result, peak_memory()))


Row = dict[str, str | int | float | bool]


def markdown(title: str, rows: Sequence[Row]) -> str:
    """A table under its title; numbers stand to the right, with three digits if not whole."""
    columns = list(rows[0])
    numeric = [isinstance(rows[0][column], int | float) for column in columns]
    lines = [
        _line(columns),
        _line(["---:" if right else "---" for right in numeric]),
        *(_line([_text(row[column]) for column in columns]) for row in rows),
    ]
    return "\n".join([f"## {title}", "", *lines, ""])


def compare(seconds: dict[str, float], baseline: str) -> Row:
    """Columns of a comparison: each variant's seconds, then how many times faster it is."""
    row: Row = {f"{name}, s": value for name, value in seconds.items()}
    for name, value in seconds.items():
        if name != baseline:
            row[f"{name}, x"] = seconds[baseline] / value
    return row


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _text(value: str | float | bool) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value
