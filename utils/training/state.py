"""Holds all that training changes, which is all that a checkpoint keeps."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Self

import keras
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.runs import checkpoints, networks, settings
from utils.training.optimisation import compile_average
from utils.training.optimisers import optimiser
from utils.training.stages import Stage


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingState:
    """Weights, their running average and the optimiser, which also counts the steps."""

    stage: Stage
    """The stage with the weights that the optimiser changes."""
    average: Stage
    """The stage with their running average; `stage` itself without one."""
    update_average: Callable[[tf.Tensor], None]
    """Moves the average after a step, given the number of steps done; does nothing without one."""
    optimizer: keras.optimizers.Optimizer
    """Its `iterations` are the steps done."""
    checkpoint: tf.train.Checkpoint
    """All variables of the above."""

    @classmethod
    def start(cls, config: TrainingConfig, build: Callable[[], Stage]) -> Self:
        """The state before the first step.

        Args:
            config: Settings of the stage.
            build: Makes the stage; called once more for the average.
        """
        stage = build()
        optimizer = optimiser(config, stage)
        parts = dict(stage.networks)
        average, update = stage, _do_nothing
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

    def restore(self, folder: Path) -> int:
        """Reads the newest undamaged checkpoint below a stage's folder, if there is one.

        Returns:
            The number of steps done.

        Raises:
            CheckpointError: All checkpoints are damaged.
        """
        latest = checkpoints.newest(folder / settings.CHECKPOINTS_NAME)
        if latest is not None:
            checkpoints.restore(self.checkpoint, latest)
        return int(self.optimizer.iterations.numpy())

    def save(self, folder: Path, step: int) -> None:
        """Writes a checkpoint below a stage's folder; see `checkpoints.save`."""
        checkpoints.save(self.checkpoint, folder / settings.CHECKPOINTS_NAME, step)


def _do_nothing(_: tf.Tensor) -> None:
    """Stands for the update of an average that is not kept."""
