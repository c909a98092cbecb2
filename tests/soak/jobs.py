"""The scripts that are killed, on tiny inputs; they write to the current folder."""

import functools
import os
from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
from configs.settings import ReconstructionConfig, RecordsConfig
from lab import make_scenes
from lab.settings import ScenesConfig
from tests import layouts, photos, tiny
from tests.processes import run_as_script
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
    for seed in range(2):
        layouts.write_map(folder / "maps" / f"{seed}.hdr", seed)
    weights.save(tiny.random_networks(), folder / "weights")


def _records(inputs: Path) -> Job:
    scenes = inputs / "scenes"
    config = RecordsConfig(run=Path("run"), scenes=scenes, validation_scenes=2, scenes_per_shard=1)
    return make_tfrecord.main, config


def _scenes(inputs: Path) -> Job:
    maps, scenes = (inputs / "maps",), Path("scenes")
    config = ScenesConfig(radiance=maps, scenes=scenes, count=_SCENES, height=48, width=64)
    return make_scenes.main, config


def _reconstruction(main: Callable[..., int | None], scenes: str, inputs: Path) -> Job:
    return main, ReconstructionConfig(
        run=Path("run"),
        scenes=(inputs / scenes,),
        results=Path("results"),
        weights=inputs / "weights",
    )


_align = functools.partial(_reconstruction, reconstruction_align2.main)
_fuse = functools.partial(_reconstruction, reconstruction_fusion.main)
JOBS: dict[str, Callable[[Path], Job]] = {
    "make_tfrecord.py": _records,
    "lab/make_scenes.py": _scenes,
    "reconstruction_align2.py": functools.partial(_align, "scenes"),
    "reconstruction_fusion.py": functools.partial(_fuse, "scenes"),
    "reconstruction_fusion.py, photographs": functools.partial(_fuse, "photographs"),
}


def work(name: str, inputs: Path, folder: Path) -> None:
    """Runs a job in a folder, as its script would run, and ends this process."""
    folder.mkdir(exist_ok=True)
    os.chdir(folder)
    tf.config.experimental.enable_op_determinism()
    run_as_script(*JOBS[name](inputs), folder.with_suffix(".log"))
