"""Keeps the settings of each stage in the run's folder and checks them ever after.

RUN/records/                       shards (utils/records/record.py)
RUN/{align_high,align_low,fusion}/
    settings.json                  what the stage was trained with
    .lock                          who trains it now (utils/files.py)
    checkpoints/                   the last two (utils/runs/checkpoints.py)
    log.csv, validation.csv, curves.png, events..., previews/
RUN/results/                       what the reconstruction scripts write
"""

import dataclasses
import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

from configs.settings import NetworkConfig, PrealignmentName, TrainingConfig
from utils import files
from utils.runs import checkpoints

SETTINGS_NAME = "settings.json"
CHECKPOINTS_NAME = "checkpoints"

_STEPS = "steps"
_HOLD = "hold_steps"
_SAMPLES = "samples_per_epoch"
_PREALIGN = "prealign"

_EARLIER = {_PREALIGN: "off", _HOLD: 0, "optimizer": "adam", "alignment_loss": "square"}
"""What runs did that were started before there was a choice."""

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
        "arithmetic",
        "deterministic",
        "strategy",
    }
)


def is_trained(folder: Path) -> bool:
    """Whether a stage has a checkpoint; a lock, settings or a log alone are nothing."""
    return checkpoints.last_step(folder / CHECKPOINTS_NAME) is not None


def untrained(folder: Path) -> FileNotFoundError:
    """The error about a stage that has no weights, with the script that trains it."""
    return FileNotFoundError(
        f"Nothing is trained in {folder} yet; run training_{folder.name}.py --run {folder.parent}"
        " first, or name a folder of weights (--weights, in training --start-weights)."
        f" Received: no checkpoint in {folder}"
    )


class SettingsError(ValueError):
    """Settings of a stage are damaged, unknown or not those of its checkpoint."""


class ChangedSettingError(SettingsError):
    """A stage was started with another value of a setting."""

    def __init__(self, folder: Path, name: str, started: object, received: object) -> None:
        """Names the stage's folder, the setting and both values."""
        super().__init__(
            f"{folder / SETTINGS_NAME}: the stage was started with {name}={started!r}, which cannot"
            f" change. Received: {name}={received!r}"
        )
        self.name = name


def write_settings(
    folder: Path, config: TrainingConfig, samples: int, prealign: PrealignmentName = "off"
) -> None:
    """Writes a stage's settings, or checks that they are those of the weights beside them.

    Settings without a checkpoint are of a run that trained nothing, and bind nobody.

    Args:
        folder: The stage's folder.
        config: Settings of the stage.
        samples: Samples of an epoch of its records.
        prealign: How the camera's motion was taken out of its records.

    Raises:
        SettingsError: The stage was started with another value of some field, or with other
            records; it is named.
    """
    path = folder / SETTINGS_NAME
    settings = _flatten(dataclasses.asdict(config)) | {_SAMPLES: samples, _PREALIGN: prealign}
    if path.exists() and is_trained(folder):
        _check_settings(folder, settings, may_lose_samples=config.sampling.skip_damaged)
        stored = files.read_json(path)
        if settings[_STEPS] > stored[_STEPS] or settings["schedule"] == "cosine":
            length = {name: settings[name] for name in (_STEPS, _HOLD)}
            files.write_text(path, json.dumps(stored | length, indent=2) + "\n")
        return
    files.write_text(path, json.dumps(settings, indent=2) + "\n")


def _check_settings(folder: Path, settings: dict[str, Any], *, may_lose_samples: bool) -> None:
    path = folder / SETTINGS_NAME
    started = _EARLIER | read_settings(folder)
    if started[_PREALIGN] != settings[_PREALIGN]:
        raise SettingsError(
            f"{path}: the run was started on records packed with --prealign {started[_PREALIGN]}"
            f" and cannot go on with others; use another run folder."
            f" Received: --prealign {settings[_PREALIGN]}"
        )
    for name in sorted((started.keys() | settings.keys()) - _FREE_FIELDS - {_SAMPLES}):
        if started.get(name) != settings.get(name):
            if name in (_STEPS, _HOLD):
                _check_steps(folder, started, settings)
                continue
            raise ChangedSettingError(folder, name, started.get(name), settings.get(name))
    if started.get(_SAMPLES) == settings[_SAMPLES]:
        return
    change = (
        f"{path}: the records had {started.get(_SAMPLES)} samples an epoch when the run was"
        f" started. Received: {settings[_SAMPLES]}"
    )
    if not may_lose_samples:
        raise SettingsError(change)
    _LOG.warning("%s. From here on the order of samples is another.", change)


