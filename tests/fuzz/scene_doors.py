"""The scripts that go through a folder of scenes, and what each leaves of a scene."""

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
from utils.images.radiance_maps import read_radiance

Left = Mapping[str, str]
"""Names of what a run left of a scene, with what tells two apart."""

ENDINGS = (".hdr", ".exr", ".png", "_ultrahdr.jpg", "_sheet.png")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SceneDoor:
    """A script that goes through scenes."""

    name: str
    enter: Callable[[Path, Path], Ran]
    """Runs it on a folder of scenes; results go to another."""
    left_of: Callable[[Path, str], Left]
    """What is in a folder of results of a scene of this name; empty if there is nothing."""
    whole: Callable[[Path, str], bool]
    """Whether that is all there should be, and makes sense."""
    goes_on: bool = True
    """Whether a bad scene leaves the others alone."""
    photographs: bool = False
    """Whether folders of photographs are scenes, too."""
    in_part: bool = False
    """Whether a scene may fail in one way and succeed in another."""


def _fusion(scenes: Path, out: Path) -> Ran:
    config = ReconstructionConfig(
        run=out / "run", scenes=(scenes,), results=out / "results", weights=tools.weights()
    )
    return enter(reconstruction_fusion.main, config, scenes)


def _fusion_left(out: Path, name: str) -> Left:
    return _digests(out / "results", (f"{name}.", f"{name}_"))


def _fusion_whole(out: Path, name: str) -> bool:
    left = {*_fusion_left(out, name)}
    if not {f"{name}{ending}" for ending in (".hdr", ".exr")} <= left:
        return False
    maps = [read_radiance(out / "results" / f"{name}{ending}") for ending in (".hdr", ".exr")]
    endings = ENDINGS if fits_ultra_hdr(maps[0]) else [x for x in ENDINGS if "ultra" not in x]
    sound = all(np.isfinite(x).all() and x.shape == maps[0].shape for x in maps)
    return sound and left == {f"{name}{ending}" for ending in endings}


def _align(scenes: Path, out: Path) -> Ran:
    config = ReconstructionConfig(
        run=out / "run", scenes=(scenes,), results=out / "results", weights=tools.weights()
    )
    return enter(reconstruction_align2.main, config, scenes)


def _align_left(out: Path, name: str) -> Left:
    return _digests(out / "results" / name, ("",))


def _align_whole(out: Path, name: str) -> bool:
    return {*_align_left(out, name)} == {"aligned_low.png", "aligned_high.png"}


def _evaluate(scenes: Path, out: Path, **settings: Any) -> Ran:
    config = EvaluationConfig(
        run=out / "run", scenes=scenes, results=out / "results", weights=tools.weights()
    )
    return enter(evaluate.main, dataclasses.replace(config, **settings), scenes)


def scores_left(out: Path, name: str) -> Left:
    """The line of a scene in `scenes.csv`."""
    path = out / "results" / "scenes.csv"
    lines = path.read_text().splitlines() if path.is_file() else []
    rows = csv.reader(line for line in lines if not line.startswith("#"))
    return {f"row of {name}": ",".join(row) for row in rows if row[0] == name}


def scores_whole(out: Path, name: str) -> bool:
    """Whether there is one such line, of finite numbers."""
    rows = list(scores_left(out, name).values())
    return len(rows) == 1 and all(math.isfinite(float(x)) for x in rows[0].split(",")[-6:])


def _records(scenes: Path, out: Path) -> Ran:
    config = RecordsConfig(
        run=out / "run",
        scenes=scenes,
        records=str(out / "records"),
        validation_scenes=0,
        scenes_per_shard=1,
        workers=1,
    )
    return enter(make_tfrecord.main, config, scenes)


def _records_left(out: Path, name: str) -> Left:
    index = out / "records" / "index.json"
    scenes = json.loads(index.read_text())["scenes"] if index.is_file() else []
    return {
        f"record of {name}": f"{scene['length']} {scene['checksum']}"
        for scene in scenes
        if scene["name"] == name and (out / "records" / scene["shard"]).is_file()
    }


def _records_whole(out: Path, name: str) -> bool:
    return len(_records_left(out, name)) == 1


def _check(scenes: Path, out: Path) -> Ran:
    config = RecordsConfig(run=out / "run", scenes=scenes, check=scenes)
    return enter(make_tfrecord.main, config, scenes)


FUSION = SceneDoor(
    name="reconstruction_fusion.py",
    enter=_fusion,
    left_of=_fusion_left,
    whole=_fusion_whole,
    photographs=True,
)
ALIGN = SceneDoor(
    name="reconstruction_align2.py",
    enter=_align,
    left_of=_align_left,
    whole=_align_whole,
    photographs=True,
)
EVALUATE = SceneDoor(name="evaluate.py", enter=_evaluate, left_of=scores_left, whole=scores_whole)
NTIRE = dataclasses.replace(
    EVALUATE,
    name="evaluate.py --protocol ntire",
    enter=functools.partial(_evaluate, protocol=("ntire",)),
)
BASELINES = dataclasses.replace(
    EVALUATE,
    name="evaluate.py --baselines",
    enter=functools.partial(_evaluate, baselines=True),
    in_part=True,
)
RECORDS = SceneDoor(
    name="make_tfrecord.py",
    enter=_records,
    left_of=_records_left,
    whole=_records_whole,
    goes_on=False,
)
CHECK = SceneDoor(
    name="make_tfrecord.py --check",
    enter=_check,
    left_of=lambda _out, _name: {},
    whole=lambda _out, _name: True,
)


def _digests(folder: Path, starts: tuple[str, ...]) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    return {path.name: _digest(path) for path in folder.iterdir() if path.name.startswith(starts)}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "a folder"
