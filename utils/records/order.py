"""Puts training samples in order: the seed and the step give a batch's sample numbers.

Sample k of a run depends on the seed and k alone: in epoch `k // n` of n samples it is the one at
`k % n` of that epoch's permutation. With c candidates it is one of those at `c k` to `c k + c - 1`.
"""

import tensorflow as tf

from configs.settings import SamplingConfig

# `tf.random.experimental.index_shuffle` has 4 rounds: orders of two epochs then have a correlation
# of 0.54. From 8 on they are like independent ones; a round costs some nanoseconds.
_SHUFFLE_ROUNDS = 16


def samples_of_step(
    step: int, batch_size: int, count: int, sampling: SamplingConfig
) -> list[list[int]]:
    """Numbers of the samples in a step's batch, all workers together; steps count from 0.

    Returns:
        For each sample its candidates; it is the one of `patches.clipping`.
    """
    samples = tf.range(step * batch_size, (step + 1) * batch_size, dtype=tf.int64)
    return candidates(samples, count, sampling).numpy().tolist()


def candidates(samples: tf.Tensor, count: int, sampling: SamplingConfig) -> tf.Tensor:
    """`(n, c)` numbers of the candidates for `(n,)` samples of a run."""
    c = sampling.candidates
    positions = tf.reshape(samples[:, None] * c + tf.range(c, dtype=tf.int64), (-1,))
    return tf.reshape(shuffled(positions, count, sampling.seed), (-1, c))


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
