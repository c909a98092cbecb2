"""Settings of a training stage, kept in its folder and compared when it resumes.

RUN/records/                       shards (utils/records/record.py)
RUN/{align_high,align_low,fusion}/
    settings.json                  settings of the stage
    .esbn.lock                     process that trains it now (utils/files.py)
    checkpoints/                   the last two (utils/runs/checkpoints.py)
    log.csv, validation.csv, curves.png, events..., previews/
RUN/results/                       output of the reconstruction scripts
"""

import dataclasses
import json
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from configs import paths
from configs.settings import FusionConfig, NetworkConfig, SamplingConfig, TrainingConfig
from utils import files
from utils.runs import checkpoints

SETTINGS_NAME = "settings.json"
CHECKPOINTS_NAME = "checkpoints"

Config = TypeVar("Config", bound=TrainingConfig)
Values = TypeVar("Values", bound=TrainingConfig | NetworkConfig | SamplingConfig)

_START = "start_weights"
_FOLDERS = ("run", _START)
_STEPS = "steps"
_HOLD = "hold_steps"
_SAMPLES = "samples_per_epoch"
_PREALIGN = "prealign"
_DIGEST = "records_sha256"
_NOT_COMPARED = frozenset(
    {
        *("run", "records", "log_every", "validate_every", "checkpoint_every", "validation_crop"),
        *("sampling.cache_bytes", "sampling.skip_damaged", "save_release", "deterministic"),
        *("strategy", "arithmetic", _SAMPLES, _PREALIGN, _DIGEST),
    }
)
"""Settings that may change when a run resumes; they change the weights by rounding at most."""

_LOG = logging.getLogger(__name__)


class SettingsError(ValueError):
    """Settings of a stage are damaged, unknown or not those of its checkpoint."""


class ChangedSettingError(SettingsError):
    """A stage was started with another value of a setting."""

    def __init__(self, folder: Path, name: str, started: object, received: object) -> None:
        """Names the stage's folder, the setting and both values."""
        self.reason = (
            f"{folder / SETTINGS_NAME}: the stage was started with {name}={started!r}, which cannot"
            " change."
        )
        self.received = f"{name}={received!r}"
        super().__init__(f"{self.reason} Received: {self.received}")


def is_trained(folder: Path) -> bool:
    """Whether a stage has a checkpoint."""
    return checkpoints.last_step(folder / CHECKPOINTS_NAME) is not None


def untrained(folder: Path) -> FileNotFoundError:
    """Error about a stage without weights; names the script that trains it."""
    return FileNotFoundError(
        f"Nothing is trained in {folder} yet; run training_{folder.name}.py --run {folder.parent}"
        " first, or name a folder of weights (--weights, in training --start-weights)."
        f" Received: no checkpoint in {folder}"
    )


def write_settings(
    folder: Path, config: TrainingConfig, samples: int, prealign: str = "off", digest: str = ""
) -> None:
    """Writes a stage's settings, or compares them with those of its checkpoint.

    Without a checkpoint, settings may be overwritten.

    Args:
        folder: The stage's folder.
        config: Settings of the stage.
        samples: Samples of an epoch of its records.
        prealign: The `prealign` mode of its records, for readers.
        digest: Digest of its records, `utils.records.shards.digest`.

    Raises:
        ChangedSettingError: The stage was started with another value of a setting.
        SettingsError: It was started with other records, or its settings are damaged.
    """
    path = folder / SETTINGS_NAME
    settings = _flatten(dataclasses.asdict(config))
    settings |= {_SAMPLES: samples, _PREALIGN: prealign, _DIGEST: digest}
    if is_trained(folder):
        started = read_settings(folder)
        _compare(folder, started, settings, may_lose_samples=config.sampling.skip_damaged)
        if settings[_STEPS] <= started[_STEPS] and settings["schedule"] != "cosine":
            return
        settings = files.read_json(path) | {name: settings[name] for name in (_STEPS, _HOLD)}
    files.write_text(path, json.dumps(settings, indent=2) + "\n")


def changes(folder: Path, config: TrainingConfig) -> dict[str, Any]:
    """Settings by flag that differ from those a stage was started with, but for its folders."""
    started = read_settings(folder)
    settings = _flatten(dataclasses.asdict(config))
    return {
        name: value
        for name, value in settings.items()
        if value != started[name] and name not in ("run", "records")
    }


