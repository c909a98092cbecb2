"""Streams training batches out of records, endless and seeded.

Sample k of a run depends on the seed and k alone: in epoch `k // n` of n samples it is the one at
`k % n` of that epoch's permutation. So a run resumes at any step without reading what came before,
and several workers share one order. With c candidates it is one of those at `c k` to `c k + c - 1`.
"""

import operator
import threading
from collections.abc import Callable, Sequence

import cachetools
import numpy as np
import tensorflow as tf

from configs.settings import SamplingConfig
from utils.records import patches, record, shards
from utils.records.order import candidates
from utils.records.record import Record
from utils.records.selection import _LOG, training_entries
from utils.records.shards import Entry


def training_batches(
    records_dir: str,
    sampling: SamplingConfig,
    batch_size: int,
    first_step: int,
    *,
    worker: int = 0,
    workers: int = 1,
    entries: Sequence[Entry] | None = None,
) -> tf.data.Dataset:
    """Batches of the steps `first_step`, `first_step + 1`, .. without end.

    Step s of all workers together has the samples `s * batch_size` to `(s + 1) * batch_size - 1`;
    a worker takes every `workers`-th of them, so that it sees every `workers`-th of the run.

    Args:
        records_dir: Folder that make_tfrecord.py wrote, a TensorFlow path.
        sampling: Which patches, in which order, and how many bytes of scenes stay in memory.
        batch_size: Samples of a step, all workers together; a multiple of `workers`.
        first_step: Steps that are done already.
        worker: Number of this worker, from 0.
        workers: How many share the samples.
        entries: The scenes, if `training_entries` has been called already.

    Returns:
        The batches, dicts of the float32 tensors that `patches.empty_batch` describes, with
        `batch_size // workers` samples each.

    Raises:
        RecordsError: As for `training_entries`.
        ValueError: The samples of a step cannot be shared evenly.

    A record that turns out to be damaged later ends the iteration with an error of TensorFlow's,
    which `record.unwrap_records_error` turns back.
    """
    if batch_size % workers or not 0 <= worker < workers:
        raise ValueError(
            f"batch_size must be a multiple of workers, and worker below workers."
            f" Received: batch_size={batch_size}, workers={workers}, worker={worker}"
        )
    if entries is None:
        entries = training_entries(records_dir, sampling)
    grid = _grid(entries, sampling)
    _warn_if_too_small(entries, sampling)
    read = keep_scenes(lambda scene: shards.read(records_dir, entries[scene]), sampling.cache_bytes)
    layout = patches.empty_batch(batch_size // workers, sampling.patch_size)

    def clipping(place: patches.Place) -> float:
        return patches.clipping(read(place.scene), place, sampling)

    def make(numbers: np.ndarray) -> list[np.ndarray]:
        batch = patches.empty_batch(len(numbers), sampling.patch_size)
        for index, choice in enumerate(numbers):
            places = [grid.locate(int(number)) for number in choice]
            place = places[0] if len(places) == 1 else max(places, key=clipping)
            patches.write(batch, index, read(place.scene), place, sampling)
        return list(batch.values())

    def batch_of(step: tf.Tensor) -> dict[str, tf.Tensor]:
        samples = step * batch_size + tf.range(worker, batch_size, workers, tf.int64)
        numbers = candidates(samples, len(grid), sampling)
        # Not stateful: or else determinism would make the batches one after the other.
        tensors = tf.numpy_function(make, [numbers], [tf.float32] * len(layout), stateful=False)
        return {
            key: tf.ensure_shape(tensor, layout[key].shape)
            for key, tensor in zip(layout, tensors, strict=True)
        }

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    return steps.map(batch_of, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


def count_samples(entries: Sequence[Entry], sampling: SamplingConfig) -> int:
    """Samples of an epoch of these scenes: patches times four rotations times two flips."""
    return len(_grid(entries, sampling))


def _grid(entries: Sequence[Entry], sampling: SamplingConfig) -> patches.Grid:
    return patches.Grid([(entry.height, entry.width) for entry in entries], sampling)


def _warn_if_too_small(entries: Sequence[Entry], sampling: SamplingConfig) -> None:
    needed = sum(record.decoded_bytes(entry.height, entry.width) for entry in entries)
    if needed > sampling.cache_bytes:
        _LOG.warning(
            "The training scenes take %d bytes in memory and cache_bytes is %d: scenes will be read"
            " again and again. --sampling.cache-bytes %d keeps them all.",
            needed,
            sampling.cache_bytes,
            needed,
        )


def keep_scenes(load: Callable[[int], Record], capacity: int) -> Callable[[int], Record]:
    """Returns a function that loads scene number `i` and keeps the scenes used last in memory.

    It is safe for threads: they load side by side, and two may read the same scene.

    Args:
        load: Reads the scene of a number.
        capacity: Bytes to keep; a larger scene is not kept.
    """
    cache = cachetools.LRUCache[int, Record](capacity, getsizeof=operator.attrgetter("nbytes"))
    return cachetools.cached(cache, key=int, lock=threading.Lock())(load)
