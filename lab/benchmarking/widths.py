"""Weights, multiply-adds and speed of networks of several widths."""

import functools
from collections.abc import Callable

from lab.benchmarking import cost, timing
from lab.benchmarking.inputs import random_scene, reconstruct_agreed
from lab.benchmarking.timing import Row
from lab.benchmarking.variants import build_networks
from models import esbn

PAPER, SMALL = 64, 24
"""The paper's width, and that of the preset `small`."""

WIDTHS = (PAPER, 32, SMALL, 16)

_PRECISIONS = ("float32", "bfloat16")


def measure(size: tuple[int, int], turns: int) -> list[Row]:
    """Seconds of a scene from 16-bit frames to radiance, by width.

    All widths and both precisions alternate, so that the rows compare.

    Args:
        size: Height and width of the picture.
        turns: Turns of the alternation; the median counts.
    """
    runs: dict[str, Callable[[], object]] = {}
    scene = random_scene(*size)
    for width in WIDTHS:
        for precision in _PRECISIONS:
            networks = build_networks(precision, width)
            runs[f"{width} {precision}"] = functools.partial(reconstruct_agreed, networks, scene)
    seconds = timing.alternate(runs, turns)
    rows: list[Row] = []
    for width in WIDTHS:
        built = esbn.networks(width=width).values()
        row: Row = {
            "width": width,
            "M weights": sum(cost.parameters(network)[1] for network in built) / 1e6,
            "T multiply-adds": sum(cost.multiply_adds(net, *size) for net in built) / 1e12,
        }
        for precision in _PRECISIONS:
            name = f"{width} {precision}"
            row[f"{precision}, scene, s"] = seconds[name]
            row[f"{precision}, scene, x"] = seconds[f"{WIDTHS[0]} {precision}"] / seconds[name]
        rows.append(row)
    return rows