def like(stage: str) -> Callable[[Config, Path], Config]:
    """For `--like RUN`: turns a preset's config of a stage into that of another run's stage.

    The records are those of the other run; so is the folder of the run, unless a flag names one.

    Raises:
        FileNotFoundError: The other run has no such stage.
        SettingsError: Its settings are damaged.
    """

    def config_of(config: Config, run: Path) -> Config:
        folder = paths.stage_dir(run, stage)
        stored = read_settings(folder)
        stored["run"], stored["save_release"] = str(run), None
        stored["records"] = stored["records"] or str(paths.records_dir(run))
        return _unflatten(config, stored, folder)

    return config_of


def _compare(
    folder: Path, started: dict[str, Any], settings: dict[str, Any], *, may_lose_samples: bool
) -> None:
    for name in sorted(settings.keys() - _NOT_COMPARED):
        same = started[name] == settings[name]
        if name == _START and started[name] and settings[name]:  # the folder by another name
            same = Path(started[name]).resolve() == Path(settings[name]).resolve()
        if not same and not (
            name in (_STEPS, _HOLD) and _may_change_steps(started, settings, folder)
        ):
            raise ChangedSettingError(folder, name, started[name], settings[name])
    if started[_DIGEST] not in ("", settings[_DIGEST]):  # older versions kept none
        raise SettingsError(
            f"{folder / SETTINGS_NAME}: the stage was started with records of digest"
            f" {started[_DIGEST]}; train with others in another run (--run)."
            f" Received: records of digest {settings[_DIGEST]}"
        )
    if started[_SAMPLES] == settings[_SAMPLES]:
        return
    change = (
        f"{folder / SETTINGS_NAME}: the records had {started[_SAMPLES]} samples an epoch when the"
        f" stage was started. Received: {settings[_SAMPLES]}"
    )
    if not may_lose_samples:
        raise SettingsError(change)
    _LOG.warning("%s. The order of samples changes from here on.", change)


def _may_change_steps(
    started: Mapping[str, Any], settings: Mapping[str, Any], folder: Path
) -> bool:
    """Whether the learning rates up to the last checkpoint stay the same with other steps."""
    for name in (_STEPS, _HOLD):
        if not isinstance(started[name], int):
            raise SettingsError(
                f"{folder / SETTINGS_NAME}: {name} must be a number. Received: {started[name]!r}"
            )
    done = checkpoints.last_step(folder / CHECKPOINTS_NAME) or 0
    return settings["schedule"] == "step" or done <= min(started[_HOLD], settings[_HOLD])


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings by flag (`network.width`), with the types that JSON keeps."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= _flatten(value, f"{prefix}{name}.")
        elif isinstance(value, tuple):
            flat[prefix + name] = list(value)
        else:
            flat[prefix + name] = str(value) if isinstance(value, Path) else value
    return flat


_DEFAULTS = _flatten(dataclasses.asdict(FusionConfig(run=Path())))
_DEFAULTS |= {_SAMPLES: 0, _PREALIGN: "off", _DIGEST: ""}


def read_settings(folder: Path) -> dict[str, Any]:
    """Settings of a stage by flag; a field that its file lacks has its default.

    Raises:
        FileNotFoundError: The folder holds no stage.
        SettingsError: The file has an unknown field.
    """
    path = folder / SETTINGS_NAME
    if not path.exists():
        raise untrained(folder)
    stored = files.read_json(path)
    for name in stored.keys() - _DEFAULTS.keys():
        raise SettingsError(
            f"{path}: unknown setting; delete it, or use the version of this code that wrote the"
            f" file. Received: {name}"
        )
    return _DEFAULTS | stored


def read_network_config(folder: Path) -> NetworkConfig:
    """Sizes of the networks of a stage; see `read_settings`."""
    return _unflatten(NetworkConfig(), read_settings(folder), folder, "network.")


def _unflatten(like: Values, stored: Mapping[str, Any], folder: Path, prefix: str = "") -> Values:
    """Settings of the same kind as `like`, with the stored values."""
    values = {}
    for field in dataclasses.fields(like):
        default, value = getattr(like, field.name), stored.get(f"{prefix}{field.name}")
        if isinstance(default, NetworkConfig | SamplingConfig):
            value = _unflatten(default, stored, folder, f"{prefix}{field.name}.")
        elif isinstance(default, tuple) and isinstance(value, list):
            value = tuple(value)
        elif field.name in _FOLDERS and isinstance(value, str):
            value = Path(value)
        elif isinstance(default, float) and type(value) is int:
            value = float(value)
        if default is not None and type(value) is not type(default):
            raise SettingsError(
                f"{folder / SETTINGS_NAME}: {prefix}{field.name} has the wrong type."
                f" Received: {value!r}"
            )
        values[field.name] = value
    try:
        return dataclasses.replace(like, **values)
    except ValueError as error:
        raise SettingsError(f"{folder / SETTINGS_NAME}: {error}") from error
