"""Bad records, and bad aligned frames to make records of."""

import dataclasses
import functools
import json
import shutil
import zlib
from pathlib import Path

import tensorflow as tf

import make_tfrecord
import reconstruction_align2
import training_align_low
from configs.settings import ReconstructionConfig, RecordsConfig
from tests import tiny
from tests.fuzz import tools
from tests.fuzz.damage import damage
from tests.fuzz.doors import Ran, enter
from tests.fuzz.randomness import Random, pick
from tests.fuzz.runs import damage_json
from tests.fuzz.spoiling import spoil
from tests.fuzz.whole_runs import Judged
from utils.records import shards

_SCENES = 3
_FEATURES = ("schema", "name", "height", "width", "exposure_values", "ldr", "hdr", "aligned")


def case(place: Path, random: Random) -> Judged:
    """Records with one bad file, to train on or to be made to the end."""
    records = place / "run" / "records"
    shutil.copytree(_made() / "records", records)
    chance = random.random()
    chosen = sorted(records.iterdir())
    path = pick(random, chosen)
    what = path.suffix
    if chance < 0.3:
        damage_json(records / shards.INDEX_FILE, random)
        what = "index"
    elif chance < 0.6:
        what = _craft(records, random)
    else:
        done, _ = spoil(path, random)
        what += f": {done}"
    if random.random() < 0.4:
        return _complete(place, what)
    return _train(place, what, random)


def aligned_case(place: Path, random: Random) -> Judged:
    """Results of reconstruction_align2.py with one bad file, to be packed."""
    aligned = place / "aligned"
    shutil.copytree(_made() / "aligned", aligned)
    what, path = spoil(pick(random, sorted(aligned.rglob("*.png"))), random)
    config = _config(place, aligned=aligned)
    ran = enter(make_tfrecord.main, config, aligned, config.scenes)
    return Judged(
        what=f"aligned frames, {path.name}: {what}",
        ran=ran,
        names=str(aligned),
        fault=_fault_of_records(place, ran),
    )


def _complete(place: Path, what: str) -> Judged:
    """Makes the records that are there once more, or goes on with them."""
    config = _config(place)
    ran = enter(make_tfrecord.main, config, config.scenes)
    fault = "" if ran.code else _fault_of_records(place, ran)
    return Judged(what=f"{what}, make_tfrecord.py", ran=ran, names=str(place / "run"), fault=fault)


def _train(place: Path, what: str, random: Random) -> Judged:
    records = place / "run" / "records"
    config = tiny.config(place / "run", str(records), steps=1, validate_every=1)
    if random.random() < 0.7:
        sampling = dataclasses.replace(config.sampling, skip_damaged=True)
        config = dataclasses.replace(config, sampling=sampling)
        what += ", the damaged left out"
    ran = enter(training_align_low.main, config, records)
    return Judged(what=f"{what}, training_align_low.py", ran=ran, names=str(records))


def _fault_of_records(place: Path, ran: Ran) -> str:
    records = place / "run" / "records"
    if ran.code:
        return "refused, but there is an index" if (records / shards.INDEX_FILE).exists() else ""
    entries = shards.read_index(str(records))
    return "" if len(entries) == _SCENES else f"accepted with {len(entries)} scenes of {_SCENES}"


def _craft(records: Path, random: Random) -> str:
    """Damages what is inside a record, and makes all checksums right."""
    index = json.loads((records / shards.INDEX_FILE).read_text())
    entry = index["scenes"][int(random.integers(len(index["scenes"])))]
    path = records / entry["shard"]
    data = bytes(next(iter(tf.data.TFRecordDataset(str(path)))).numpy())
    feature = "bytes"
    if random.random() < 0.3:
        _, data = damage(data, random)
    else:
        feature = pick(random, _FEATURES)
        data = _other_feature(data, feature, random)
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(data)
    entry |= {"length": len(data), "checksum": zlib.crc32(data), "offset": 0}
    (records / shards.INDEX_FILE).write_text(json.dumps(index))
    return f"crafted {feature}"


def _other_feature(data: bytes, name: str, random: Random) -> bytes:
    example = tf.train.Example.FromString(data)
    feature = example.features.feature[name]
    if random.random() < 0.15:
        del example.features.feature[name]
    elif feature.bytes_list.value:
        values = feature.bytes_list.value
        where = int(random.integers(len(values)))
        _, values[where] = damage(values[where], random)
    elif feature.float_list.value:
        odd = pick(random, (float("nan"), float("inf"), -1.0, 0.0, 1e30, 200.0))
        feature.float_list.value[int(random.integers(3))] = odd
    else:
        odd = pick(random, (0, 1, -1, 7, 33, 2**31, 2**62))
        feature.int64_list.value[:] = [int(odd)] * pick(random, (1, 1, 1, 0, 2))
    return example.SerializeToString()


def _config(place: Path, aligned: Path | None = None) -> RecordsConfig:
    return RecordsConfig(
        run=place / "run",
        scenes=_made() / "scenes",
        aligned=aligned,
        validation_scenes=1,
        scenes_per_shard=1,
        workers=1,
    )


@functools.cache
def _made() -> Path:
    """Healthy scenes, their aligned frames and their records."""
    folder = tools.weights().with_name("made")
    if folder.exists():
        return folder
    for number in range(_SCENES):
        tools.healthy_scene(folder / "scenes" / f"scene{number}", number)
    reconstruction = ReconstructionConfig(
        run=folder / "run",
        scenes=(folder / "scenes",),
        results=folder / "aligned",
        weights=tools.weights(),
    )
    config = RecordsConfig(
        run=folder / "run",
        scenes=folder / "scenes",
        records=str(folder / "records"),
        validation_scenes=1,
        scenes_per_shard=1,
        workers=1,
    )
    for main, settings in (
        (reconstruction_align2.main, reconstruction),
        (make_tfrecord.main, config),
    ):
        if enter(main, settings).code:
            raise RuntimeError(f"{main.__module__} fails on healthy scenes")
    return folder
