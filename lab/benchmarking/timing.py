"""Timings of alternating variants, peak memory of a fresh process, and their tables."""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from utils.hardware import peak_memory
from utils.reporting.tables import Table, to_markdown

Result = TypeVar("Result")


def alternate(variants: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Times variants in turn, after a warm-up of each.

    Other load slows all variants alike, so their ratios hold on a busy machine.

    Args:
        variants: Functions by name.
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
    """Runs a function in a new process.

    Args:
        function: A function of a module; it, its arguments and its result can be pickled.
        args: Its arguments.

    Returns:
        Its result and the peak memory of the process, in bytes.

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
    """A table with a title; numbers have three digits unless whole."""
    columns = list(rows[0])
    numeric = [isinstance(rows[0][column], int | float) for column in columns]
    table = Table(
        heading=columns,
        rows=[[_text(row[column]) for column in columns] for row in rows],
        notes=[],
        labels=(*numeric, True).index(True),
    )
    return f"## {title}\n\n{to_markdown(table)}"


def compare(seconds: dict[str, float], baseline: str) -> Row:
    """Columns of a comparison: seconds of each variant, then its speed-up."""
    row: Row = {f"{name}, s": value for name, value in seconds.items()}
    for name, value in seconds.items():
        if name != baseline:
            row[f"{name}, x"] = seconds[baseline] / value
    return row


def _text(value: str | float | bool) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else value
