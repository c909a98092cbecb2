"""Streams training batches out of records, endless and seeded.

The path of a sample: the seed and the step determine its number (`order.candidates`), the number
its place (`patches.Grid`); the decoded scene is read or taken from memory (`shards.read`), and the
patch is cut from it into a `patches.Batch` (`patches.write`). No batch depends on an earlier one,
so a run resumes at any step, and several workers share one order.
"""

import logging
import operator
import threading
from collections.abc import Sequence

import cachetools
import numpy as np
import tensorflow as tf

from configs.settings import SamplingConfig
from utils.records import order, patches, record, selection, shards
from utils.records.patches import Batch
from utils.records.record import Record
from utils.records.shards import Entry

_LOG = logging.getLogger(__name__)

_PARALLEL_BATCHES = 4


class Samples:
    """All training samples of a folder of records, in the order of a run."""

    def __init__(self, records_dir: str, sampling: SamplingConfig) -> None:
        """Reads the index.

        Args:
            records_dir: Folder that make_tfrecord.py wrote, a TensorFlow path.
            sampling: Size and order of the patches, and how many bytes of scenes stay in memory.

        Raises:
            RecordsError: As for `selection.training_entries`.
        """
        entries = selection.training_entries(records_dir, sampling)
        _warn_if_too_small(entries, sampling)
        self.entries = entries
        self._records_dir = records_dir
        self._sampling = sampling
        self._grid = patches.Grid([(entry.height, entry.width) for entry in entries], sampling)
        self._cache = cachetools.LRUCache[int, Record](
            sampling.cache_bytes, operator.attrgetter("nbytes")
        )
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Samples of an epoch: patches times four rotations times two flips."""
        return len(self._grid)

    def batches(
        self, batch_size: int, first_step: int, worker: int = 0, workers: int = 1
    ) -> tf.data.Dataset:
        """Batches of the steps `first_step`, `first_step + 1`, .. without end.

        Step s of all workers together has the samples `s * batch_size` to
        `(s + 1) * batch_size - 1`; a worker takes every `workers`-th of them.

        Args:
            batch_size: Samples of a step, all workers together; a multiple of `workers`.
            first_step: Steps that are done already.
            worker: Number of this worker, from 0.
            workers: Number of workers.

        Returns:
            Dataset of `Batch` with `batch_size // workers` samples each. A damaged record ends the
            iteration with a TensorFlow error; `record.unwrap_records_error` restores ours.

        Raises:
            ValueError: The workers cannot share a step's samples evenly.
        """
        if batch_size % workers or not 0 <= worker < workers:
            raise ValueError(
                f"batch_size must be a multiple of workers, and worker below workers."
                f" Received: batch_size={batch_size}, workers={workers}, worker={worker}"
            )
        shapes = patches.batch_shapes(batch_size // workers, self._sampling.patch_size)

        def batch_of(step: tf.Tensor) -> Batch:
            samples = step * batch_size + tf.range(worker, batch_size, workers, tf.int64)
            numbers = order.candidates(samples, len(self), self._sampling)
            # A stateful function would run for one batch after the other.
            arrays = tf.numpy_function(
                self._cut, [numbers], [tf.float32] * len(shapes), stateful=False
            )
            return Batch(*map(tf.ensure_shape, arrays, shapes))

        steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
        batches = steps.map(batch_of, num_parallel_calls=_PARALLEL_BATCHES, deterministic=True)
        options = tf.data.Options()
        # With it, a process that drops the dataset waits up to a minute for a thread.
        options.autotune.enabled = False
        return batches.prefetch(2).with_options(options)

    def _cut(self, numbers: np.ndarray) -> Batch:
        """The patches of `(n, c)` numbers, c candidates for each of n samples."""
        batch = patches.empty_batch(len(numbers), self._sampling.patch_size)
        for index, candidates in enumerate(numbers):
            place, *others = [self._grid.locate(int(number)) for number in candidates]
            if others:
                place = max((place, *others), key=self._clipping)
            patches.write(batch, index, self._scene(place.scene), place, self._sampling)
        return batch

    def _clipping(self, place: patches.Place) -> float:
        return patches.clipping(self._scene(place.scene), place, self._sampling)

    @cachetools.cachedmethod(operator.attrgetter("_cache"), lock=operator.attrgetter("_lock"))
    def _scene(self, number: int) -> Record:
        """A training scene; two threads may read the same one at once."""
        return shards.read(self._records_dir, self.entries[number])


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
