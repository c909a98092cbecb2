"""Measures what training takes on this machine's device, in three minutes; the first thing to run.

Names the device and measures, for the stages of the preset `kalantari` in float32 and bfloat16:
steps a second, whether a step gives the same bits twice, memory and the largest batch; how many
samples a second records yield; and from these the hours that the preset takes. Needs no data and no
weights. Prints a report and writes it to `--save`, for you to send to us.
"""

import dataclasses
import itertools
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras.ops import convert_to_numpy as to_numpy
from tqdm import tqdm

from configs import presets
from configs.settings import FusionConfig, Precision, TrainingConfig
from lab import settings
from lab.benchmarking import data_path
from lab.benchmarking.inputs import random_batch
from lab.benchmarking.timing import Row, markdown
from lab.settings import DeviceCheckConfig
from models import esbn
from models.frames import LOW
from utils import command, files, hardware
from utils.reporting.version import program_version
from utils.training.optimisation import compile_step
from utils.training.optimisers import adam
from utils.training.stages import aligned_frame, alignment_stage, fusion_stage

STAGES: dict[str, TrainingConfig] = {
    "alignment, each": presets.alignment("kalantari"),
    "fusion, end to end": presets.fusion("kalantari"),
}
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")
NOTES = """s a step: of the whole batch; if that took too long, of what was `timed`, multiplied.
GB: most memory of the GPU; without one, of the process so far. Same bits: weights and loss of a
step that was made twice. Largest batch: found by doubling until a GPU's memory or the time was used
up; without a GPU the free memory divided by all memory that was used. Hours: of 300,000 steps a
stage, both alignments one after another, and no faster than the records yield samples.
"""

_GPU = "GPU:0"
_TURNS = 9  # steps timed at most
_STEPS = 8  # of a batch, from its first to the test of its bits
_LARGEST_BATCH = 1024


def main(config: DeviceCheckConfig) -> None:
    """Prints and writes the report."""
    end = time.perf_counter() + config.seconds
    keras.utils.set_random_seed(0)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    rates = data_path.measure(count=2, samples=80)
    before = _memory()
    rows = []
    measured = list(itertools.product(STAGES, PRECISIONS))
    for number, (name, precision) in enumerate(tqdm(measured, unit="stage")):
        seconds = (end - time.perf_counter()) / (len(measured) - number)
        rows.append(measure(config, name, precision, seconds, before))
        keras.backend.clear_session()
    report: dict[str, list[Row]] = {
        "Machine": [hardware.describe() | {"code": program_version()}],
        f"Training step at {config.patch_size}x{config.patch_size}": rows,
        "Data path": rates,
        "Hours of the preset kalantari": [
            hours(rows, rates, precision) for precision in PRECISIONS
        ],
    }
    text = "\n".join(markdown(title, found) for title, found in report.items())
    files.write_text(config.save, f"# Device check\n\n{text}\n{NOTES}")
    tqdm.write(f"{config.save.read_text(encoding='utf-8')}\nPlease send us {config.save}.")


