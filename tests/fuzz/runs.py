"""Bad folders of runs: settings, checkpoints, logs, records."""

import dataclasses
import json
import shutil
from pathlib import Path

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
from tests.fuzz.spoiling import change_json, spoil
from tests.fuzz.whole_runs import Judged
from utils.records import record, shards
from utils.runs import settings

_SCENES = 3


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


def replaced_case(place: Path, random: Random) -> Judged:
    """A trained stage whose records, index or digest was replaced; others are refused."""
    run = place / "run"
    records = Path(
        shutil.copytree(tools.shared("tiny_records", tiny.write_records), run / "records")
    )
    made = tools.shared("run", lambda folder: tiny.write_run(folder, str(records)))
    stage = shutil.copytree(made / paths.ALIGNMENT["low"], run / paths.ALIGNMENT["low"])
    path, started = stage / settings.SETTINGS_NAME, shards.digest(str(records))
    digest = pick(random, (*4 * (started,), "", None, 5, [], started[::-1]))
    content = json.loads(path.read_text()) | {"records_sha256": digest}
    path.write_text(json.dumps(content))
    entries = shards.read_index(str(records))
    change = int(random.integers(4))
    if change == 1:  # other pixels of the same names and size
        scene = dataclasses.replace(tiny.SCENE, ldr=255 - tiny.SCENE.ldr)
        packed = [record.pack(pick(random, (scene, tiny.SCENE)))]
        entries[0:1] = shards.write_shard(str(records / entries[0].shard), "training", packed)
    elif change == 2:
        field = pick(random, ("checksum", "name", "source_bytes"))
        value = "other" if field == "name" else int(random.integers(2**32))
        entries[0] = dataclasses.replace(entries[0], **{field: value})
    elif change == 3:
        entries.reverse()
    shards.write_index(str(records), entries)
    same = digest in ("", shards.digest(str(records)))
    ran = enter(training_align_low.main, tiny.config(run, str(records)), records)
    fault = "" if bool(ran.code) != same else f"exit code {ran.code}, records replaced: {not same}"
    what = f"records {started[:6]}, change {change}, digest {digest!r:.8}"
    return Judged(what=what, ran=ran, names="records of digest", fault=fault)


def _spoil_one(folder: Path, json_name: str, random: Random) -> str:
    """Spoils a JSON file or any file of a folder; returns what was done."""
    path = folder / json_name
    if random.random() < 0.6:
        path = pick(random, sorted(path for path in folder.rglob("*") if path.is_file()))
    if path.suffix != ".json" or random.random() < 0.3:
        return f"{path.name}: {spoil(path, random)[0]}"
    content = json.loads(path.read_text())
    for _ in range(int(random.integers(1, 4))):
        content = change_json(content, random)
    path.write_text(json.dumps(content))
    return path.name


def _packing(made: Path, run: Path) -> RecordsConfig:
    return dataclasses.replace(packing(made / "scenes", run), validation_scenes=1)


def _make_records(folder: Path) -> None:
    """Writes healthy scenes and their records."""
    for number in range(_SCENES):
        tools.healthy_scene(folder / "scenes" / f"scene{number}", number)
    if enter(make_tfrecord.main, _packing(folder, folder)).code:
        raise RuntimeError("make_tfrecord.py fails on healthy scenes")
