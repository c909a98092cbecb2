"""The scripts that write files, on tiny inputs; they are killed and get full or read-only disks."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

import evaluate
import export
import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
import training_align_low
import training_fusion
from configs.settings import EvaluationConfig, ExportConfig, ReconstructionConfig, RecordsConfig
from lab import make_scenes
from lab.settings import ScenesConfig
from tests import layouts, photos, tiny
from tests.processes import run_as_script
from utils.runs import weights

Job = tuple[Callable[..., int | None], object]
"""A script's `main` and its settings."""


def write_inputs(folder: Path, scenes: int = 8) -> None:
    """Writes scenes, photographs, radiance maps, weights and records."""
    for number in range(scenes):
        layouts.write(folder / "scenes", "Kalantari", f"{number:03}", seed=number)
        if number % 2:
            photos.write_bracket(folder / "photographs" / f"{number:03}", photos.sample((48, 32)))
    for seed in range(2):
        layouts.write_map(folder / "maps" / f"{seed}.hdr", seed)
    weights.save(tiny.random_networks(), folder / "weights")
    tiny.write_records(folder)


def _records(inputs: Path, out: Path) -> Job:
    config = RecordsConfig(
        run=out, scenes=inputs / "scenes", validation_scenes=1, workers=2, scenes_per_shard=1
    )
    return make_tfrecord.main, config


def _scenes(inputs: Path, out: Path) -> Job:
    config = ScenesConfig(radiance=(inputs / "maps",), scenes=out, count=8, height=48, width=64)
    return make_scenes.main, config


def train(inputs: Path, out: Path, **changed: int) -> Job:
    """Training of an alignment network, by default for two steps."""
    return training_align_low.main, tiny.config(out, str(inputs), **{"steps": 2} | changed)


def _train_fusion(inputs: Path, out: Path) -> Job:
    config = tiny.config(out, str(inputs), steps=2)
    return training_fusion.main, tiny.fusion(config, alignment="from_scratch")


def _reconstruction(inputs: Path, out: Path, scenes: str = "scenes", **more: Any) -> object:
    return ReconstructionConfig(
        run=inputs, weights=inputs / "weights", scenes=(inputs / scenes,), results=out, **more
    )


def _align(inputs: Path, out: Path, **more: Any) -> Job:
    return reconstruction_align2.main, _reconstruction(inputs, out, **more)


def _fuse(inputs: Path, out: Path, **more: Any) -> Job:
    return reconstruction_fusion.main, _reconstruction(inputs, out, **more)


def _evaluate(inputs: Path, out: Path) -> Job:
    config = EvaluationConfig(
        run=inputs, weights=inputs / "weights", scenes=inputs / "scenes", results=out
    )
    return evaluate.main, config


def _export(inputs: Path, out: Path, save_weights: Path | None = None) -> Job:
    config = ExportConfig(
        run=out, weights=inputs / "weights", output=out / "esbn", save_weights=save_weights
    )
    return export.main, config


JOBS: dict[str, Callable[[Path, Path], Job]] = {
    "make_tfrecord": _records,
    "make_scenes": _scenes,
    "training_align_low": train,
    "training_fusion": _train_fusion,
    "reconstruction_align2": _align,
    "--save-release": lambda inputs, out: _align(inputs, out, save_release=str(out / "iter")),
    "reconstruction_fusion": _fuse,
    "photographs": lambda inputs, out: _fuse(inputs, out, scenes="photographs"),
    "evaluate": _evaluate,
    "export": _export,
    "--save-weights": lambda inputs, out: _export(inputs, out, save_weights=out / "weights"),
}
"""Each from a folder of inputs and one for its output."""


def work(name: str, inputs: Path, folder: Path) -> None:
    """Runs a job in a folder, as its script would run, and ends this process."""
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    tf.config.experimental.enable_op_determinism()
    run_as_script(*JOBS[name](inputs, Path("output")), folder.with_suffix(".log"))
