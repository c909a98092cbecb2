"""Distributes training over devices and workers.

`multi_worker` reads TensorFlow's environment variable TF_CONFIG: the addresses of all workers and,
in `task.index`, the number of this one. Only worker 0, the chief, writes files. All workers read
the run's folder, so it must be on a shared file system.
"""

import json
import os
import re
from collections.abc import Callable
from typing import Any, Literal

import tensorflow as tf

from utils.records.patches import Batch

Batches = Any  # tf.data.Dataset or tf.distribute.DistributedDataset

_ADDRESS = re.compile(r"\S+:\d{1,5}")


def strategy(name: Literal["one", "mirrored", "multi_worker"]) -> tf.distribute.Strategy:
    """The strategy of a setting; `multi_worker` must be made before any other operation.

    Raises:
        ValueError: `multi_worker` without a sound TF_CONFIG.
    """
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name == "multi_worker":
        _require_workers(os.environ.get("TF_CONFIG", ""))
        resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        return tf.distribute.MultiWorkerMirroredStrategy(resolver)
    return tf.distribute.get_strategy()


def _require_workers(text: str) -> None:
    """Raises unless TF_CONFIG names workers, one of them in its task, and no other jobs."""
    try:
        cluster, task = (json.loads(text)[name] for name in ("cluster", "task"))
        workers, index = cluster["worker"], task["index"]
        sound = (
            (list(cluster), task["type"]) == (["worker"], "worker")
            and isinstance(workers, list)
            and all(_ADDRESS.fullmatch(worker) for worker in workers)
            and type(index) is int
            and 0 <= index < len(workers)
        )
    except (ValueError, TypeError, LookupError, RecursionError):
        sound = False
    if not sound:
        raise ValueError(
            "strategy=multi_worker needs TF_CONFIG with host:port of every worker and this one's"
            f" number, as in docs/train.md. Received: {text[:300] or 'none'}"
        )


def is_chief(chosen: tf.distribute.Strategy) -> bool:
    """Whether this process writes the files of the run."""
    resolver = chosen.cluster_resolver
    return resolver is None or not resolver.task_type or resolver.task_id == 0


def require_even(chosen: tf.distribute.Strategy, batch_size: int) -> None:
    """Raises `ValueError` if the devices cannot share a batch evenly."""
    if batch_size % chosen.num_replicas_in_sync:
        raise ValueError(
            f"batch_size must be a multiple of the {chosen.num_replicas_in_sync} devices."
            f" Received: {batch_size}"
        )


def require_same(chosen: tf.distribute.Strategy, step: int) -> None:
    """Raises `ValueError` if the workers read checkpoints of different steps."""
    if chosen.num_replicas_in_sync == 1:
        return
    steps = chosen.run(lambda: tf.constant(step))
    total = int(chosen.reduce(tf.distribute.ReduceOp.SUM, steps, axis=None))
    if total != step * chosen.num_replicas_in_sync:
        raise ValueError(
            "All workers must read the same checkpoint; start all of them again, with one run"
            f" folder. Received: step {step}, {total / chosen.num_replicas_in_sync} on average"
        )


def share(
    chosen: tf.distribute.Strategy, batches: Callable[[int, int], tf.data.Dataset]
) -> Batches:
    """Distributes batches to the devices.

    Args:
        chosen: The strategy.
        batches: Function of a worker's number and the number of workers to the worker's share of
            the batches, `utils.records.batches.Samples.batches`.

    Returns:
        Iterable of one input of `chosen.run` a step.
    """

    def of_worker(context: tf.distribute.InputContext) -> tf.data.Dataset:
        own = batches(context.input_pipeline_id, context.num_input_pipelines)
        devices = context.num_replicas_in_sync // context.num_input_pipelines
        if devices > 1:
            own = own.map(lambda batch: _split(batch, devices)).unbatch()
        return own.apply(tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY))

    return chosen.distribute_datasets_from_function(of_worker)


def _split(batch: Batch, devices: int) -> Batch:
    """Adds a leading axis, the device; each takes every `devices`-th sample."""
    shares = [[value[device::devices] for device in range(devices)] for value in batch]
    return Batch(*map(tf.stack, shares))
