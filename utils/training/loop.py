"""The training loop, shared by the three trainers.

Run it again to resume from the newest checkpoint; the result is bit for bit the same, since the
batch of a step (utils/records/order.py) and the learning rate depend only on the seed and the step
(docs/reliability.md). A finished stage is left as it is.

    settings.json, checkpoints/          utils/runs/settings.py
    log.csv                              losses, gradient norm, learning rate and seconds a step,
                                         every `log_every`
    validation.csv                       scores on the held-out scenes, every `validate_every`
    previews/STEP.png                    one held-out scene, every `validate_every`
    curves.png                           losses and scores against steps, every `validate_every`
    events...                            all of the above for TensorBoard

On several devices (utils/training/devices.py) every process runs this loop; only the chief writes.
"""

import contextlib
import functools
import math
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tqdm

from configs import paths
from configs.settings import TrainingConfig
from utils import files
from utils.files import lock
from utils.records import order, record, selection, shards
from utils.records.batches import Samples
from utils.runs import checkpoints, settings
from utils.training import devices
from utils.training.log import Log
from utils.training.optimisation import compile_step, learning_rate
from utils.training.stages import Losses, Stage
from utils.training.state import TrainingState
from utils.training.validation import Validator

_LOST_WORKER = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.DeadlineExceededError)


def train(config: TrainingConfig, stage_name: str, build: Callable[[], Stage]) -> Stage:
    """Trains one stage to its last step.

    Args:
        config: Settings of the stage.
        stage_name: Folder of the stage below the run's, a name of configs/paths.py.
        build: Makes the stage; called after the seed is set.

    Returns:
        The stage with its trained networks, or with their running average if one is kept.

    Raises:
        SettingsError: The stage was started under other settings.
        LockedError: Another process trains the stage.
        RecordsError: The records are missing, damaged, or do not hold the frames asked for.
        CheckpointError: A checkpoint could not be written, or all are damaged.
        ValueError: A loss is not finite; the message names step, batch and last good checkpoint.
        ConnectionError: Another worker was lost.
        MemoryError: A step does not fit into the device's memory.
    """
    strategy = devices.strategy(config.strategy)
    devices.require_even(strategy, config.batch_size)
    folder = paths.stage_dir(config.run, stage_name)
    with strategy.scope():
        training = _Training(config, folder, strategy)  # without records no folder is made
        with lock(folder) if training.chief else contextlib.nullcontext():
            return training.run(build)


