"""The training loop, shared by the three trainers.

Running it again resumes from the newest checkpoint, or does nothing when the stage is finished. The
batch of a step depends on the seed and the step alone (utils/dataset.py), and so does the learning
rate, so a resumed run goes on as if it had not been stopped.

    settings.json, checkpoints/      utils/runs.py
    log.csv                          losses, learning rate and seconds a step, every `log_every`
    validation.csv                   scores on the held-out scenes, every `validate_every`
    previews/STEP.png                one held-out scene, every `validate_every`
    events...                        all of the above for TensorBoard
"""

import math
import time
from collections.abc import Callable

import keras
import tensorflow as tf
import tqdm

from configs import paths
from configs.settings import TrainingConfig
from utils import dataset, runs
from utils.journal import Journal
from utils.optimisation import adam, compile_step, learning_rate
from utils.stages import Losses, Stage
from utils.validation import Validator


def train(config: TrainingConfig, stage_name: str, build: Callable[[], Stage]) -> Stage:
    """Trains one stage to its last step.

    Args:
        config: Settings of the stage.
        stage_name: Folder of the stage below the run's, a name of configs/paths.py.
        build: Makes the stage; called after the seed is set.

    Returns:
        The stage with its trained networks.

    Raises:
        SettingsError: The stage was started under other settings.
        ValueError: The loss is not finite; the message names the step.
    """
    folder = paths.stage_dir(config.run, stage_name)
    runs.write_settings(folder, config)
    keras.utils.set_random_seed(config.seed)
    strategy = tf.distribute.get_strategy()
    with strategy.scope():
        stage = build()
        optimizer = adam(config.learning_rate, stage)
    manager = tf.train.CheckpointManager(
        tf.train.Checkpoint(optimizer=optimizer, **stage.networks),
        str(folder / runs.CHECKPOINTS_NAME),
        max_to_keep=2,
    )
    if manager.restore_or_initialize():
        tqdm.tqdm.write(f"{stage_name}: resuming from {manager.latest_checkpoint}")
    _loop(config, stage_name, stage, optimizer, manager)
    return stage


def _loop(
    config: TrainingConfig,
    stage_name: str,
    stage: Stage,
    optimizer: keras.optimizers.Optimizer,
    manager: tf.train.CheckpointManager,
) -> None:
    folder = paths.stage_dir(config.run, stage_name)
    records = config.records or str(paths.records_dir(config.run))
    first = int(optimizer.iterations.numpy())
    if first >= config.steps:
        tqdm.tqdm.write(f"{stage_name}: finished, {first} steps; nothing to do")
        return
    batches = iter(dataset.training_batches(records, config.sampling, config.batch_size, first))
    train_step = compile_step(stage, optimizer)
    validator = Validator(stage, records, config.validation_crop)
    progress = tqdm.tqdm(initial=first, total=config.steps, desc=stage_name, unit="step")
    with Journal(folder, first) as journal, progress:
        if first == 0:
            _report(stage_name, 0, validator.run(journal, 0))
        logged, start = first, time.perf_counter()
        for step in range(first + 1, config.steps + 1):
            rate = learning_rate(config, step - 1)
            optimizer.learning_rate.assign(rate)
            losses = train_step(next(batches))
            progress.update()
            last = step == config.steps
            if last or step % config.log_every == 0:
                values = finite(losses, step)
                seconds = (time.perf_counter() - start) / (step - logged)
                journal.log(step, values | {"learning_rate": rate, "seconds": seconds})
                logged, start = step, time.perf_counter()
                progress.set_postfix(loss=f"{values['loss']:.5f}")
            if last or step % config.validate_every == 0:
                _report(stage_name, step, validator.run(journal, step))
            if last or step % config.checkpoint_every == 0:
                manager.save(checkpoint_number=step)


def finite(losses: Losses, step: int) -> dict[str, float]:
    """The losses as numbers.

    Raises:
        ValueError: One is NaN or infinite; the message names it and the step.
    """
    values = {name: float(loss) for name, loss in losses.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(f"{name} at step {step} must be finite. Received: {value}")
    return values


def _report(stage_name: str, step: int, scores: dict[str, float]) -> None:
    text = ", ".join(f"{name} {value:.2f} dB" for name, value in scores.items())
    tqdm.tqdm.write(f"{stage_name}: step {step}: {text or 'no validation scenes'}")
