"""Times pre- and post-processing of a scene."""

import functools
from typing import Any

import tensorflow as tf

from lab.benchmarking import timing
from lab.benchmarking.inputs import random_scene, reconstruct_agreed
from lab.benchmarking.timing import Row
from utils.evaluation.protocols import PROTOCOLS
from utils.inference.pipeline import Networks, reconstruct_picture

Tensor = Any
_FRAME = tf.TensorSpec((1, None, None, 6), tf.float32)


def measure(size: tuple[int, int], turns: int) -> list[Row]:
    """Seconds of a scene, from 16-bit frames to radiance, with networks that compute nothing.

    With real networks it takes longer, since they displace the frames from the processor's cache.

    Args:
        size: Height and width of the picture.
        turns: Turns of the alternation; the median counts.
    """
    networks = Networks(low=_align, high=_align, merging=_merge)
    scene = random_scene(*size)
    runs = {
        "with agreement": functools.partial(reconstruct_agreed, networks, scene),
        "without": functools.partial(reconstruct_picture, networks, scene, PROTOCOLS["full"]),
    }
    seconds = timing.alternate(runs, turns)
    return [{f"{name}, s": value for name, value in seconds.items()}]


@tf.function(input_signature=2 * [_FRAME], autograph=False)
def _align(source: Tensor, reference: Tensor) -> Tensor:
    """The source's LDR values."""
    del reference
    return source[..., :3]


@tf.function(input_signature=3 * [_FRAME], autograph=False)
def _merge(low: Tensor, mid: Tensor, high: Tensor) -> Tensor:
    """The reference's radiance."""
    del low, high
    return mid[..., 3:]
