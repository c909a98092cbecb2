"""The scripts that read a folder of scenes, and the results of each scene."""

import csv
import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import evaluate
import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
from configs.settings import EvaluationConfig, ReconstructionConfig, RecordsConfig
from photo.showing.ultra_hdr import fits_ultra_hdr
from tests.fuzz import tools
from tests.fuzz.doors import Ran, enter
from utils.images.radiance_maps import read_radiance, write_radiance

Left = Mapping[str, str]
"""Names of a scene's results with their contents or digests."""

_FILES = {"radiance.hdr", "radiance.exr", "picture.png", "ultrahdr.jpg", "sheet.png"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class SceneDoor:
    """A script that reads scenes."""

    name: str
    enter: Callable[[Path, Path], Ran]
    """Runs it on a folder of scenes; results go to another."""
    left_of: Callable[[Path, str], Left] = lambda _out, _name: {}
    """Results of a scene of this name; empty if there are none."""
    whole: Callable[[Path, str], bool] = lambda _out, _name: True
    """Whether these results are complete and make sense."""
    goes_on: bool = True
    """Whether the other scenes are done when one is bad."""
    photographs: bool = False
    """Whether it reads folders of photographs too."""
    in_part: bool = False
    """Whether a scene may fail in one way and succeed in another."""


def _reconstruct(main: Callable[..., int | None], scenes: Path, out: Path) -> Ran:
    config = ReconstructionConfig(
        run=out / "run", scenes=(scenes,), results=out / "results", weights=tools.weights()
    )
    return enter(main, config, scenes)


def _results_left(out: Path, name: str) -> Left:
    own = out / "results" / name
    found = own.iterdir() if own.is_dir() else ()
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def _fusion_whole(out: Path, name: str) -> bool:
    left = {*_results_left(out, name)}
    if not {"radiance.hdr", "radiance.exr"} <= left:
        return False
    maps = [read_radiance(out / "results" / name / f"radiance.{kind}") for kind in ("hdr", "exr")]
    sound = all(np.isfinite(x).all() and x.shape == maps[0].shape for x in maps)
    return sound and left == {x for x in _FILES if x != "ultrahdr.jpg" or fits_ultra_hdr(maps[0])}


def _align_whole(out: Path, name: str) -> bool:
    return {*_results_left(out, name)} == {"aligned_low.png", "aligned_high.png"}


def _evaluate(scenes: Path, out: Path, **settings: Any) -> Ran:
    config = EvaluationConfig(
        run=out / "run", scenes=scenes, results=out / "results", weights=tools.weights()
    )
    return enter(evaluate.main, dataclasses.replace(config, **settings), scenes)


def predictions_of(scenes: Path) -> Path:
    """The folder of predictions beside a folder of scenes; made if missing."""
    folder = scenes.with_name("predictions")
    folder.mkdir(exist_ok=True)
    return folder


def _evaluate_predictions(scenes: Path, out: Path) -> Ran:
    folder = predictions_of(scenes)
    for scene in sorted(scenes.glob("*_healthy")):
        write_radiance(folder / f"{scene.name}.hdr", 0.9 * read_radiance(scene / "HDRImg.hdr"))
    return _evaluate(scenes, out, predictions=folder)


def _scores_left(out: Path, name: str) -> Left:
    """The line of a scene in `scenes.csv`."""
    path = out / "results" / "scenes.csv"
    lines = path.read_text().splitlines() if path.is_file() else []
    rows = csv.reader(line for line in lines if not line.startswith("#"))
    return {f"row of {name}": ",".join(row) for row in rows if row[0] == name}


def _scores_whole(out: Path, name: str) -> bool:
    rows = list(_scores_left(out, name).values())
    return len(rows) == 1 and all(math.isfinite(float(x)) for x in rows[0].split(",")[-6:])


def packing(scenes: Path, run: Path) -> RecordsConfig:
    """Settings of make_tfrecord.py, for `records` in a run."""
    return RecordsConfig(run=run, scenes=scenes, validation_scenes=0, scenes_per_shard=1, workers=1)


def _pack(scenes: Path, out: Path) -> Ran:
    return enter(make_tfrecord.main, packing(scenes, out), scenes)


def _records_left(out: Path, name: str) -> Left:
    index = out / "records" / "index.json"
    scenes = json.loads(index.read_text())["scenes"] if index.is_file() else []
    return {
        f"record of {name}": f"{scene['length']} {scene['checksum']}"
        for scene in scenes
        if scene["name"] == name and (out / "records" / scene["shard"]).is_file()
    }


def _check(scenes: Path, out: Path) -> Ran:
    config = RecordsConfig(run=out / "run", scenes=scenes, check=scenes)
    return enter(make_tfrecord.main, config, scenes)


FUSION = SceneDoor(
    name="reconstruction_fusion.py",
    enter=functools.partial(_reconstruct, reconstruction_fusion.main),
    left_of=_results_left,
    whole=_fusion_whole,
    photographs=True,
)
ALIGN = SceneDoor(
    name="reconstruction_align2.py",
    enter=functools.partial(_reconstruct, reconstruction_align2.main),
    left_of=_results_left,
    whole=_align_whole,
    photographs=True,
)
EVALUATE = SceneDoor(name="evaluate.py", enter=_evaluate, left_of=_scores_left, whole=_scores_whole)
PREDICTIONS = dataclasses.replace(
    EVALUATE, name="evaluate.py --predictions", enter=_evaluate_predictions
)
BASELINES = dataclasses.replace(
    EVALUATE,
    name="evaluate.py --baselines",
    enter=functools.partial(_evaluate, baselines=True),
    in_part=True,
)
RECORDS = SceneDoor(
    name="make_tfrecord.py",
    enter=_pack,
    left_of=_records_left,
    whole=lambda out, name: len(_records_left(out, name)) == 1,
    goes_on=False,
)
CHECK = SceneDoor(name="make_tfrecord.py --check", enter=_check)
