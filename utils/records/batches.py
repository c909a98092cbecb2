"""The input pipeline: an endless, seeded stream of training batches out of records.

Sample k of a run depends on the seed and k alone: in epoch `k // n` of n samples it is the one at
`k % n` of that epoch's permutation. So a run resumes at any step without reading what came before,
and several workers share one order. With c candidates it is one of those at `c k` to `c k + c - 1`.
"""

import logging
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from configs.settings import SamplingConfig
from utils import patches, records, shards
from utils.records import RecordsError
from utils.scene_cache import SceneCache
from utils.scenes import Scene
from utils.shards import Entry

# `tf.random.experimental.index_shuffle` has 4 rounds: orders of two epochs then have a correlation
# of 0.54. From 8 on they are like independent ones; a round costs some nanoseconds.
_SHUFFLE_ROUNDS = 16

_LOG = logging.getLogger(__name__)


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
    which `records.met_by_tensorflow` turns back.
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
    cache = SceneCache(lambda scene: shards.read(records_dir, entries[scene]), sampling.cache_bytes)
    layout = patches.empty_batch(batch_size // workers, sampling.patch_size)

    def clipping(place: patches.Place) -> float:
        return patches.clipping(cache.get(place.scene), place, sampling)

    def make(numbers: np.ndarray) -> list[np.ndarray]:
        batch = patches.empty_batch(len(numbers), sampling.patch_size)
        for index, candidates in enumerate(numbers):
            places = [grid.locate(int(number)) for number in candidates]
            place = places[0] if len(places) == 1 else max(places, key=clipping)
            patches.write(batch, index, cache.get(place.scene), place, sampling)
        return list(batch.values())

    def batch_of(step: tf.Tensor) -> dict[str, tf.Tensor]:
        samples = step * batch_size + tf.range(worker, batch_size, workers, tf.int64)
        numbers = _candidates(samples, len(grid), sampling)
        # Not stateful: or else determinism would make the batches one after the other.
        tensors = tf.numpy_function(make, [numbers], [tf.float32] * len(layout), stateful=False)
        return {
            key: tf.ensure_shape(tensor, layout[key].shape)
            for key, tensor in zip(layout, tensors, strict=True)
        }

    steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
    return steps.map(batch_of, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True).prefetch(2)


def samples_per_epoch(records_dir: str, sampling: SamplingConfig) -> int:
    """Samples of the training scenes: patches times four rotations times two flips.

    Raises:
        RecordsError: As for `training_entries`.
    """
    return count_samples(training_entries(records_dir, sampling), sampling)


def count_samples(entries: Sequence[Entry], sampling: SamplingConfig) -> int:
    """Samples of an epoch of these scenes."""
    return len(_grid(entries, sampling))


def samples_of_step(
    step: int, batch_size: int, count: int, sampling: SamplingConfig
) -> list[list[int]]:
    """Numbers of the samples in a step's batch, all workers together; steps count from 0.

    Returns:
        For each sample its candidates; it is the one of `patches.clipping`.
    """
    samples = tf.range(step * batch_size, (step + 1) * batch_size, dtype=tf.int64)
    return _candidates(samples, count, sampling).numpy().tolist()


def _candidates(samples: tf.Tensor, count: int, sampling: SamplingConfig) -> tf.Tensor:
    """`(n, c)` numbers of the candidates for `(n,)` samples of a run."""
    c = sampling.candidates
    positions = tf.reshape(samples[:, None] * c + tf.range(c, dtype=tf.int64), (-1,))
    return tf.reshape(shuffled(positions, count, sampling.seed), (-1, c))


def training_entries(records_dir: str, sampling: SamplingConfig) -> list[Entry]:
    """The training scenes in the index, without damaged ones if `sampling.skip_damaged`.

    Raises:
        RecordsError: There are no complete records, or a scene is smaller than a patch; with
            `skip_damaged` only if every record is damaged.
    """
    check = not sampling.skip_damaged
    index = shards.read_index(records_dir, check_shards=check)
    entries = [entry for entry in index if entry.split == "training"]
    if sampling.skip_damaged:
        entries = _undamaged(records_dir, entries)
    for entry in entries:
        if min(entry.height, entry.width) < sampling.patch_size:
            raise RecordsError(
                f"Scene {entry.name} of {records_dir} must have the size of a patch,"
                f" {sampling.patch_size} pixels. Received: {entry.width}x{entry.height}"
            )
    return entries


def require_aligned(records_dir: str, entries: Sequence[Entry], *, aligned: bool) -> None:
    """Refuses scenes of the wrong kind.

    Args:
        records_dir: Folder of the records.
        entries: The training scenes in the index.
        aligned: Whether all must hold aligned frames, or none may.

    Raises:
        RecordsError: A scene is of the other kind.
    """
    kinds = {True: "aligned frames (make_tfrecord.py --aligned)", False: "the camera's frames"}
    for entry in entries:
        if entry.aligned != aligned:
            raise RecordsError(
                f"{records_dir} must hold {kinds[aligned]} for this training."
                f" Received: {kinds[not aligned]} of scene {entry.name}"
            )


def validation_scenes(records_dir: str) -> list[Scene]:
    """Reads the held-out scenes, with 8-bit frames and truth; none is an empty list.

    Raises:
        RecordsError: There are no complete records.
    """
    entries = shards.read_index(records_dir)
    return [
        shards.read(records_dir, entry).scene() for entry in entries if entry.split == "validation"
    ]


def shuffled(samples: tf.Tensor, count: int, seed: int) -> tf.Tensor:
    """Numbers of samples in the order of a run.

    Args:
        samples: `(n,)` int64, positions in the run, from 0.
        count: Samples of an epoch.
        seed: Seed of the order.

    Returns:
        `(n,)` int64 in `[0, count)`: in each epoch each number once.
    """
    epochs, positions = tf.math.floordiv(samples, count), tf.math.floormod(samples, count)
    seeds = tf.stack([tf.fill(tf.shape(epochs), tf.cast(seed, tf.int64)), epochs, epochs * 0], 1)
    return tf.raw_ops.RandomIndexShuffle(
        index=positions,
        seed=seeds,
        max_index=tf.cast(count - 1, tf.int64),
        rounds=_SHUFFLE_ROUNDS,
    )


def _undamaged(records_dir: str, entries: Sequence[Entry]) -> list[Entry]:
    """Reads every record; names and counts the damaged ones, and returns the others."""
    kept: list[Entry] = []
    for entry in entries:
        try:
            shards.read(records_dir, entry)
        except RecordsError as error:
            _LOG.warning("Left out: %s", error)
        else:
            kept.append(entry)
    if not kept:
        raise RecordsError(f"{records_dir} must hold an undamaged scene. Received: none")
    if len(kept) < len(entries):
        _LOG.warning(
            "%d of %d training scenes are damaged and left out.",
            len(entries) - len(kept),
            len(entries),
        )
    return kept


def _grid(entries: Sequence[Entry], sampling: SamplingConfig) -> patches.Grid:
    return patches.Grid([(entry.height, entry.width) for entry in entries], sampling)


def _warn_if_too_small(entries: Sequence[Entry], sampling: SamplingConfig) -> None:
    needed = sum(records.memory(entry.height, entry.width) for entry in entries)
    if needed > sampling.cache_bytes:
        _LOG.warning(
            "The training scenes take %d bytes in memory and cache_bytes is %d: scenes will be read"
            " again and again. --sampling.cache-bytes %d keeps them all.",
            needed,
            sampling.cache_bytes,
            needed,
        )
