"""Benchmarks this machine: networks, inference, training, data path, large pictures.

Prints tables, and writes them as JSON with `--json`. `plain` is the paper's arithmetic in float32.
Variants alternate in one run, so that their ratios hold on a busy machine too. Needs no data and no
weights.

`--trade-off SCENES --weights DIR [DIR ..]` measures quality against time instead.
"""

import dataclasses
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from configs import paths
from configs.settings import TrainingConfig
from lab import settings
from lab.benchmarking import cost, data_path, surroundings, timing, trade_off, widths
from lab.benchmarking.inputs import merging_stage, random_batch, random_scene, reconstruct_agreed
from lab.benchmarking.timing import Row, compare, markdown
from lab.benchmarking.variants import PLAIN, VARIANTS, build_networks, merging_of
from lab.settings import BenchmarkConfig
from models import esbn
from models.frames import LOW, MERGING
from utils import command, files, hardware
from utils.inference.pipeline import Networks
from utils.reporting import plots
from utils.training.optimisation import compile_step
from utils.training.optimisers import adam
from utils.training.stages import Stage, alignment_stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scale:
    """Sizes and repeats."""

    size: tuple[int, int] = (896, 1344)
    """Height and width of the pictures."""
    turns: int = 3
    """Turns of each variant."""
    alignment_batch: int = 8
    """Batch of an alignment step, in patches of 256x256."""
    merging_batch: int = 4
    """Batch of a merging step, in patches of 256x256."""
    scenes: int = 8
    """Scenes of 1500x1000 in the records."""
    samples: int = 800
    """Training samples read."""
    large: tuple[int, int] | None = (4000, 6000)
    """Height and width of a picture in tiles; None: skipped."""


QUICK = Scale(
    size=(320, 480),
    turns=2,
    alignment_batch=1,
    merging_batch=1,
    scenes=2,
    samples=80,
    large=None,
)


def main(config: BenchmarkConfig) -> None:
    """Prints all tables."""
    scale = QUICK if config.quick else Scale()
    if config.trade_off:
        measure_trade_off(config, config.trade_off, scale.turns)
        return
    height, width = scale.size
    batches = f"{scale.alignment_batch} and {scale.merging_batch}"
    sections: dict[str, Callable[[], list[Row]]] = {
        "Machine": lambda: [hardware.describe()],
        "Networks": lambda: measure_networks(scale.size),
        f"Inference at {width}x{height}": lambda: measure_inference(scale),
        f"Around the networks at {width}x{height}": lambda: surroundings.measure(
            scale.size, scale.turns
        ),
        f"Widths at {width}x{height}": lambda: widths.measure(scale.size, scale.turns),
        "Memory of one scene, a fresh process": lambda: measure_memory(scale.size),
        f"Training step at 256x256, batches of {batches}": lambda: measure_training(scale),
        "Data path": lambda: data_path.measure(count=scale.scenes, samples=scale.samples),
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


def measure_trade_off(config: BenchmarkConfig, scenes: Path, turns: int) -> None:
    """Prints and draws quality against time."""
    report = {
        "Machine": [hardware.describe()],
        "Quality against time": trade_off.measure(scenes, config.weights, turns),
    }
    curves: dict[str, list[tuple[float, float, str]]] = {}
    for row in report["Quality against time"]:
        point = float(row[trade_off.SECONDS]), float(row[trade_off.PSNR_MU]), f"x{row['copies']}"
        curves.setdefault(str(row["weights"]), []).append(point)
    for title, rows in report.items():
        tqdm.write(markdown(title, rows))
    _write(config, report)
    plots.trade_off(config.plot, curves)


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
    """Seconds of each network and of a scene from 16-bit frames to radiance, and shares of peak.

    The peak is the speed of the trunk's convolution, timed in the same turns. A share is that of
    the fast graph's multiply-adds.
    """
    frames = [tf.random.uniform((1, *scale.size, 6), -1.0, 1.0).numpy() for _ in range(3)]
    scene = random_scene(*scale.size)
    networks = {name: build_networks(name) for name in VARIANTS}
    costs = {name: cost.multiply_adds(net, *scale.size) for name, net in esbn.networks().items()}
    jobs: dict[str, tuple[int, Callable[[Networks], Any]]] = {
        "alignment, each": (costs[LOW], lambda nets: nets.low(*frames[:2])),
        "merging": (costs[MERGING], lambda nets: merging_of(nets)(*frames)),
        "scene, frames to radiance": (
            sum(costs.values()),
            lambda nets: reconstruct_agreed(nets, scene),
        ),
    }
    rows: list[Row] = []
    for title, (count, job) in jobs.items():
        runs = {name: lambda nets=nets, job=job: job(nets) for name, nets in networks.items()}
        peaks, peak_cost = cost.peak_convolutions(*scale.size)
        seconds = timing.alternate(runs | peaks, scale.turns)
        row = {"of": title} | compare({name: seconds[name] for name in VARIANTS}, PLAIN)
        for name, peak in (("float32", "peak float32"), ("bfloat16", "peak bfloat16")):
            row[f"{name}, share of peak"] = count / seconds[name] * seconds[peak] / peak_cost
            row[f"{peak}, GFLOP/s"] = 2 * peak_cost / seconds[peak] / 1e9
        rows.append(row)
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


def measure_training(scale: Scale) -> list[Row]:
    """Seconds of a training step of one alignment, and of merging alone."""
    rows: list[Row] = []
    jobs = ((LOW, scale.alignment_batch), (MERGING, scale.merging_batch))
    for name, batch_size in jobs:
        batch = random_batch(batch_size)
        steps = {}
        for variant, options in VARIANTS.items():
            networks = esbn.networks(initializer="he", **options)
            build = merging_stage if name == MERGING else _low_stage
            stage = build(networks)
            step = compile_step(stage, adam(1e-4, stage))
            steps[variant] = lambda step=step, batch=batch: float(step(batch)["loss"])
        title = "merging" if name == MERGING else "alignment"
        rows.append({"of": title} | compare(timing.alternate(steps, scale.turns), PLAIN))
    return rows


def _low_stage(networks: dict[str, Any]) -> Stage:
    return alignment_stage(networks, LOW, TrainingConfig(run=paths.run_dir("quick")))


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
