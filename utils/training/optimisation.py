"""Changes the weights: the learning rate, one compiled step and the running average."""

import math
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.records.patches import Batch
from utils.training.stages import Losses, Stage


def learning_rate(config: TrainingConfig, step: int) -> float:
    """The optimiser's rate at a step, counted from 0.

    `step`: divided by 10 at `decay_step` (release). `cosine`: held for `hold_steps`, then half a
    cosine to zero at the end.
    """
    rate = config.learning_rate
    if config.schedule == "cosine":
        fallen = max(0, step - config.hold_steps) / (config.steps - config.hold_steps)
        rate *= 0.5 * (1.0 + math.cos(math.pi * fallen))
    elif step >= config.decay_step:
        rate /= 10.0
    return rate * min(1.0, (step + 1) / (config.warmup_steps + 1))


def compile_step(
    stage: Stage, optimizer: keras.optimizers.Optimizer, clip_norm: float = 0.0
) -> Callable[[Batch], Losses]:
    """One update of the weights as a compiled function of a batch.

    The batch comes from `utils.training.devices.share`. Each device takes the mean loss of its
    share; losses and gradients are the means over the devices, so those of the whole batch.

    Args:
        stage: Networks and losses.
        optimizer: Changes the weights.
        clip_norm: Largest norm of the gradient of all weights together; 0 for any.

    Returns:
        Function of a batch to its losses and `gradient_norm`, the norm before clipping.
    """
    strategy = tf.distribute.get_strategy()
    variables = stage.variables

    def replica_step(batch: Batch) -> Losses:
        with tf.GradientTape() as tape:
            losses = stage.losses(batch)
        # A bias before a normalisation has no effect on the loss: its gradient is zero.
        gradients = tape.gradient(
            losses["loss"],
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        context = tf.distribute.get_replica_context()
        if context.num_replicas_in_sync > 1:
            gradients = context.all_reduce(tf.distribute.ReduceOp.MEAN, gradients)
        norm = tf.linalg.global_norm(gradients)
        if clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, clip_norm, norm)
        optimizer.apply(gradients, variables)
        return losses | {"gradient_norm": norm}

    @tf.function(autograph=False)
    def step(batch: Batch) -> Losses:
        losses = strategy.run(replica_step, args=(batch,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, loss, axis=None)
            for name, loss in losses.items()
        }

    return step


def compile_average(
    averages: Mapping[str, keras.Model], networks: Mapping[str, keras.Model], decay: float
) -> Callable[[tf.Tensor], None]:
    """An update of the running average of all weights as a compiled function.

    `average += (1 - d) (weight - average)`, with d = min(decay, (1 + n) / (10 + n)) after n steps,
    so that the average soon forgets the start. It includes the statistics of normalisations.

    Args:
        averages: Networks that hold the averages, by name.
        networks: The trained networks, by name.
        decay: Share of the average that a step keeps, in [0, 1).

    Returns:
        Function of n, float32.
    """
    pairs = [
        (average, weight)
        for name, network in averages.items()
        for average, weight in zip(network.variables, networks[name].variables, strict=True)
    ]

    @tf.function(autograph=False)
    def update(steps: tf.Tensor) -> None:
        change = 1.0 - tf.minimum(decay, (1.0 + steps) / (10.0 + steps))
        for average, weight in pairs:
            average.assign_add(change * (weight.value - average.value))

    return update
