"""Training batches: their order, resuming, sharing among workers, and the cache of scenes."""

import dataclasses
import logging
import shutil

import numpy as np
import pytest
import tensorflow as tf

from configs.settings import SamplingConfig
from utils.radiometry import rgbe
from utils.records import patches, record, shards
from utils.records.batches import Samples
from utils.records.order import shuffled
from utils.records.selection import validation_scenes
from utils.scenes.scene import Scene

SAMPLING = SamplingConfig(patch_size=16, stride=8)
SAMPLES = 8 * (2 * 2 + 2 * 3 + 1 * 2)


def _scene(index, height, width):
    random = np.random.default_rng(index)
    return Scene(
        name=f"{index:03d}",
        ldr=random.integers(0, 256, (3, height, width, 3), dtype=np.uint8),
        exposure_values=np.array([0, 1 + index, 3 + index], np.float32),
        hdr=rgbe.round_to_rgbe(random.random((height, width, 3), np.float32)),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("records")
    sizes = [(24, 24), (24, 32), (16, 24)]
    packed = [record.pack(_scene(index, *size)) for index, size in enumerate(sizes)]
    entries = shards.write_shard(str(path / "training.tfrecord"), "training", packed)
    held_out = [record.pack(_scene(3, 8, 40))]
    entries += shards.write_shard(str(path / "validation.tfrecord"), "validation", held_out)
    shards.write_index(str(path), entries)
    return str(path)


def _take(batches, count):
    return list(batches.take(count).as_numpy_iterator())


def _fingerprints(batches):
    """One number a sample; samples of noise have different ones."""
    return np.concatenate([batch.hdr[:, 1, 0, :3].sum((-1, -2)) for batch in batches])


def _order(first, last, seed=0, count=SAMPLES):
    return shuffled(tf.range(first, last, dtype=tf.int64), count, seed).numpy()


def test_each_sample_is_once_in_each_epoch():
    for count in (1, 2, 3, 97, 1920, 142_080):
        for epoch in (0, 1, 5):
            order = _order(epoch * count, (epoch + 1) * count, count=count)
            np.testing.assert_array_equal(np.sort(order), np.arange(count))


def test_orders_of_epochs_and_seeds_are_independent():
    count = 142_080
    orders = [_order(epoch * count, (epoch + 1) * count, 0, count) for epoch in range(3)]
    orders += [_order(0, count, seed, count) for seed in (1, 2)]
    orders += [np.arange(count)]
    correlation = np.corrcoef(orders) - np.eye(len(orders))
    assert np.abs(correlation).max() < 0.02  # 7 standard deviations; 0.54 for 4 rounds
    for order in orders[:-1]:
        assert abs(np.corrcoef(order[1:], order[:-1])[0, 1]) < 0.02


def test_the_order_of_a_seed_stays_the_same():
    """A run resumes under another version of TensorFlow only if this holds."""
    assert _order(0, 6, 0, 142_080).tolist() == [109965, 103248, 5202, 53514, 9003, 135560]


def _grid(folder):
    entries = [entry for entry in shards.read_index(folder) if entry.split == "training"]
    return entries, patches.Grid([(entry.height, entry.width) for entry in entries], SAMPLING)


def test_batches_are_the_samples_of_the_order(folder):
    batches = _take(Samples(folder, SAMPLING).batches(5, 0), 25)
    entries, grid = _grid(folder)
    assert len(grid) == len(Samples(folder, SAMPLING)) == SAMPLES
    for step in (0, 19, 24):
        expected = patches.empty_batch(5, 16)
        for index, number in enumerate(_order(5 * step, 5 * step + 5)):
            place = grid.locate(int(number))
            patches.write(
                expected, index, shards.read(folder, entries[place.scene]), place, SAMPLING
            )
        _require_same(batches[step], expected)


def test_a_sample_is_the_most_clipped_of_its_candidates(folder):
    sampling = dataclasses.replace(SAMPLING, candidates=3)
    entries, grid = _grid(folder)
    chosen = []
    for step, batch in enumerate(_take(Samples(folder, sampling).batches(4, 2), 2), 2):
        expected = patches.empty_batch(4, 16)
        for index in range(4):
            first = 3 * (4 * step + index)
            places = [grid.locate(int(number)) for number in _order(first, first + 3)]
            scenes = [shards.read(folder, entries[place.scene]) for place in places]
            clipped = [
                patches.clipping(*pair, sampling) for pair in zip(scenes, places, strict=True)
            ]
            chosen.append(int(np.argmax(clipped)))
            patches.write(expected, index, scenes[chosen[-1]], places[chosen[-1]], sampling)
        _require_same(batch, expected)
    assert any(chosen)  # the first candidate is not always the best


def _require_same(ours, theirs):
    for array, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(array, expected)


def test_shapes_are_known_to_the_graph(folder):
    spec = Samples(folder, SAMPLING).batches(6, 0, workers=2).element_spec
    shapes = patches.batch_shapes(3, 16)
    assert spec == patches.Batch(*(tf.TensorSpec(shape, tf.float32) for shape in shapes))


def test_an_epoch_has_every_patch_once(folder):
    steps = SAMPLES // 8
    two = _fingerprints(_take(Samples(folder, SAMPLING).batches(8, 0), 2 * steps))
    first, second = two[:SAMPLES], two[SAMPLES:]
    assert len(np.unique(first)) == SAMPLES
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
    assert (first != second).any()


def test_resuming_continues_the_order(folder):
    whole = _take(Samples(folder, SAMPLING).batches(4, 0), 30)
    rest = _take(Samples(folder, SAMPLING).batches(4, 23), 7)
    for expected, received in zip(whole[23:], rest, strict=True):
        _require_same(received, expected)


def test_workers_share_the_samples(folder):
    whole = _take(Samples(folder, SAMPLING).batches(6, 2), 5)
    shares = [
        _take(Samples(folder, SAMPLING).batches(6, 2, worker=worker, workers=3), 5)
        for worker in range(3)
    ]
    for step, expected in enumerate(whole):
        for worker, share in enumerate(shares):
            _require_same(share[step], [array[worker::3] for array in expected])


@pytest.mark.parametrize(("worker", "workers"), [(0, 4), (2, 2), (-1, 2)])
def test_shares_must_be_even(folder, worker, workers):
    with pytest.raises(ValueError, match=f"Received: batch_size=6, workers={workers}, worker="):
        Samples(folder, SAMPLING).batches(6, 0, worker=worker, workers=workers)


def test_validation_scenes(folder):
    (scene,) = validation_scenes(folder)
    expected = _scene(3, 8, 40)
    assert scene.name == "003"
    np.testing.assert_array_equal(scene.ldr, expected.ldr)
    np.testing.assert_array_equal(scene.hdr, expected.hdr)
    np.testing.assert_array_equal(scene.exposure_values, [0, 4, 6])


def test_a_damaged_record_is_named_when_it_is_reached(folder, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shard = copy / "training.tfrecord"
    data = bytearray(shard.read_bytes())
    data[1000] ^= 1
    shard.write_bytes(data)
    with pytest.raises(tf.errors.OpError, match=r"training.tfrecord, scene 000 is damaged"):
        _take(Samples(str(copy), SAMPLING).batches(4, 0), 24)


def test_scenes_smaller_than_a_patch_are_refused(folder):
    sampling = SamplingConfig(patch_size=24, stride=8)
    with pytest.raises(record.RecordsError, match=r"Scene 002 .* 24 pixels. Received: 24x16"):
        Samples(folder, sampling).batches(4, 0)


def test_too_little_memory_is_said_once_with_the_bytes_needed(folder, caplog):
    needed = 15 * (24 * 24 + 24 * 32 + 16 * 24)
    with caplog.at_level(logging.WARNING):
        Samples(folder, SamplingConfig(patch_size=16, stride=8, cache_bytes=needed)).batches(4, 0)
        assert not caplog.messages
        small = SamplingConfig(patch_size=16, stride=8, cache_bytes=needed - 1)
        batches = Samples(folder, small).batches(4, 0)
        _take(batches, 10)
    (message,) = caplog.messages
    assert f"--sampling.cache-bytes {needed} " in message


def test_order_does_not_depend_on_memory(folder):
    small = SamplingConfig(patch_size=16, stride=8, cache_bytes=1)
    expected = _take(Samples(folder, SAMPLING).batches(4, 0), 4)
    for batch, other in zip(expected, _take(Samples(folder, small).batches(4, 0), 4), strict=True):
        _require_same(batch, other)


def _record(size):
    return record.Record(
        name="",
        ldr=np.zeros((3, size, 1, 3), np.uint8),
        exposure_values=np.zeros(3, np.float32),
        hdr_code=np.zeros((size, 1, 3), np.uint16),
    )


def test_the_cache_keeps_the_latest_used_within_its_bytes(folder, monkeypatch):
    loaded = []

    def load(_, entry):
        loaded.append(entry.offset)
        return _record(10 if entry.offset < 9 else 1000)

    monkeypatch.setattr(shards, "read", load)
    # Three scenes of 150 bytes.
    samples = Samples(folder, dataclasses.replace(SAMPLING, cache_bytes=450))
    entry = samples.entries[0]
    samples.entries = [dataclasses.replace(entry, offset=scene) for scene in range(10)]
    for scene in (0, 1, 2, 0, 3, 0, 1, 9, 0):
        samples._scene(scene)
    assert loaded == [0, 1, 2, 3, 1, 9]  # 1 was dropped for 3; 9 is too large to be kept
