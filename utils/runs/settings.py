"""A run's folder: one folder a stage, with the settings and the checkpoints of its networks.

RUN/records/                       shards (utils/records.py)
RUN/{align_high,align_low,fusion}/
    settings.json                  what the stage was trained with
    lock                           who trains it now (utils/locks.py)
    checkpoints/                   the last two (utils/checkpoints.py)
    log.csv, validation.csv, curves.png, events..., previews/
RUN/results/                       what the reconstruction scripts write
"""

import dataclasses
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
import tqdm

from configs import paths
from configs.settings import NetworkConfig, TrainingConfig, WeightsConfig
from utils import checkpoints, weights
from utils.precision import keras_policy

SETTINGS_NAME = "settings.json"
CHECKPOINTS_NAME = "checkpoints"
AVERAGE = "average_"
"""Before a network's name in a checkpoint: the running average of its weights."""

_SAMPLES = "samples_per_epoch"

_LOG = logging.getLogger(__name__)

# A run may go on with other values of these: they do not touch what the weights become, but for
# the rounding of sums and for records that are damaged.
_FREE_FIELDS = frozenset(
    {
        "run",
        "records",
        "log_every",
        "validate_every",
        "checkpoint_every",
        "validation_crop",
        "sampling.cache_bytes",
        "sampling.skip_damaged",
        "save_release",
        "deterministic",
        "strategy",
    }
)

BuildNetworks = Callable[..., dict[str, keras.Model]]
"""`models.esbn.networks`: sizes and dtype to networks by name (`low`, `high`, `merging`)."""

ImportRelease = Callable[[keras.Model, str], keras.Model]
"""`models.release_checkpoint.load`: an authors' checkpoint into a network."""


class SettingsError(ValueError):
    """A run is resumed under settings other than its own."""


def write_settings(folder: Path, config: TrainingConfig, samples: int) -> None:
    """Writes a stage's settings beside its weights, or checks that they are the same.

    Args:
        folder: The stage's folder.
        config: Settings of the stage.
        samples: Samples of an epoch of its records.

    Raises:
        SettingsError: The stage was started with another value of some field, or with other
            records; it is named.
    """
    path = folder / SETTINGS_NAME
    settings = _flatten(dataclasses.asdict(config)) | {_SAMPLES: samples}
    if path.exists():
        _check_settings(path, settings, may_lose_samples=config.sampling.skip_damaged)
        return
    folder.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(".tmp")
    aside.write_text(json.dumps(settings, indent=2) + "\n")
    aside.rename(path)


def _check_settings(path: Path, settings: dict[str, Any], *, may_lose_samples: bool) -> None:
    started = json.loads(path.read_text())
    for name in sorted((started.keys() | settings.keys()) - _FREE_FIELDS - {_SAMPLES}):
        if started.get(name) != settings.get(name):
            raise SettingsError(
                f"{path}: the run was started with {name}={started.get(name)!r} and cannot "
                f"go on with another value; use another run folder. "
                f"Received: {name}={settings.get(name)!r}"
            )
    if started.get(_SAMPLES) == settings[_SAMPLES]:
        return
    change = (
        f"{path}: the records had {started.get(_SAMPLES)} samples an epoch when the run was"
        f" started. Received: {settings[_SAMPLES]}"
    )
    if not may_lose_samples:
        raise SettingsError(change)
    _LOG.warning("%s. From here on the order of samples is another.", change)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = _as_json(value)
    return flat


def _as_json(value: object) -> object:
    """A setting as it comes back from a settings file."""
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def read_network_config(folder: Path) -> NetworkConfig:
    """The sizes of the networks a stage was trained with.

    Raises:
        FileNotFoundError: The folder holds no trained stage.
    """
    path = folder / SETTINGS_NAME
    if not path.exists():
        raise FileNotFoundError(f"No trained stage in this folder. Received: {folder}")
    settings = json.loads(path.read_text())
    names = [field.name for field in dataclasses.fields(NetworkConfig)]
    stored = {name: f"network.{name}" for name in names}  # a field may be younger than the run
    return NetworkConfig(**{n: settings[key] for n, key in stored.items() if key in settings})