def measure(
    config: DeviceCheckConfig, name: str, precision: Precision, seconds: float, before: int
) -> Row:
    """Measures one stage in one precision, for about so many seconds, from this memory on."""
    end = time.perf_counter() + seconds
    full = STAGES[name].batch_size
    row: Row = {"stage": name, "precision": precision, "batch": full}
    _memory(reset=True)
    state, step = _compiled(config, name, precision)
    side = config.patch_size
    small = max(8, side // 32 * 8)  # a quarter
    batch, patches, seconds = _largest_timed(step, [(1, small), (1, side), (full, side)], end)
    times = [seconds]
    while len(times) < _TURNS and time.perf_counter() + 4 * times[0] < end:
        times.append(_seconds(step, batch))
    row["timed"] = "{} of {}x{}".format(*batch.ldr.shape[:1], *batch.ldr.shape[2:4])
    row["s a step"] = statistics.median(times) * full / patches
    row["steps a second"] = 1 / float(row["s a step"])
    used = _memory()
    row["GB"], row["same bits"] = used / 1e9, _same_bits(state, step, batch)
    if _has_gpu():
        row["largest batch"] = _largest(config, step, max(1, int(patches)), seconds / patches, end)
    else:
        row["largest batch"] = (
            f"{hardware.free_memory() / max(used - before, 1) * patches:.0f} or more"
        )
    return row


def _largest_timed(
    step: Callable[..., Any], sizes: list[tuple[int, int]], end: float
) -> tuple[Any, float, float]:
    """Times a second step of larger and larger batches, while there is time for a few more.

    Args:
        step: The compiled step.
        sizes: Patches and their pixels a side; the last is the whole batch.
        end: When to be done.

    Returns:
        The last batch, its size in patches of the last kind, and the seconds of a step.
    """

    def timed(count: int, side: int) -> tuple[Any, float, float, float]:
        batch = random_batch(count, side)
        first, seconds = _seconds(step, batch), _seconds(step, batch)
        return batch, count * (side / sizes[-1][1]) ** 2, first, seconds

    batch, patches, first, seconds = timed(*sizes[0])
    for count, side in sizes[1:]:
        growth = count * (side / sizes[-1][1]) ** 2 / patches
        if time.perf_counter() + first + _STEPS * growth * seconds > end:
            break
        batch, patches, first, seconds = timed(count, side)
    return batch, patches, seconds


def hours(rows: list[Row], rates: list[Row], precision: Precision) -> Row:
    """Hours of each stage and of all three, no faster than the records yield samples."""
    rate = next(float(row["value"]) for row in rates if "resampling, 1/s" in str(row["figure"]))
    found: Row = {"precision": precision}
    for row in rows:
        if row["precision"] == precision:
            name = str(row["stage"])
            seconds = max(float(row["s a step"]), float(row["batch"]) / rate)
            found[name] = STAGES[name].steps * seconds / 3600
    alignment, fusion = (float(found[name]) for name in STAGES)
    return found | {"all three": 2 * alignment + fusion}


def _compiled(
    config: DeviceCheckConfig, name: str, precision: Precision
) -> tuple[list[Any], Callable[..., Any]]:
    """All variables of a stage and of its optimiser, and its compiled step."""
    networks = esbn.networks(
        **dataclasses.asdict(config.network), dtype=hardware.keras_policy(precision)
    )
    own = STAGES[name]
    if isinstance(own, FusionConfig):
        stage = fusion_stage(networks, esbn.esbn(networks, aligned_frame), own)
    else:
        stage = alignment_stage(networks, LOW, own)
    optimizer = adam(own.learning_rate, stage)
    weights = [variable for network in stage.networks.values() for variable in network.variables]
    return [*weights, *optimizer.variables], compile_step(stage, optimizer)


def _seconds(step: Callable[..., Any], batch: object) -> float:
    start = time.perf_counter()
    float(step(batch)["loss"])
    return time.perf_counter() - start


def _same_bits(state: list[Any], step: Callable[..., Any], batch: object) -> bool:
    """True if a step from the same weights gives the same loss and weights twice."""
    start = [to_numpy(variable) for variable in state]
    ends = []
    for _ in range(2):
        for variable, value in zip(state, start, strict=True):
            variable.assign(value)
        loss = to_numpy(step(batch)["loss"])
        ends.append([loss, *map(to_numpy, state)])
    return all(np.array_equal(a, b) for a, b in zip(*ends, strict=True))


def _largest(
    config: DeviceCheckConfig, step: Callable[..., Any], patches: int, one: float, end: float
) -> str:
    """The largest batch that fits a GPU, by doubling until its memory or the time is used up."""
    size = patches
    while size < _LARGEST_BATCH and time.perf_counter() + 4 * size * one < end:
        try:
            _seconds(step, random_batch(2 * size, config.patch_size))
        except tf.errors.ResourceExhaustedError:
            return f"{size}; {2 * size} does not fit"
        size *= 2
    return f"{size} or more"


def _has_gpu() -> bool:
    return bool(tf.config.list_physical_devices("GPU"))


def _memory(*, reset: bool = False) -> int:
    """Most memory in bytes: of the GPU since the last reset, without one of this process."""
    if not _has_gpu():
        return hardware.peak_memory()
    if reset:
        tf.config.experimental.reset_memory_stats(_GPU)
    return int(tf.config.experimental.get_memory_info(_GPU)["peak"])


if __name__ == "__main__":
    command.run(main, settings.device_check, __doc__)