def _check_steps(folder: Path, started: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Lets a run make other steps if its rates do not change up to now; else names the way on."""
    for name in (_STEPS, _HOLD):
        if not isinstance(started.get(name), int):
            raise SettingsError(
                f"{folder / SETTINGS_NAME}: {name} must be a number."
                f" Received: {started.get(name)!r}"
            )
    done = checkpoints.last_step(folder / CHECKPOINTS_NAME) or 0
    if settings["schedule"] == "step" or done <= min(started[_HOLD], settings[_HOLD]):
        return
    name = _HOLD if started[_HOLD] != settings[_HOLD] else _STEPS
    raise ChangedSettingError(folder, name, started[name], settings[name])


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


def read_settings(folder: Path) -> dict[str, Any]:
    """The settings a stage was trained with, by flag, as they are called today.

    Raises:
        FileNotFoundError: The folder holds no trained stage.
    """
    path = folder / SETTINGS_NAME
    if not path.exists():
        raise untrained(folder)
    stored = files.read_json(path)
    # An older run may say "" for what was not set, and network.aligned=False for alignment="none".
    settings = {name: None if value == "" else value for name, value in stored.items()}
    if not settings.pop("network.aligned", True):
        settings["alignment"] = "none"
    return settings


def read_network_config(folder: Path) -> NetworkConfig:
    """The sizes of the networks a stage was trained with; see `read_settings`."""
    settings = read_settings(folder)
    names = [field.name for field in dataclasses.fields(NetworkConfig)]
    stored = {name: f"network.{name}" for name in names}  # a field may be younger than the run
    values = {name: settings[key] for name, key in stored.items() if key in settings}
    path = folder / SETTINGS_NAME
    for name, value in values.items():
        if type(value) is not type(getattr(NetworkConfig(), name)):
            raise SettingsError(f"{path}: {stored[name]} is of another type. Received: {value!r}")
    try:
        config = NetworkConfig(**values)
    except ValueError as error:
        raise SettingsError(f"{path}: {error}") from error
    _require_weights(folder, config)
    return config


def _require_weights(folder: Path, config: NetworkConfig) -> None:
    """Refuses networks of which the checkpoint cannot hold the weights, before they are built."""
    step = checkpoints.last_step(folder / CHECKPOINTS_NAME)
    parts = (folder / CHECKPOINTS_NAME).glob(f"ckpt-{step}.data*")
    size = sum(path.stat().st_size for path in parts)
    # Fewer than there are: two convolutions a block, half of one a dense layer.
    weights = 4 * config.dense_layers * config.width**2
    if had_alignments(folder):
        weights += 288 * config.residual_blocks * config.width**2
    if step is not None and 4 * weights > size:
        raise SettingsError(
            f"{folder / SETTINGS_NAME} must be of the networks in the checkpoint beside it, which"
            f" has {size} bytes; take it from a copy. Received: {config}"
        )


def had_alignments(folder: Path) -> bool:
    """True if a stage was trained with alignment networks; see `read_settings`."""
    return read_settings(folder).get("alignment") != "none"


def read_prealignment(folder: Path) -> PrealignmentName:
    """Mode in which the camera's motion was taken out of what a stage was trained on.

    Raises:
        FileNotFoundError: The folder holds no trained stage.
    """
    mode = read_settings(folder).get(_PREALIGN, "off")
    if mode not in get_args(PrealignmentName):
        raise SettingsError(
            f"{folder / SETTINGS_NAME}: {_PREALIGN} must be auto, on or off. Received: {mode!r}"
        )
    return mode


def require_prealignment(folder: Path, mode: PrealignmentName) -> None:
    """Refuses a stage, if it was begun, whose network knows another camera motion than the records.

    Args:
        folder: The stage's folder.
        mode: How the camera's motion was taken out of the records.

    Raises:
        SettingsError: The stage was trained with another mode.
    """
    if not is_trained(folder):
        return
    trained = read_prealignment(folder)
    if trained != mode:
        raise SettingsError(
            f"{folder.name} was trained on records packed with --prealign {trained}; pack the"
            f" scenes with that (make_tfrecord.py, another --records folder) or train the stage"
            f" on these in another run folder. Received: records of --prealign {mode}"
        )
