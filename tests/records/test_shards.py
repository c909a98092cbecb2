"""Shards and their index: random access, and one error for each damage."""

import dataclasses
import json
import os
import re

import numpy as np
import pytest
import tensorflow as tf

from tests import disk
from tests.brackets import noise
from utils.records import record, shards

SHARD = "training-00000-of-00001.tfrecord"


def _scene(seed):
    return noise(seed, 16, 24 + 8 * seed)


@pytest.fixture
def folder(tmp_path):
    packed = [record.pack(_scene(seed), seed) for seed in range(3)]
    entries = shards.write_shard(str(tmp_path / SHARD), "training", packed)
    shards.write_index(str(tmp_path), entries)
    return tmp_path


def test_each_scene_is_read_without_the_others(folder):
    entries = shards.read_index(str(folder))
    assert [(x.name, x.width) for x in entries] == [("000", 24), ("001", 32), ("002", 40)]
    for seed in (2, 0, 1):
        record = shards.read(str(folder), entries[seed])
        np.testing.assert_array_equal(record.ldr, _scene(seed).ldr)
        np.testing.assert_array_equal(record.scene().hdr, _scene(seed).hdr)


def test_an_index_can_be_rebuilt_from_tfrecord_files(folder):
    entries = shards.read_index(str(folder))
    packed = [record.pack(_scene(seed), seed) for seed in range(3)]
    assert list(tf.data.TFRecordDataset(str(folder / SHARD)).as_numpy_iterator()) == packed
    assert shards.scan_shard(str(folder / SHARD), "training") == entries
    assert entries[-1].end == (folder / SHARD).stat().st_size
    assert shards.shards_in(str(folder)) == [SHARD]


def test_the_digest_is_of_what_is_trained_on(folder):
    """Of the records in their order and not of their division into shards."""
    entries, digests = shards.read_index(str(folder)), [shards.digest(str(folder))]
    moved = [dataclasses.replace(entry, shard="other", offset=0) for entry in entries]
    shards.write_index(str(folder), moved, "on")
    assert shards.digest(str(folder)) == digests[0]
    for change in ({"split": "validation"}, {"name": "other"}, {"checksum": 1}):
        shards.write_index(str(folder), [dataclasses.replace(entries[0], **change), *entries[1:]])
        digests.append(shards.digest(str(folder)))
    shards.write_index(str(folder), entries[::-1])
    assert len({*digests, shards.digest(str(folder))}) == 5


def test_a_shard_that_was_not_finished_is_not_there(tmp_path):
    def interrupted():
        yield record.pack(_scene(0))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shards.write_shard(str(tmp_path / SHARD), "training", interrupted())
    assert shards.shards_in(str(tmp_path)) == []


def test_what_has_no_room_is_named_and_nothing_is_left_of_it(folder):
    entries = shards.read_index(str(folder))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    packed = [record.pack(_scene(seed)) for seed in range(3)]
    for size in (0, 100, (folder / SHARD).stat().st_size - 1):
        with disk.room_for(size), pytest.raises(OSError, match=rf"Received: {folder / SHARD}, "):
            shards.write_shard(str(folder / SHARD), "training", packed)
    with disk.room_for(100), pytest.raises(OSError, match=rf"Received: {folder}/index\.json, "):
        shards.write_index(str(folder), entries)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def _refused(folder, pattern):
    return pytest.raises(record.RecordsError, match=re.escape(str(folder)) + pattern)


def test_a_truncated_shard_is_refused(folder):
    entries = shards.read_index(str(folder))
    path = folder / SHARD
    path.write_bytes(path.read_bytes()[:-100])
    size = entries[-1].end
    with _refused(path, rf" must have {size} bytes. Received: {size - 100} bytes"):
        shards.read_index(str(folder))
    length = entries[2].length
    with _refused(path, rf", scene 002 is damaged.*Received: {length - 96} bytes"):
        shards.read(str(folder), entries[2])
    with _refused(path, r" is damaged. Received: [^\n]+$"):
        shards.scan_shard(str(path), "training")


def test_a_folder_without_index_is_not_complete(tmp_path):
    with pytest.raises(record.RecordsError, match=r"make_tfrecord.py.* Received: no .*index.json"):
        shards.read_index(str(tmp_path))


_NO_INDEX = r" is not an index. Received: [^\n]+$"
_BAD_VALUES = (None, {"a": 1}, 1.5, True, -1, 2**70)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        *((text, _NO_INDEX) for text in ("", "{", "[]", '{"schema": 2}')),
        *(({"scenes": value}, _NO_INDEX) for value in ([{}], "", [])),
        ({"schema": 99}, " must be of version 2; .*Received: version 99"),
        ({"shard": "../secret.tfrecord"}, r".*Received: \.\./secret\.tfrecord"),
        *(
            ({field: value}, _NO_INDEX)
            for field in ("name", "shard", "split", "height", "offset", "length")
            for value in _BAD_VALUES
        ),
    ],
    ids=repr,
)
def test_another_index_is_refused(folder, content, message):
    """`content` is a text, or fields of the index or of its second scene that are replaced."""
    if isinstance(content, dict):
        index = json.loads((folder / "index.json").read_text())
        (index if content.keys() <= index.keys() else index["scenes"][1]).update(content)
        content = json.dumps(index)
    (folder / "index.json").write_text(content)
    with _refused(folder / "index.json", message):
        shards.read_index(str(folder))


@pytest.mark.parametrize("make", [getattr(os, "mkfifo", os.mkdir), os.mkdir])
def test_a_pipe_or_folder_in_place_of_a_file_is_refused(folder, make):
    entries = shards.read_index(str(folder))
    for name in (SHARD, "index.json"):
        (folder / name).unlink()
        make(folder / name)
    for path, read in (
        (folder / "index.json", lambda: shards.read_index(str(folder))),
        (folder / SHARD, lambda: shards.read(str(folder), entries[0])),
        (folder / SHARD, lambda: shards.scan_shard(str(folder / SHARD), "training")),
    ):
        with pytest.raises(record.RecordsError, match=f"Records are files. Received: {path}"):
            read()
