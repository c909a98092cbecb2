"""Bad folders of runs: settings, checkpoints, logs, records."""

import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import export
import make_tfrecord
import training_align_low
from configs import paths
from configs.settings import ExportConfig, RecordsConfig
from tests import tiny
from tests.fuzz import tools
from tests.fuzz.cases import Random, pick
from tests.fuzz.doors import enter
from tests.fuzz.scene_doors import packing
from tests.fuzz.spoiling import spoil
from tests.fuzz.whole_runs import Judged
from utils.records import shards
from utils.runs import settings

_SCENES = 3
_ODD_JSON: tuple[Any, ...] = (
    None, True, 0, -1, 3, 2**40, 1e300, float("nan"), float("inf"), "", "x", "off", "auto", "4",
    [], [1], {}, {"a": 1}, "\x1b[2J", "\udcff", "9" * 5000,
)  # fmt: skip


def run_case(place: Path, random: Random) -> Judged:
    """A trained run that has a bad file, to export or to resume."""
    run, out = place / "run", place / "out"
    records = str(tools.shared("tiny_records", tiny.write_records))
    made = tools.shared("run", lambda folder: tiny.write_run(folder, records))
    shutil.copytree(made, run)
    if random.random() < 0.3:
        what = _spoil_one(run / paths.ALIGNMENT["low"], settings.SETTINGS_NAME, random)
        ran = enter(training_align_low.main, tiny.config(run, records))
        return Judged(what=f"{what}, training_align_low.py", ran=ran, names=str(place))
    what = _spoil_one(run / paths.FUSION, settings.SETTINGS_NAME, random)
    ran = enter(export.main, ExportConfig(run=run, save_weights=out), run)
    wrong = bool(ran.code) == out.exists()
    fault = f"exit code {ran.code}, weights written: {out.exists()}" if wrong else ""
    return Judged(what=f"{what}, export.py", ran=ran, names=str(run), fault=fault)


def records_case(place: Path, random: Random) -> Judged:
    """Records that have a bad file, to complete or to train on."""
    run, made = place / "run", tools.shared("packed", _make_records)
    records = shutil.copytree(made / "records", run / "records")
    what = _spoil_one(records, shards.INDEX_FILE, random)
    if random.random() < 0.4:
        ran = enter(make_tfrecord.main, _packing(made, run), made)
        count = 0 if ran.code else len(shards.read_index(str(records)))
        fault = "" if ran.code or count == _SCENES else f"accepted with {count} scenes"
        return Judged(what=f"{what}, make_tfrecord.py", ran=ran, names=str(run), fault=fault)
    config = tiny.config(run, str(records), steps=1, validate_every=1)
    if random.random() < 0.7:
        sampling = dataclasses.replace(config.sampling, skip_damaged=True)
        config = dataclasses.replace(config, sampling=sampling)
        what += ", damaged scenes skipped"
    ran = enter(training_align_low.main, config, records)
    return Judged(what=f"{what}, training_align_low.py", ran=ran, names=str(records))


def _spoil_one(folder: Path, json_name: str, random: Random) -> str:
    """Spoils a JSON file or any file of a folder; returns what was done."""
    path = folder / json_name
    if random.random() < 0.6:
        path = pick(random, sorted(path for path in folder.rglob("*") if path.is_file()))
    if path.suffix != ".json" or random.random() < 0.3:
        return f"{path.name}: {spoil(path, random)[0]}"
    content = json.loads(path.read_text())
    for _ in range(int(random.integers(1, 4))):
        content = _change(content, random)
    path.write_text(json.dumps(content))
    return path.name


def _change(content: Any, random: Random) -> Any:
    """Replaces, drops or adds something in JSON, at any depth."""
    odd = pick(random, _ODD_JSON)
    if random.random() < 0.05 or not content or not isinstance(content, dict | list):
        return odd
    key = pick(random, sorted(content) if isinstance(content, dict) else range(len(content)))
    if isinstance(content[key], dict | list) and random.random() < 0.8:
        content[key] = _change(content[key], random)
    elif random.random() < 0.3:
        del content[key]
    elif random.random() < 0.1 and isinstance(content, dict):
        content[str(odd)] = odd
    else:
        content[key] = odd
    return content


def _packing(made: Path, run: Path) -> RecordsConfig:
    return dataclasses.replace(packing(made / "scenes", run), validation_scenes=1)


def _make_records(folder: Path) -> None:
    """Writes healthy scenes and their records."""
    for number in range(_SCENES):
        tools.healthy_scene(folder / "scenes" / f"scene{number}", number)
    if enter(make_tfrecord.main, _packing(folder, folder)).code:
        raise RuntimeError("make_tfrecord.py fails on healthy scenes")
