"""Bad folders of runs: settings, checkpoints, logs."""

import functools
import json
import shutil
from pathlib import Path
from typing import Any

import export
import training_align_low
from configs import paths
from configs.settings import ExportConfig
from tests import tiny
from tests.fuzz import tools
from tests.fuzz.doors import enter
from tests.fuzz.randomness import Random, pick
from tests.fuzz.spoiling import spoil
from tests.fuzz.whole_runs import Judged
from utils.runs import settings

_ODD_JSON: tuple[Any, ...] = (
    None, True, 0, -1, 3, 2**40, 1e300, float("nan"), float("inf"), "", "x", "off", "auto", "4",
    [], [1], {}, {"a": 1}, "\x1b[2J", "\udcff", "9" * 5000,
)  # fmt: skip


def case(place: Path, random: Random) -> Judged:
    """A trained run in which one file is bad, to export or to resume."""
    run = place / "run"
    shutil.copytree(_run(), run)
    resumes = random.random() < 0.3
    stage = run / (paths.ALIGNMENT["low"] if resumes else paths.FUSION)
    path = stage / settings.SETTINGS_NAME
    if random.random() < 0.6:
        path = pick(random, sorted(path for path in stage.rglob("*") if path.is_file()))
    what = path.name
    if path.suffix == ".json" and random.random() < 0.7:
        damage_json(path, random)
    else:
        done, _ = spoil(path, random)
        what += f": {done}"
    return _resume(run, what) if resumes else _export(run, place / "out", what)


def damage_json(path: Path, random: Random) -> None:
    """Replaces, drops or adds something in a JSON file, at any depth."""
    content = json.loads(path.read_text())
    for _ in range(int(random.integers(1, 4))):
        content = _change(content, random)
    path.write_text(json.dumps(content))


def _change(content: Any, random: Random) -> Any:
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


def _export(run: Path, out: Path, what: str) -> Judged:
    ran = enter(export.main, ExportConfig(run=run, save_weights=out), run)
    wrong = bool(ran.code) == out.exists()
    fault = f"exit code {ran.code}, weights written: {out.exists()}" if wrong else ""
    return Judged(what=f"{what}, export.py", ran=ran, names=str(run), fault=fault)


def _resume(run: Path, what: str) -> Judged:
    ran = enter(training_align_low.main, tiny.config(run, str(_records())))
    return Judged(what=f"{what}, training_align_low.py", ran=ran, names=str(run.parent))


@functools.cache
def _records() -> Path:
    folder = tools.weights().with_name("records")
    if not folder.exists():
        folder.mkdir()
        tiny.write_records(folder)
    return folder


@functools.cache
def _run() -> Path:
    run = tools.weights().with_name("run")
    if not run.exists():
        tiny.write_run(run, str(_records()))
    return run
