"""State of a training: networks, running average and optimiser, as in a checkpoint."""

import dataclasses
from collections.abc import Callable
from typing import Self

import keras
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.runs import networks
from utils.training.optimisation import compile_average
from utils.training.optimisers import optimiser
from utils.training.stages import Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Weights, their running average and the optimiser, which also counts the steps."""

    stage: Stage
    """The stage with the trained weights."""
    average: Stage
    """The stage with their running average; without one, `stage` itself."""
    update_average: Callable[[tf.Tensor], None]
    """Updates the average after a step, given the number of steps done; without one, a no-op."""
    optimizer: keras.optimizers.Optimizer
    """Its `iterations` are the steps done."""
    checkpoint: tf.train.Checkpoint
    """All variables of the above."""

    @classmethod
    def start(cls, config: TrainingConfig, build: Callable[[], Stage]) -> Self:
        """The state before the first step.

        Args:
            config: Settings of the stage.
            build: Makes the stage; called again for the average.
        """
        stage = build()
        optimizer = optimiser(config, stage)
        parts = dict(stage.networks)
        average, update = stage, lambda _: None
        if config.ema:
            average = build()
            for name, network in average.networks.items():
                network.set_weights(stage.networks[name].get_weights())
                parts[f"{networks.AVERAGE}{name}"] = network
            update = compile_average(average.networks, stage.networks, config.ema)
        return cls(
            stage=stage,
            average=average,
            update_average=update,
            optimizer=optimizer,
            checkpoint=tf.train.Checkpoint(optimizer=optimizer, **parts),
        )