def build_networks(config: TrainingConfig, build: BuildNetworks) -> dict[str, keras.Model]:
    """The networks of a stage's settings, by name, with weights to start from.

    Raises:
        WeightsError: `start_weights` is missing, damaged or of networks of another size.
    """
    networks = build(**dataclasses.asdict(config.network), dtype=keras_policy(config.precision))
    if config.start_weights is not None:
        trained = {name: network for name, network in networks.items() if network.weights}
        weights.load(trained, config.start_weights)
    return networks


def latest_checkpoint(folder: Path) -> str:
    """Prefix of a stage's newest undamaged checkpoint.

    Raises:
        FileNotFoundError: The stage has none yet.
        CheckpointError: All are damaged.
    """
    latest = checkpoints.newest(folder / CHECKPOINTS_NAME)
    if latest is None:
        raise FileNotFoundError(f"No checkpoint of a trained stage. Received: {folder}")
    return latest


def restore(parts: Mapping[str, keras.Model], folder: Path) -> None:
    """Reads some of a stage's networks, by name, from its newest checkpoint.

    If the stage keeps a running average of its weights, that is read.
    """
    latest = latest_checkpoint(folder)
    averaged = json.loads((folder / SETTINGS_NAME).read_text()).get("ema")
    names = {f"{AVERAGE}{name}" if averaged else name: part for name, part in parts.items()}
    status = tf.train.Checkpoint(**names).read(latest)
    status.assert_existing_objects_matched().expect_partial()


def load_networks(
    config: WeightsConfig, build: BuildNetworks, import_release: ImportRelease
) -> dict[str, keras.Model]:
    """The networks to reconstruct with, by name.

    Those with an authors' checkpoint in the settings come from it. The others come from the folder
    of weights, if the settings name one or the default run holds nothing trained, or from the run:
    all from the fusion stage once it has a checkpoint; until then the alignment networks come from
    their own stages and there is no `merging`.

    Args:
        config: Names the run and the authors' checkpoints.
        build: Builds the networks, `models.esbn.networks`.
        import_release: Reads an authors' checkpoint, `models.release_checkpoint.load`.

    Raises:
        FileNotFoundError: The run or an authors' checkpoint has no weights; it is named.
        WeightsError: The folder of weights is missing or damaged.
    """
    released = {
        "low": config.release_low,
        "high": config.release_high,
        "merging": config.release_merging,
    }
    wanted = [name for name, prefix in released.items() if not prefix]
    folder = _weights_folder(config) if wanted else None
    stages = {} if folder or not wanted else _stages(config.run)
    if folder:
        size = weights.read_size(folder)
    elif stages:
        size = read_network_config(stages[next(name for name in wanted if name in stages)])
    else:
        size = NetworkConfig()
    built = build(**dataclasses.asdict(size), dtype=keras_policy(config.precision))
    if folder:
        weights.load({name: built[name] for name in wanted}, folder)
    for stage in dict.fromkeys(stages[name] for name in wanted if name in stages):
        restore({name: built[name] for name in wanted if stages.get(name) == stage}, stage)
    for name, prefix in released.items():
        if prefix:
            import_release(built[name], prefix)
    return {name: net for name, net in built.items() if folder or name in stages or released[name]}


def _weights_folder(config: WeightsConfig) -> Path | None:
    """The folder of safetensors to use instead of the run's stages, if any."""
    if config.weights is not None:
        return config.weights
    stages = (paths.FUSION, *paths.ALIGNMENT.values())
    begun = any(paths.stage_dir(config.run, stage).exists() for stage in stages)
    if config.run == paths.DEFAULT_RUN and not begun:
        tqdm.tqdm.write(
            f"{config.run} holds nothing trained: using the weights that come with this code,"
            f" {paths.WEIGHTS_DIR.name}"
        )
        return paths.WEIGHTS_DIR
    return None


def _stages(run: Path) -> dict[str, Path]:
    """The folder that holds each network's newest weights."""
    fusion = paths.stage_dir(run, paths.FUSION)
    if checkpoints.newest(fusion / CHECKPOINTS_NAME):
        return dict.fromkeys(("low", "high", "merging"), fusion)
    return {side: paths.stage_dir(run, stage) for side, stage in paths.ALIGNMENT.items()}
