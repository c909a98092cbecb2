"""Checkpoints: complete or absent, the newest undamaged one, and a full disk."""

import logging
import os
import subprocess

import pytest
import tensorflow as tf

from tests import disk
from utils.runs import checkpoints


def holding(value: float) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(weight=tf.Variable(tf.fill((1000,), value)))


def read(prefix) -> float:
    weight = tf.Variable(tf.zeros(1000))
    tf.train.Checkpoint(weight=weight).read(str(prefix)).assert_consumed()
    return float(tf.reduce_mean(weight))


@pytest.fixture
def folder(tmp_path):
    for step in (2, 4, 10):
        checkpoints.save(holding(float(step)), tmp_path, step)
    return tmp_path


def test_the_last_two_are_kept_with_checksums(folder):
    assert checkpoints.newest(folder / "nowhere") is None
    suffixes = (".data-00000-of-00001", ".index", ".sha256")
    expected = {f"ckpt-{step}{suffix}" for step in (4, 10) for suffix in suffixes}
    assert {path.name for path in folder.iterdir()} == expected
    assert checkpoints.newest(folder) == str(folder / "ckpt-10")
    assert read(checkpoints.newest(folder)) == 10
    command = ["sha256sum", "--check", "--quiet", "ckpt-10.sha256"]
    subprocess.run(command, cwd=folder, check=True)


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "flipped byte": lambda f: flip(f / "ckpt-10.data-00000-of-00001"),
    "truncated": lambda f: (f / "ckpt-10.data-00000-of-00001").write_bytes(b""),
    "lost file": lambda f: (f / "ckpt-10.index").unlink(),
    "foreign checksums": lambda f: (f / "ckpt-10.sha256").write_bytes(b"\xff\x00 nonsense"),
    "empty checksums": lambda f: (f / "ckpt-10.sha256").write_text(""),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_newest_one_is_named_and_the_one_before_is_taken(folder, kind, caplog):
    DAMAGE[kind](folder)
    with caplog.at_level(logging.WARNING):
        assert checkpoints.newest(folder) == str(folder / "ckpt-4")
    assert "ckpt-10 is damaged" in caplog.text
    checkpoints.save(holding(10.0), folder, 10)  # trained once more
    assert read(checkpoints.newest(folder)) == 10


def test_one_without_checksums_is_ignored(folder):
    """As after a kill while it was written."""
    (folder / "ckpt-10.sha256").unlink()
    for name in (".ckpt-10.partial.index", ".ckpt-10.partial.sha256"):
        (folder / name).write_bytes(b"half")
    (folder / ".ckpt-10.partial_temp").mkdir()
    assert checkpoints.newest(folder) == str(folder / "ckpt-4")
    checkpoints.save(holding(6.0), folder, 6)
    assert checkpoints.newest(folder) == str(folder / "ckpt-6")
    assert not [path for path in folder.iterdir() if "ckpt-10" in path.name]


def test_all_damaged_is_an_error_and_no_new_beginning(folder):
    flip(folder / "ckpt-10.index")
    (folder / "ckpt-4.index").unlink()
    os.mkfifo(folder / "ckpt-4.index")  # reading it would never end
    with pytest.raises(checkpoints.CheckpointError, match=r"Received: .* steps \[10, 4\]"):
        checkpoints.newest(folder)


def test_a_full_disk_is_named_and_keeps_the_last_good_one(folder):
    before = sorted(path.name for path in folder.iterdir())
    with disk.room_for(1000), pytest.raises(checkpoints.CheckpointError) as caught:
        checkpoints.save(holding(12.0), folder, 12)
    assert "ckpt-12 could not be written" in str(caught.value)
    assert f"the last good checkpoint is {folder / 'ckpt-10'}." in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == before
    assert read(checkpoints.newest(folder)) == 10


@pytest.mark.parametrize(("name", "size"), [("another", 1000), ("weight", 10)])
def test_one_of_other_networks_is_refused_by_name(folder, name, size):
    prefix = str(folder / "ckpt-10")
    other = tf.train.Checkpoint(**{name: tf.Variable(tf.zeros(size))})
    with pytest.raises(checkpoints.CheckpointError, match=rf"{prefix} must hold the weights"):
        checkpoints.restore(other, prefix)
