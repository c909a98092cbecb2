"""The scripts that are killed, on tiny inputs; they write to the current folder."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
from configs.settings import ReconstructionConfig, RecordsConfig
from lab import make_scenes
from lab.settings import ScenesConfig
from tests import layouts, photos, tiny
from tests.processes import run_as_script
from utils.images.radiance_maps import write_radiance
from utils.runs import weights

_SCENES = 8

Job = tuple[Callable[..., int | None], object]
"""A script's `main` and its settings."""


def write_inputs(folder: Path) -> None:
    """Writes scenes, photographs, radiance maps and weights."""
    for number in range(_SCENES):
        layouts.write(folder / "scenes", "Kalantari", f"{number:03}", seed=number)
        if number % 2:
            photos.write_bracket(folder / "photographs" / f"{number:03}", photos.sample((48, 32)))
    generator = np.random.default_rng(0)
    (folder / "maps").mkdir()
    for name in ("a", "b"):
        noise = generator.random((8, 16, 3), np.float32) ** 4 + np.float32(1e-3)
        write_radiance(folder / "maps" / f"{name}.hdr", np.kron(noise, np.ones((8, 8, 1))))
    weights.save(tiny.random_networks(), folder / "weights")


def _records(inputs: Path) -> Job:
    return make_tfrecord.main, RecordsConfig(
        run=Path("run"),
        scenes=inputs / "scenes",
        prealign="auto",
        validation_scenes=2,
        scenes_per_shard=1,
    )


def _scenes(inputs: Path, workers: int) -> Job:
    return make_scenes.main, ScenesConfig(
        radiance=(inputs / "maps",),
        scenes=Path("scenes"),
        count=_SCENES,
        height=48,
        width=64,
        workers=workers,
    )


def _reconstruction(inputs: Path, scenes: str) -> ReconstructionConfig:
    return ReconstructionConfig(
        run=Path("run"),
        scenes=(inputs / scenes,),
        results=Path("results"),
        weights=inputs / "weights",
    )


JOBS: dict[str, Callable[[Path], Job]] = {
    "make_tfrecord.py": _records,
    "lab/make_scenes.py": lambda inputs: _scenes(inputs, 1),
    "lab/make_scenes.py, two workers": lambda inputs: _scenes(inputs, 2),
    "reconstruction_align2.py": lambda inputs: (
        reconstruction_align2.main,
        _reconstruction(inputs, "scenes"),
    ),
    "reconstruction_fusion.py": lambda inputs: (
        reconstruction_fusion.main,
        _reconstruction(inputs, "scenes"),
    ),
    "reconstruction_fusion.py, photographs": lambda inputs: (
        reconstruction_fusion.main,
        _reconstruction(inputs, "photographs"),
    ),
}


def work(name: str, inputs: Path, folder: Path, log: Path) -> None:
    """Runs a job in a folder, as its script would run, and ends this process."""
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    tf.config.experimental.enable_op_determinism()
    run_as_script(*JOBS[name](inputs), log)
