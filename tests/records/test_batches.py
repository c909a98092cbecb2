"""Training batches: their order, resuming, sharing among workers, and the cache of scenes."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from configs.settings import SamplingConfig
from tests.brackets import noise
from utils.records import patches, record, shards
from utils.records.batches import Samples
from utils.records.order import samples_of_step, shuffled

SAMPLING = SamplingConfig(patch_size=16, stride=8)
SAMPLES = 8 * (2 * 2 + 2 * 3 + 1 * 2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("records")
    sizes = [(24, 24), (24, 32), (16, 24)]
    scenes = [noise(i, *size, stops=(0, 1 + i, 3 + i)) for i, size in enumerate(sizes)]
    packed = map(record.pack, scenes)
    entries = shards.write_shard(str(path / "training.tfrecord"), "training", packed)
    held_out = [record.pack(noise(3, 8, 40))]
    entries += shards.write_shard(str(path / "validation.tfrecord"), "validation", held_out)
    shards.write_index(str(path), entries)
    return str(path)


def _take(batches, count):
    return list(batches.take(count).as_numpy_iterator())


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


@pytest.mark.parametrize("candidates", [1, 3])
def test_a_sample_is_the_most_clipped_of_its_candidates(folder, candidates):
    sampling = dataclasses.replace(SAMPLING, candidates=candidates)
    entries = [entry for entry in shards.read_index(folder) if entry.split == "training"]
    grid = patches.Grid([(entry.height, entry.width) for entry in entries], SAMPLING)
    assert len(grid) == len(Samples(folder, sampling)) == SAMPLES
    chosen = []
    for step, batch in enumerate(_take(Samples(folder, sampling).batches(4, 2), 24), 2):
        expected = patches.empty_batch(4, 16)
        for index, numbers in enumerate(samples_of_step(step, 4, SAMPLES, sampling)):
            first = candidates * (4 * step + index)
            assert numbers == _order(first, first + candidates).tolist()
            places = [grid.locate(number) for number in numbers]
            scenes = [shards.read(folder, entries[place.scene]) for place in places]
            clipped = [
                patches.clipping(*pair, sampling) for pair in zip(scenes, places, strict=True)
            ]
            chosen.append(int(np.argmax(clipped)))
            patches.write(expected, index, scenes[chosen[-1]], places[chosen[-1]], sampling)
        _require_same(batch, expected)
    assert set(chosen) == set(range(candidates))


def _require_same(ours, theirs):
    for array, expected in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(array, expected)


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


def test_scenes_smaller_than_a_patch_are_refused(folder):
    sampling = SamplingConfig(patch_size=24, stride=8)
    with pytest.raises(record.RecordsError, match=r"Scene 002 .* 24 pixels. Received: 24x16"):
        Samples(folder, sampling).batches(4, 0)


def test_too_little_memory_is_warned_of_with_the_bytes_needed(folder, caplog):
    needed = 15 * (24 * 24 + 24 * 32 + 16 * 24)
    expected = Samples(folder, dataclasses.replace(SAMPLING, cache_bytes=needed)).batches(4, 0)
    assert not caplog.messages
    for size in (needed - 1, 1):
        caplog.clear()
        batches = Samples(folder, dataclasses.replace(SAMPLING, cache_bytes=size)).batches(4, 0)
        for batch, other in zip(_take(batches, 10), _take(expected, 10), strict=True):
            _require_same(batch, other)
        (message,) = caplog.messages
        assert f"--sampling.cache-bytes {needed} " in message
