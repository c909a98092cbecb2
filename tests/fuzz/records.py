"""Bad records."""

import dataclasses
import functools
import shutil
from pathlib import Path

import make_tfrecord
import training_align_low
from configs.settings import RecordsConfig
from tests import tiny
from tests.fuzz import tools
from tests.fuzz.doors import enter
from tests.fuzz.randomness import Random, pick
from tests.fuzz.runs import damage_json
from tests.fuzz.spoiling import spoil
from tests.fuzz.whole_runs import Judged
from utils.records import shards

_SCENES = 3


def case(place: Path, random: Random) -> Judged:
    """Records with one bad file, to train on or to complete."""
    records = place / "run" / "records"
    shutil.copytree(_made() / "records", records)
    if random.random() < 0.4:
        damage_json(records / shards.INDEX_FILE, random)
        what = "index"
    else:
        path = pick(random, sorted(records.iterdir()))
        done, _ = spoil(path, random)
        what = f"{path.suffix}: {done}"
    return _complete(place, what) if random.random() < 0.4 else _train(place, what, random)


def _complete(place: Path, what: str) -> Judged:
    """Runs make_tfrecord.py on the records that are there."""
    config = _config(place)
    ran = enter(make_tfrecord.main, config, config.scenes)
    count = 0 if ran.code else len(shards.read_index(str(config.records)))
    fault = "" if ran.code or count == _SCENES else f"accepted with {count} scenes of {_SCENES}"
    return Judged(what=f"{what}, make_tfrecord.py", ran=ran, names=str(place / "run"), fault=fault)


def _train(place: Path, what: str, random: Random) -> Judged:
    records = place / "run" / "records"
    config = tiny.config(place / "run", str(records), steps=1, validate_every=1)
    if random.random() < 0.7:
        sampling = dataclasses.replace(config.sampling, skip_damaged=True)
        config = dataclasses.replace(config, sampling=sampling)
        what += ", damaged scenes skipped"
    ran = enter(training_align_low.main, config, records)
    return Judged(what=f"{what}, training_align_low.py", ran=ran, names=str(records))


def _config(place: Path) -> RecordsConfig:
    return RecordsConfig(
        run=place / "run",
        scenes=_made() / "scenes",
        records=str(place / "run" / "records"),
        validation_scenes=1,
        scenes_per_shard=1,
        workers=1,
    )


@functools.cache
def _made() -> Path:
    """Healthy scenes and their records."""
    folder = tools.weights().with_name("made")
    if not folder.exists():
        for number in range(_SCENES):
            tools.healthy_scene(folder / "scenes" / f"scene{number}", number)
        config = RecordsConfig(
            run=folder / "run",
            scenes=folder / "scenes",
            records=str(folder / "records"),
            validation_scenes=1,
            scenes_per_shard=1,
            workers=1,
        )
        if enter(make_tfrecord.main, config).code:
            raise RuntimeError("make_tfrecord.py fails on healthy scenes")
    return folder
