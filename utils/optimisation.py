"""How the weights change: the learning rate, the optimiser and one compiled step."""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.stages import Batch, Losses, Stage


def learning_rate(config: TrainingConfig, step: int) -> float:
    """Adam's rate at a step, counted from 0.

    `step`: divided by 10 at `decay_step` (release). `cosine`: half a cosine to zero at the end.
    """
    rate = config.learning_rate
    if config.schedule == "cosine":
        rate *= 0.5 * (1.0 + math.cos(math.pi * step / config.steps))
    elif step >= config.decay_step:
        rate /= 10.0
    return rate * min(1.0, (step + 1) / (config.warmup_steps + 1))


def adam(rate: float, stage: Stage) -> keras.optimizers.Optimizer:
    """Adam for a stage's trained weights with the release's constants."""
    optimizer = keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-8)
    optimizer.build(stage.variables)
    return optimizer


def compile_step(stage: Stage, optimizer: keras.optimizers.Optimizer) -> Callable[[Batch], Losses]:
    """One update of the weights as a compiled function of a batch, giving the losses."""
    strategy = tf.distribute.get_strategy()
    variables = stage.variables

    def replica_step(batch: Batch) -> Losses:
        with tf.GradientTape() as tape:
            losses = stage.losses(batch)
        # Biases before a normalisation take no part in the loss; their gradient is zero.
        gradients = tape.gradient(
            losses["loss"],
            [variable.value for variable in variables],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        optimizer.apply(gradients, variables)
        return losses

    @tf.function(autograph=False)
    def step(batch: Batch) -> Losses:
        losses = strategy.run(replica_step, args=(batch,))
        return {
            name: strategy.reduce(tf.distribute.ReduceOp.MEAN, loss, axis=None)
            for name, loss in losses.items()
        }

    return step
