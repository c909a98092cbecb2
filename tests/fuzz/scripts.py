"""Bad scenes through whole scripts: processes of their own, started as a user starts them."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from photo.reading.search import is_photographs
from tests.fuzz import exposures_and_exif, frames_and_photographs, names, tools, trees
from tests.fuzz.doors import Ran, faults_of_text, snapshot
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_doors import ALIGN, EVALUATE, FUSION, RECORDS, SceneDoor
from tests.fuzz.scene_kinds import Plant
from tests.fuzz.whole_runs import Judged
from utils.files import printable

_ROOT = Path(__file__).parents[2]
_HANG = 300  # seconds, on a busy machine
_PLANTS: tuple[Plant, ...] = (
    frames_and_photographs.frame,
    frames_and_photographs.photograph,
    frames_and_photographs.truth,
    exposures_and_exif.exposure_file,
    exposures_and_exif.exif,
    names.names,
)
_HEALTHY = "a_healthy"


def case(place: Path, random: Random) -> Judged:
    """A healthy scene and two bad ones, or a spoilt tree, through one script."""
    scenes, out = place / "scenes", place / "out"
    tools.healthy_scene(scenes / _HEALTHY, 1)
    planted = []
    if random.random() < 0.15:
        (scenes / "tree").mkdir()
        what = trees.spoil_tree(scenes, scenes / "tree", random)
    else:
        for number in range(2):
            plant = pick(random, _PLANTS)
            planted.append(plant(scenes, f"case{number}x", random))
        what = "; ".join(bad.what for bad in planted)
    script, door, flags = pick(random, _SCRIPTS)
    before = snapshot(scenes)
    ran = run(script, [f"--scenes={scenes}", f"--run={out / 'run'}", *flags(out)], place)
    fault = "" if snapshot(scenes) == before else "changed its input"
    if not door.whole(out, _HEALTHY) and (door.goes_on or not ran.code):
        fault = "the healthy scene was not done"
    for bad in planted:
        names_in_results = {bad.name, _shown(bad.name)}  # of files, of tables
        refused = any(_shown(bad.name) in line for line in ran.errors)
        if refused and any(door.left_of(out, name) for name in names_in_results):
            fault = f"{printable(bad.name)} was refused, but left results"
        enters = door.photographs or not is_photographs(scenes / bad.name)
        whole = any(door.whole(out, name) for name in names_in_results)
        if not refused and enters and door.goes_on and not whole:
            fault = f"{printable(bad.name)} was neither refused nor written"
    return Judged(what=f"{what}, {script}", ran=ran, fault=fault)


def _shown(name: str) -> str:
    """A name as such a locale shows it."""
    return printable(os.fsencode(name).decode("ascii", "surrogateescape"))


def run(script: str, words: Sequence[str], folder: Path) -> Ran:
    """Runs a script in a folder, in a locale that knows no letters but ASCII's."""
    try:
        done = subprocess.run(
            [sys.executable, str(_ROOT / script), *words],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            capture_output=True,
            check=False,
            timeout=_HANG,
        )
    except subprocess.TimeoutExpired:
        return Ran(code=1, said="", faults=(f"hangs: no end after {_HANG} s",))
    said = (done.stdout + done.stderr).decode(errors="backslashreplace")
    faults = faults_of_text(said)
    if done.returncode not in {0, 2}:
        faults.append(f"exit code {done.returncode}")
    if "Traceback (most recent call last)" in said:
        faults.append(f"traceback: {said.strip().splitlines()[-1]}")
    return Ran(code=done.returncode, said=said, faults=tuple(faults))


def _results(out: Path) -> list[str]:
    return [f"--results={out / 'results'}", f"--weights={tools.weights()}"]


def _records(out: Path) -> list[str]:
    shards = ["--validation-scenes=0", "--scenes-per-shard=1", "--workers=1"]
    return [f"--records={out / 'records'}", *shards]


_SCRIPTS: tuple[tuple[str, SceneDoor, Callable[[Path], list[str]]], ...] = (
    ("reconstruction_fusion.py", FUSION, _results),
    ("reconstruction_align2.py", ALIGN, _results),
    ("evaluate.py", EVALUATE, _results),
    ("make_tfrecord.py", RECORDS, _records),
)
