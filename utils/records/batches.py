"""Streams training batches out of records, endless and seeded.

The path of a sample, top to bottom: its number follows from the seed and the step (`order`), its
place from the number (`patches.Grid`), the decoded scene from the place (`shards`, kept in memory),
the patch from the scene (`patches.write`), and patches make a batch. Nothing depends on what came
before, so a run resumes at any step, and several workers share one order.
"""

import logging
import operator
import threading
from collections.abc import Callable, Sequence

import cachetools
import numpy as np
import tensorflow as tf

from configs.settings import SamplingConfig
from utils.records import order, patches, record, selection, shards
from utils.records.record import Record
from utils.records.shards import Entry

_LOG = logging.getLogger(__name__)

_AT_ONCE = 4  # batches that are being made


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
        self._sampling = sampling
        self._grid = patches.Grid([(entry.height, entry.width) for entry in entries], sampling)
        self._scene = keep_scenes(
            lambda scene: shards.read(records_dir, entries[scene]), sampling.cache_bytes
        )

    def __len__(self) -> int:
        """Samples of an epoch: patches times four rotations times two flips."""
        return len(self._grid)

    def batches(
        self, batch_size: int, first_step: int, *, worker: int = 0, workers: int = 1
    ) -> tf.data.Dataset:
        """Batches of the steps `first_step`, `first_step + 1`, .. without end.

        Step s of all workers together has the samples `s * batch_size` to
        `(s + 1) * batch_size - 1`; a worker takes every `workers`-th of them.

        Args:
            batch_size: Samples of a step, all workers together; a multiple of `workers`.
            first_step: Steps that are done already.
            worker: Number of this worker, from 0.
            workers: How many share the samples.

        Returns:
            The batches, dicts of the float32 tensors that `patches.empty_batch` describes, with
            `batch_size // workers` samples each.

        Raises:
            ValueError: The samples of a step cannot be shared evenly.

        A record that turns out to be damaged later ends the iteration with an error of
        TensorFlow's, which `record.unwrap_records_error` turns back.
        """
        if batch_size % workers or not 0 <= worker < workers:
            raise ValueError(
                f"batch_size must be a multiple of workers, and worker below workers."
                f" Received: batch_size={batch_size}, workers={workers}, worker={worker}"
            )
        layout = patches.empty_batch(batch_size // workers, self._sampling.patch_size)

        def batch_of(step: tf.Tensor) -> dict[str, tf.Tensor]:
            samples = step * batch_size + tf.range(worker, batch_size, workers, tf.int64)
            numbers = order.candidates(samples, len(self), self._sampling)
            # Not stateful: or else determinism would make the batches one after the other.
            tensors = tf.numpy_function(
                self._batch, [numbers], [tf.float32] * len(layout), stateful=False
            )
            return {
                key: tf.ensure_shape(tensor, layout[key].shape)
                for key, tensor in zip(layout, tensors, strict=True)
            }

        steps = tf.data.Dataset.range(first_step, np.iinfo(np.int64).max)
        batches = steps.map(batch_of, num_parallel_calls=_AT_ONCE, deterministic=True)
        options = tf.data.Options()
        # Else a process that drops the batches and goes on waits, up to a minute, for a thread.
        options.autotune.enabled = False
        return batches.prefetch(2).with_options(options)

    def _batch(self, numbers: np.ndarray) -> list[np.ndarray]:
        """Arrays of `patches.empty_batch` for samples with `(n, c)` candidates' numbers."""
        batch = patches.empty_batch(len(numbers), self._sampling.patch_size)
        for index, choice in enumerate(numbers):
            place = self._place(choice)
            patches.write(batch, index, self._scene(place.scene), place, self._sampling)
        return list(batch.values())

    def _place(self, choice: np.ndarray) -> patches.Place:
        """The only candidate, or the one of which the reference clips most nearly one half."""
        places = [self._grid.locate(int(number)) for number in choice]
        if len(places) == 1:
            return places[0]
        return max(places, key=lambda p: patches.clipping(self._scene(p.scene), p, self._sampling))


def keep_scenes(load: Callable[[int], Record], capacity: int) -> Callable[[int], Record]:
    """Returns a function that loads scene number `i` and keeps the scenes used last in memory.

    It is safe for threads: they load side by side, and two may read the same scene.

    Args:
        load: Reads the scene of a number.
        capacity: Bytes to keep; a larger scene is not kept.
    """
    cache = cachetools.LRUCache[int, Record](capacity, getsizeof=operator.attrgetter("nbytes"))
    return cachetools.cached(cache, key=int, lock=threading.Lock())(load)


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
