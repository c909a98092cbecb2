"""make_tfrecord.py: the shard of each scene, and running it again."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

import make_tfrecord
from configs import paths
from configs.settings import RecordsConfig
from tests.brackets import noise
from utils import files
from utils.images import frames
from utils.records import build, plan, record, shards
from utils.reporting import results
from utils.scenes import folders
from utils.scenes.scene import SceneError


@pytest.fixture
def config(tmp_path):
    for seed in range(7):
        _write_scene(tmp_path / "scenes" / f"{seed:03d}", seed)
    return RecordsConfig(
        scenes=tmp_path / "scenes",
        run=tmp_path / "run",
        validation_scenes=2,
        scenes_per_shard=2,
        workers=1,
        prealign="off",
    )


def _write_scene(folder, seed):
    scene = noise(seed)
    values = scene.exposure_values
    folders.write_scene(folder, ldr=scene.ldr, exposure_values=values, hdr=scene.hdr)


def _contents(config):
    folder = config.run / "records"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def _times(config):
    return {path.name: path.stat().st_mtime_ns for path in (config.run / "records").iterdir()}


def test_every_scene_is_in_one_shard(config, capsys):
    make_tfrecord.main(config)
    assert "5 training and 2 validation scenes in 4 shards" in capsys.readouterr().out
    index = shards.read_index(str(config.run / "records"))
    assert [(entry.name, entry.shard) for entry in index] == [
        ("000", "training-00000-of-00003.tfrecord"),
        ("002", "training-00000-of-00003.tfrecord"),
        ("003", "training-00001-of-00003.tfrecord"),
        ("004", "training-00001-of-00003.tfrecord"),
        ("006", "training-00002-of-00003.tfrecord"),
        ("001", "validation-00000-of-00001.tfrecord"),
        ("005", "validation-00000-of-00001.tfrecord"),
    ]
    for entry in index:
        record = shards.read(str(config.run / "records"), entry)
        scene = folders.read_scene(config.scenes / entry.name)
        np.testing.assert_array_equal(record.ldr, scene.ldr)
        np.testing.assert_array_equal(record.scene().hdr, scene.hdr)
    assert sorted(_contents(config)) == sorted({"index.json", *(entry.shard for entry in index)})


@pytest.mark.parametrize(("count", "held_out"), [(74, 4), (74, 0), (5, 4), (2, 1), (100, 7)])
def test_validation_scenes_are_spread_evenly(count, held_out):
    positions = sorted(plan.validation_positions(count, held_out))
    assert len(positions) == held_out
    assert all(0 <= position < count for position in positions)
    gaps = np.diff(positions)
    assert gaps.size == 0 or np.ptp(gaps) <= 1
    assert (count, held_out) != (74, 4) or positions == [9, 27, 46, 64]  # Kalantari's


def test_side_by_side_gives_the_same_bytes(config, tmp_path):
    make_tfrecord.main(config)
    expected = _contents(config)
    parallel = tmp_path / "parallel"
    make_tfrecord.main(dataclasses.replace(config, records=str(parallel), workers=3))
    assert {path.name: path.read_bytes() for path in parallel.iterdir()} == expected


def test_aligned_frames_take_the_place_of_low_and_high(config, tmp_path):
    config = dataclasses.replace(config, aligned=tmp_path / "aligned")
    random = np.random.default_rng(7)
    written = {}
    for folder in folders.find_scenes(config.scenes):
        written[folder.name] = random.integers(0, 256, (2, 16, 24, 3)).astype(np.uint8)
        results.write_aligned(config.aligned, folder.name, written[folder.name] / np.float32(255))
    make_tfrecord.main(config)
    for entry in shards.read_index(str(config.run / "records")):
        assert entry.aligned
        ldr = shards.read(str(config.run / "records"), entry).ldr
        np.testing.assert_array_equal(ldr[[0, 2]], written[entry.name])
        scene = folders.read_scene(config.scenes / entry.name)
        np.testing.assert_array_equal(ldr[1], scene.ldr[1])

    before = _times(config)
    make_tfrecord.main(config)
    assert _times(config) == before
    with pytest.raises(record.RecordsError, match="records of other scenes"):
        make_tfrecord.main(dataclasses.replace(config, aligned=None))


def test_the_cameras_motion_is_taken_out_and_the_index_names_the_mode(config, monkeypatch):
    def prealigned(scene, mode):
        assert mode == "auto"
        return dataclasses.replace(scene, ldr=255 - scene.ldr)

    monkeypatch.setattr(build, "prealigned", prealigned)
    folder = str(config.run / "records")
    make_tfrecord.main(dataclasses.replace(config, prealign="auto"))
    assert shards.prealign_in_index(folder) == "auto"
    for entry in shards.read_index(folder):
        packed, scene = shards.read(folder, entry), folders.read_scene(config.scenes / entry.name)
        np.testing.assert_array_equal(packed.ldr, 255 - scene.ldr)
        np.testing.assert_array_equal(packed.scene().hdr, scene.hdr)


def test_a_scene_that_was_not_aligned_is_named(config, tmp_path):
    config = dataclasses.replace(config, aligned=tmp_path / "aligned")
    for folder in folders.find_scenes(config.scenes):
        size = (2, 16, 24 if folder.name == "000" else 16, 3)
        results.write_aligned(config.aligned, folder.name, np.zeros(size, np.float32))
    with pytest.raises(SceneError, match=r"Scene 00.*size 24x16. Received: .*16x16 uint8"):
        make_tfrecord.main(config)
    path = tmp_path / "aligned" / "003" / "aligned_high.png"
    path.unlink()
    with pytest.raises(SceneError, match=rf"Scene 003 has not been.* no {path}"):
        make_tfrecord.main(config)


def test_some_scene_must_be_left_for_training(config):
    with pytest.raises(ValueError, match=r"Of 7 scenes some.* Received: 7"):
        make_tfrecord.main(dataclasses.replace(config, validation_scenes=7))


def test_running_again_continues_or_does_nothing(config):
    make_tfrecord.main(config)
    expected, before = _contents(config), _times(config)
    make_tfrecord.main(config)
    assert _times(config) == before
    folder = config.run / "records"
    (folder / "index.json").unlink()
    lost = folder / "training-00001-of-00003.tfrecord"
    lost.rename(f"{lost}.part")
    make_tfrecord.main(config)
    assert _contents(config) == expected
    changed = {name for name, time in _times(config).items() if time != before[name]}
    assert changed == {"index.json", lost.name}


def test_an_index_that_lacks_a_scene_or_has_it_in_the_other_split_is_made_anew(config):
    make_tfrecord.main(config)
    expected = _contents(config)
    path = config.run / "records" / "index.json"
    for change in ({}, {"split": "training"}):
        content = json.loads(path.read_text())
        *rest, last = content["scenes"]
        shard = [entry | change for entry in content["scenes"] if entry["shard"] == last["shard"]]
        kept = [entry for entry in rest if entry["shard"] != last["shard"]]
        content["scenes"] = [*kept, *(shard if change else [])]
        path.write_text(json.dumps(content))
        make_tfrecord.main(config)
        assert _contents(config) == expected


def test_an_unreadable_scene_keeps_what_is_finished(config):
    broken = config.scenes / "004" / "1.tif"
    content = broken.read_bytes()
    broken.write_bytes(b"no image")
    with pytest.raises(SceneError, match=r"Scene 004.*Received: .*1.tif"):
        make_tfrecord.main(config)
    finished = shards.shards_in(str(config.run / "records"))
    assert "training-00000-of-00003.tfrecord" in finished
    assert "training-00001-of-00003.tfrecord" not in finished
    with pytest.raises(record.RecordsError, match="no complete records"):
        shards.read_index(str(config.run / "records"))
    broken.write_bytes(content)
    make_tfrecord.main(config)
    assert len(shards.read_index(str(config.run / "records"))) == 7


@pytest.mark.parametrize("with_index", [True, False])
def test_records_of_other_scenes_or_of_one_made_anew_are_left_alone(config, with_index):
    make_tfrecord.main(config)
    if not with_index:
        (config.run / "records" / "index.json").unlink()
    before = _times(config)
    (config.scenes / "003" / "1.tif").rename(config.run / "1.tif")
    frames.write_ldr(config.scenes / "003" / "1.tif", np.zeros((16, 24, 3), np.uint8))
    with pytest.raises(record.RecordsError, match=r"scene 003 of \d+ bytes in .* where scene 003"):
        make_tfrecord.main(config)
    (config.run / "1.tif").rename(config.scenes / "003" / "1.tif")
    (config.scenes / "002").rename(config.scenes / "002b")
    with pytest.raises(record.RecordsError, match=r"scene 002 of .* where scene 002b of"):
        make_tfrecord.main(config)
    shutil.rmtree(config.scenes / "002b")
    with pytest.raises(record.RecordsError, match=r"holds records of other scenes.* Received: "):
        make_tfrecord.main(config)
    assert _times(config) == before


def test_two_builders_of_one_folder_exclude_each_other(config):
    folder = paths.records_dir(config.run)
    with files.lock(folder), pytest.raises(files.LockedError, match=f"{folder} is in use by"):
        make_tfrecord.main(config)
    assert not list(folder.iterdir())
    assert make_tfrecord.main(config) == 0
    assert not (folder / files.LOCK_NAME).exists()
