"""Benchmarks inference on this machine: networks, scenes, widths, memory, large pictures.

Prints tables, and writes them as JSON with `--json`. `plain` is the paper's arithmetic in float32.
Variants alternate in one run, so that their ratios hold on a busy machine too. Needs no data and no
weights. lab/device_check.py measures training.
"""

import dataclasses
import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from lab import settings
from lab.benchmarking import cost, timing, widths
from lab.benchmarking.inputs import random_scene, reconstruct_agreed
from lab.benchmarking.timing import Row, compare, markdown
from lab.benchmarking.variants import PLAIN, VARIANTS, build_networks
from lab.settings import BenchmarkConfig
from models import esbn
from models.frames import LOW, MERGING
from utils import command, files, hardware
from utils.inference.pipeline import Networks


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scale:
    """Sizes and repeats."""

    size: tuple[int, int] = (896, 1344)
    """Height and width of the pictures."""
    turns: int = 3
    """Turns of each variant."""
    large: tuple[int, int] | None = (4000, 6000)
    """Height and width of a picture in tiles; None: skipped."""


QUICK = Scale(size=(320, 480), turns=2, large=None)


def main(config: BenchmarkConfig) -> None:
    """Prints all tables."""
    scale = QUICK if config.quick else Scale()
    height, width = scale.size
    sections: dict[str, Callable[[], list[Row]]] = {
        "Machine": lambda: [hardware.describe()],
        "Networks": lambda: measure_networks(scale.size),
        f"Inference at {width}x{height}": lambda: measure_inference(scale),
        f"Widths at {width}x{height}": lambda: widths.measure(scale.size, scale.turns),
        "Memory of one scene, a fresh process": lambda: measure_memory(scale.size),
    }
    large = scale.large
    if large:
        sections["A large picture in tiles"] = lambda: measure_tiling(scale.size, large)
    report: dict[str, list[Row]] = {}
    for title, measure in sections.items():
        report[title] = measure()
        heading = f"{title} (quick)" if config.quick else title
        tqdm.write(markdown(heading, report[title]))
        _write(config, report)  # after each table, so that a stop loses nothing


def _write(config: BenchmarkConfig, report: dict[str, list[Row]]) -> None:
    if config.json:
        files.write_text(config.json, json.dumps({"quick": config.quick} | report, indent=2) + "\n")


def measure_networks(size: tuple[int, int]) -> list[Row]:
    """Weights and multiply-adds of one alignment and of merging."""
    rows: list[Row] = []
    plain, fast = (esbn.networks(arithmetic=arithmetic) for arithmetic in ("plain", "fast"))
    for name, title in ((LOW, "alignment, each"), (MERGING, "merging")):
        trainable, weights = cost.parameters(plain[name])
        row: Row = {"network": title, "trainable": trainable, "weights": weights}
        for height, width in ((256, 256), size):
            for label, networks in (("plain", plain), ("fast", fast)):
                count = cost.multiply_adds(networks[name], height, width)
                row[f"G multiply-adds, {label}, {width}x{height}"] = count / 1e9
        rows.append(row)
    return rows


def measure_inference(scale: Scale) -> list[Row]:
    """Seconds of each network and of a scene from 16-bit frames to radiance."""
    frames = [tf.random.uniform((1, *scale.size, 6), -1.0, 1.0).numpy() for _ in range(3)]
    scene = random_scene(*scale.size)
    networks = {name: build_networks(name) for name in VARIANTS}
    jobs: dict[str, Callable[[Networks], Any]] = {
        "alignment, each": lambda nets: nets.low(*frames[:2]),
        "merging": lambda nets: nets.trained_merging(*frames),
        "scene, frames to radiance": lambda nets: reconstruct_agreed(nets, scene),
    }
    rows: list[Row] = []
    for title, job in jobs.items():
        runs = {name: lambda nets=nets, job=job: job(nets) for name, nets in networks.items()}
        rows.append({"of": title} | compare(timing.alternate(runs, scale.turns), PLAIN))
    return rows


def measure_memory(size: tuple[int, int]) -> list[Row]:
    """Peak memory of a process that reconstructs one scene."""
    rows: list[Row] = []
    for variant in VARIANTS:
        _, peak = timing.in_fresh_process(time_scene, variant, size, False)
        rows.append({"variant": variant, "GB": peak / 1e9})
    return rows


def time_scene(
    variant: str, size: tuple[int, int], warm_up: bool, width: int = widths.PAPER
) -> float:
    """Seconds for one scene.

    Args:
        variant: A name of `VARIANTS`.
        size: Height and width.
        warm_up: Time the second of two runs.
        width: Channels of the first convolution.
    """
    networks, scene = build_networks(variant, width), random_scene(*size)
    if warm_up:
        reconstruct_agreed(networks, scene)
    start = time.perf_counter()
    reconstruct_agreed(networks, scene)
    return time.perf_counter() - start


def measure_tiling(size: tuple[int, int], large: tuple[int, int]) -> list[Row]:
    """Seconds per megapixel and memory of a large picture, against a scene."""
    rows: list[Row] = []
    for channels, variant in itertools.product(
        (widths.PAPER, widths.SMALL), ("float32", "bfloat16")
    ):
        row: Row = {"width": channels, "variant": variant}
        per_pixel = []
        for height, width in (size, large):
            seconds, peak = timing.in_fresh_process(
                time_scene, variant, (height, width), (height, width) == size, channels
            )
            per_pixel.append(seconds / (height * width / 1e6))
            row[f"{width}x{height}, s"] = seconds
            row[f"{width}x{height}, s per megapixel"] = per_pixel[-1]
            row[f"{width}x{height}, GB"] = peak / 1e9
        row["cost per pixel, x"] = per_pixel[1] / per_pixel[0]
        rows.append(row)
    return rows


if __name__ == "__main__":
    command.run(main, settings.benchmark, __doc__)
