"""Bad predictions, through evaluate.py."""

from pathlib import Path

import numpy as np
import OpenEXR

import evaluate
from configs.settings import EvaluationConfig
from tests import layouts
from tests.fuzz import pictures
from tests.fuzz.doors import Ran, enter
from tests.fuzz.frames_and_photographs import odd_values
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_doors import SceneDoor, scores_left, scores_whole
from tests.fuzz.scene_kinds import Planted
from tests.fuzz.spoiling import spoil
from utils.images.radiance_maps import read_radiance

_PLACE = "predictions"
"""Beside the folder of scenes."""


def prediction(scenes: Path, name: str, random: Random) -> Planted:
    """A healthy scene whose prediction is bad."""
    layouts.write(scenes, "Kalantari", name, seed=int(random.integers(100)))
    truth = read_radiance(scenes / name / "HDRImg.hdr")
    folder = scenes.with_name(_PLACE)
    folder.mkdir(exist_ok=True)
    kind = pick(random, list(pictures.MAPS))
    write, suffix = pictures.MAPS[kind]
    path = folder / f"{name}{suffix}"
    if random.random() < 0.3:
        what, odd = odd_values(truth * np.float32(0.9), random)
        channels = {"RGB": np.ascontiguousarray(odd, np.float32)}
        path = path.with_suffix(".exr")
        with OpenEXR.File({"type": OpenEXR.scanlineimage}, channels) as file:
            file.write(str(path))
        return Planted(what=f"prediction of {what}", name=name)
    write(path, truth * np.float32(0.9), random)
    done, now = spoil(path, random)
    return Planted(what=f"prediction, {kind}: {done}", name=name, file="" if _gone(now) else name)


def _gone(path: Path) -> bool:
    return not path.is_file() or path.suffix not in {".hdr", ".exr"}


def _evaluate(scenes: Path, out: Path) -> Ran:
    predictions = scenes.with_name(_PLACE)
    predictions.mkdir(exist_ok=True)
    for scene in sorted(scenes.glob("*_healthy")):
        truth = read_radiance(scene / "HDRImg.hdr")
        pictures.hdr(predictions / f"{scene.name}.hdr", truth * 0.9, np.random.default_rng(0))
    config = EvaluationConfig(
        run=out / "run", scenes=scenes, results=out / "results", predictions=predictions
    )
    return enter(evaluate.main, config, scenes, predictions)


PREDICTIONS = SceneDoor(
    name="evaluate.py --predictions", enter=_evaluate, left_of=scores_left, whole=scores_whole
)