class _Training:
    """One process's share of training a stage."""

    def __init__(
        self, config: TrainingConfig, folder: Path, strategy: tf.distribute.Strategy
    ) -> None:
        self._config = config
        self._folder = folder
        self._checkpoints = folder / settings.CHECKPOINTS_NAME
        self._strategy = strategy
        self.chief = devices.is_chief(strategy)
        self._records = config.records or str(paths.records_dir(config.run))
        self._samples = Samples(self._records, config.sampling)
        entries = self._samples.entries
        selection.require_aligned(self._records, entries, aligned=config.takes_aligned_records)

    def run(self, build: Callable[[], Stage]) -> Stage:
        """Restores or starts the stage and makes the remaining steps."""
        config, name = self._config, self._folder.name
        keras.utils.set_random_seed(config.seed)
        if config.deterministic:
            tf.config.experimental.enable_op_determinism()
        state = TrainingState.start(config, build)
        if self.chief:  # after the networks: a failed start leaves no settings
            self._write_settings()
        latest = checkpoints.newest(self._checkpoints)
        if latest:
            checkpoints.restore(state.checkpoint, latest)
        first = int(state.optimizer.iterations.numpy())
        devices.require_same(self._strategy, first)
        if first >= config.steps:
            tqdm.tqdm.write(f"{name}: finished, {first} steps; nothing to do")
            return state.average
        if first:
            tqdm.tqdm.write(f"{name}: resuming after step {first}")
        try:
            self._loop(state, first)
        except _LOST_WORKER as error:
            raise ConnectionError(
                f"Another worker was lost; start all workers again to resume from"
                f" {self._last_good()}. Received: {files.one_line(error)}"
            ) from error
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(files.one_line(error)) from error
        except tf.errors.OpError as error:
            raise record.unwrap_records_error(error) from error
        return state.average

    def _write_settings(self) -> None:
        of_records = (shards.prealign_in_index(self._records), shards.digest(self._records))
        try:
            settings.write_settings(self._folder, self._config, len(self._samples), *of_records)
        except settings.ChangedSettingError as error:
            name = self._folder.name
            changes = settings.changes(self._folder, self._config)
            raise settings.SettingsError(
                f"{error.reason} Resume as it was started: `{like(name, self._config.run)}`; or"
                f" train with it in another run: `{another_run(self._config, name, changes)}`"
                f" Received: {error.received}"
            ) from error

    def _loop(self, state: TrainingState, first: int) -> None:
        config, name = self._config, self._folder.name
        own_batches = functools.partial(self._samples.batches, config.batch_size, first)
        batches = iter(devices.share(self._strategy, own_batches))
        train_step = compile_step(state.stage, state.optimizer, config.clip_norm)
        progress = tqdm.tqdm(
            initial=first, total=config.steps, desc=name, unit="step", disable=not self.chief
        )
        log = None
        with contextlib.ExitStack() as opened:
            if self.chief:
                validator = Validator(state.average, self._records, config.validation_crop)
                log = opened.enter_context(Log(self._folder, first, validator.run))
            opened.enter_context(progress)
            if log and first == 0:
                log.validation(0)
            for step in range(first + 1, config.steps + 1):
                rate = learning_rate(config, step - 1)
                state.optimizer.learning_rate.assign(rate)
                losses = train_step(next(batches))
                state.update_average(tf.constant(step - 1, tf.float32))
                values = finite(losses, step, self._circumstances)
                progress.update()
                last = step == config.steps
                if log is None:
                    continue
                if last or step % config.log_every == 0:
                    log.training(step, values | {"learning_rate": rate})
                    progress.set_postfix(loss=f"{values['loss']:.5f}")
                if last or step % config.validate_every == 0:
                    log.validation(step)
                if last or step % config.checkpoint_every == 0:
                    checkpoints.save(state.checkpoint, self._checkpoints, step)

    def _circumstances(self, step: int) -> str:
        """The batch and the last good checkpoint, for the error of a step."""
        config = self._config
        count = len(self._samples)
        numbers = order.samples_of_step(step - 1, config.batch_size, count, config.sampling)
        return (
            f"the batch has the samples {numbers} of {count};"
            f" the last good checkpoint is {self._last_good()}"
        )

    def _last_good(self) -> str:
        return checkpoints.newest(self._checkpoints) or "none"


def another_run(config: TrainingConfig, stage: str, changes: Mapping[str, Any]) -> str:
    """The command that trains a stage with some changed settings in a new run.

    The last stage has all networks, so the new run starts from its weights, unless their size
    changes; then the alignments are trained anew first.
    """
    old, number = config.run, 2
    while (new := old.with_name(f"{old.name}-{number}")).exists():
        number += 1
    place: dict[str, Any] = {"run": new} | ({"records": config.records} if config.records else {})
    commands = [like(stage, old, {**place, **changes})]
    if stage == paths.FUSION and config.has_alignments:
        size = {name: x for name, x in changes.items() if name.startswith("network.")}
        if size:
            commands[:0] = [like(name, old, place | size) for name in paths.ALIGNMENT.values()]
        else:
            weights = f"{new}-weights"
            commands[0] = like(stage, old, {**place, "start_weights": weights, **changes})
            export = ["python", "export.py", "--run", str(old), "--save-weights", weights]
            commands[:0] = [shlex.join(export)]
    return " && ".join(commands)


def like(stage: str, run: Path, changes: Mapping[str, Any] | None = None) -> str:
    """The command that trains a stage with the settings of another run's, some of them changed."""
    words = ["python", f"training_{stage}.py", "--like", str(run)]
    for name, value in (changes or {}).items():
        group, dot, flag = name.replace("_", "-").rpartition(".")
        if isinstance(value, bool):
            words.append(f"--{group}{dot}{'' if value else 'no-'}{flag}")
        else:
            words += [
                f"--{group}{dot}{flag}",
                *map(str, value if isinstance(value, list) else [value]),
            ]
    return shlex.join(words)


def finite(losses: Losses, step: int, circumstances: Callable[[int], str]) -> dict[str, float]:
    """The losses as numbers.

    Raises:
        ValueError: One is NaN or infinite; the message names it, the step and `circumstances`.
    """
    values = {name: float(loss) for name, loss in losses.items()}
    for name, value in values.items():
        if not math.isfinite(value):
            raise ValueError(
                f"{name} at step {step} must be finite; {circumstances(step)}. Received: {value}"
            )
    return values
