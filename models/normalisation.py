"""Batch normalisation in training, over the whole batch of a step, however many devices share it.

    y = gamma (x - mean) / sqrt(variance + epsilon) + beta

Mean and variance are those of all devices together, so a batch of a given size trains the same
network on one device and on eight.
"""

from typing import Any

import tensorflow as tf

Tensor = Any  # tf.Tensor


def normalise_batch(
    x: Tensor, gamma: Tensor, beta: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalises by the statistics of the batch.

    Args:
        x: `(B, H, W, C)`, this device's share of the batch; shares are of one size.
        gamma: `(C,)` float32.
        beta: `(C,)` float32.
        epsilon: Added to the variance.

    Returns:
        `y` like `x`; mean and unbiased variance (N / (N - 1), as TF's fused kernel gives it),
        `(C,)` float32, of all shares together.
    """
    context = tf.distribute.get_replica_context()
    if context is not None and context.num_replicas_in_sync > 1:
        return _normalise_shared(context, x, gamma, beta, epsilon)
    y, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x,
        scale=gamma,
        offset=beta,
        mean=tf.zeros_like(beta),
        variance=tf.ones_like(beta),
        epsilon=epsilon,
        exponential_avg_factor=1.0,
        is_training=True,
    )
    return y, mean, variance


def _normalise_shared(
    context: tf.distribute.ReplicaContext, x: Tensor, gamma: Tensor, beta: Tensor, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    values = tf.cast(x, tf.float32)
    moments = [tf.reduce_mean(power, (0, 1, 2)) for power in (values, tf.square(values))]
    # One message for both; its gradient is the same reduction, as each share's loss needs it.
    joined = context.all_reduce(tf.distribute.ReduceOp.MEAN, tf.concat(moments, 0))
    mean, square = tf.split(joined, 2)
    variance = tf.maximum(square - tf.square(mean), 0.0)
    y = (values - mean) * (gamma * tf.math.rsqrt(variance + epsilon)) + beta
    count = tf.cast(tf.size(x) // tf.shape(x)[-1] * context.num_replicas_in_sync, tf.float32)
    return tf.cast(y, x.dtype), mean, variance * (count / (count - 1.0))
