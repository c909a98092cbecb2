"""Builds, initialises, restores and loads networks."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tqdm

from configs import paths
from configs.settings import NetworkConfig, Precision, TrainingConfig, WeightsConfig
from models import esbn, release_checkpoint
from models.fast.layers import Arithmetic
from models.frames import HIGH, LOW, MERGING, NETWORKS
from models.weight_values import fault
from utils import files, hardware
from utils.runs import checkpoints, weights
from utils.runs.settings import (
    CHECKPOINTS_NAME,
    SETTINGS_NAME,
    is_trained,
    read_network_config,
    read_settings,
    untrained,
)
from utils.runs.weights_file import WeightsError

AVERAGE = "average_"
"""Before a network's name in a checkpoint: the running average of its weights."""


def build_networks(config: TrainingConfig) -> dict[str, keras.Model]:
    """The networks of a training stage by name, with their initial weights.

    Raises:
        WeightsError: `start_weights` is missing, damaged or of networks of another size.
    """
    networks = _build(
        config.network, config.precision, config.arithmetic, aligned=config.has_alignments
    )
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
        raise untrained(folder)
    return latest


def restore(parts: Mapping[str, keras.Model], folder: Path) -> None:
    """Reads some of a stage's networks, by name, from its newest checkpoint.

    If the stage keeps a running average of its weights, the average is read.

    Raises:
        FileNotFoundError: The stage has no checkpoint yet.
        CheckpointError: All are damaged.
        WeightsError: A value is not finite, or a variance not positive.
    """
    latest = latest_checkpoint(folder)
    averaged = read_settings(folder)["ema"]
    names = {f"{AVERAGE}{name}" if averaged else name: part for name, part in parts.items()}
    checkpoints.restore(tf.train.Checkpoint(**names), latest)
    for name, part in parts.items():
        for variable in part.variables:
            wrong = fault(variable.name, np.asarray(variable))
            if wrong:
                raise WeightsError(f"{latest}: {name}/{variable.path} {wrong}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Origin:
    """The files that each network is loaded from."""

    released: dict[str, str]
    """Network to the prefix of an authors' checkpoint."""
    folder: Path | None
    """Folder of weights for the other networks; None if they are loaded from a run."""
    stages: dict[str, Path]
    """Network to the stage's folder in the run, for networks loaded from a run."""


def _origin(config: WeightsConfig) -> _Origin:
    prefixes = {
        LOW: config.release_low,
        HIGH: config.release_high,
        MERGING: config.release_merging,
    }
    released = {name: prefix for name, prefix in prefixes.items() if prefix}
    folder, stages = config.weights, {}
    if len(released) == len(NETWORKS):
        folder = None
    elif folder is None and config.run is None:
        # The authors' networks have 64 channels, and all three must have the same.
        folder = paths.WEIGHTS_DIR / ("esbn-64" if released else "esbn-24")
    elif folder is None and config.run is not None:
        fusion = paths.stage_dir(config.run, paths.FUSION)
        stages = {side: paths.stage_dir(config.run, name) for side, name in paths.ALIGNMENT.items()}
        if is_trained(fusion):
            stages = dict.fromkeys(NETWORKS, fusion)
    stages = {name: stage for name, stage in stages.items() if name not in released}
    return _Origin(released=released, folder=folder, stages=stages)


def load_networks(config: WeightsConfig, *, merging: bool = True) -> dict[str, keras.Model]:
    """Loads the networks to reconstruct with, by name, and prints which weights are used.

    A network with an authors' checkpoint in the settings is loaded from it. The others are loaded
    from the folder of weights in the settings; without one, from the run: all three from the fusion
    stage, or, before it has a checkpoint, the alignment networks from their own stages; without a
    run, from the weights of this code.

    Args:
        config: Run or weights, precision and arithmetic.
        merging: Whether the merging network must be trained; otherwise it may be left out.

    Raises:
        ValueError: The merging network is not trained yet.
        FileNotFoundError: The run or an authors' checkpoint has no weights; the message names it.
        WeightsError: The folder of weights is missing or damaged.
    """
    origin = _origin(config)
    used = list(dict.fromkeys(origin.stages.values()))
    for stage in used:
        if not is_trained(stage):
            raise untrained(stage)
    loaded = NETWORKS if origin.folder else {*origin.released, *origin.stages}
    if merging and MERGING not in loaded:
        raise ValueError(
            "The merging network is not trained yet; run training_fusion.py first, or name a folder"
            f" of weights (--weights). Received: {weights_in_words(config)}"
        )
    tqdm.tqdm.write(f"Weights: {weights_in_words(config)}")
    size, aligned = NetworkConfig(), True
    if origin.folder:
        size = weights.read_size(origin.folder)
    elif used:
        size = read_network_config(used[0])
        aligned = read_settings(used[0]).get("alignment") != "none"
    built = _build(size, config.precision, config.arithmetic, aligned=aligned)
    rest = [name for name in NETWORKS if name not in origin.released]
    if origin.folder:
        weights.load({name: built[name] for name in rest}, origin.folder)
    for stage in used:
        restore({name: built[name] for name in rest if origin.stages.get(name) == stage}, stage)
    for name, prefix in origin.released.items():
        release_checkpoint.load(built[name], prefix)
    return {name: network for name, network in built.items() if name in loaded}


def weights_in_words(config: WeightsConfig) -> str:
    """The weights that `load_networks` uses, as text."""
    origin = _origin(config)
    words = [f"{name} of the authors' {prefix}" for name, prefix in origin.released.items()]
    if origin.folder:
        shipped = origin.folder.absolute().parent == paths.WEIGHTS_DIR
        words.append(f"{origin.folder.name} of this code" if shipped else str(origin.folder))
    words += [str(stage) for stage in dict.fromkeys(origin.stages.values())]
    return ", ".join(words)


def weights_caution(config: WeightsConfig) -> str:
    """Known weaknesses of the weights that `load_networks` uses, as text."""
    folder = _origin(config).folder
    if folder and folder.absolute().parent == paths.WEIGHTS_DIR:
        return (
            "Best are steps of 1 to 3 stops. Where the reference is white and something in the"
            " darker photograph has moved, the result is a guess: look there before you print."
        )
    return (
        f"The weights are not those of this code: {weights_in_words(config)}. If colours look"
        " wrong, compare with a result of weights/esbn-24."
    )


def weights_files(config: WeightsConfig) -> list[Path]:
    """The files that `load_networks` reads, sorted."""
    origin = _origin(config)
    prefixes = [*origin.released.values(), *map(latest_checkpoint, origin.stages.values())]
    found = {path for x in prefixes for path in Path(x).parent.glob(f"{Path(x).name}.*")}
    if origin.folder:
        rest = [name for name in NETWORKS if name not in origin.released]
        found |= {weights.file_of(origin.folder, name) for name in rest}
    return sorted(found)


def prealign_in_words(config: WeightsConfig) -> str:
    """The `prealign` mode that the weights name; `off` if they name none."""
    origin = _origin(config)
    notes = [stage / SETTINGS_NAME for stage in origin.stages.values()]
    if origin.folder:
        notes = [origin.folder / weights.CONFIG_NAME]
    if not notes or not notes[0].is_file():
        return "off"
    return str(files.read_json(notes[0]).get("prealign", "off"))


def _build(
    size: NetworkConfig, precision: Precision, arithmetic: Arithmetic, *, aligned: bool
) -> dict[str, keras.Model]:
    hardware.warn_of_unused_gpu()
    hardware.keep_freed_memory()
    return esbn.networks(
        **dataclasses.asdict(size),
        aligned=aligned,
        dtype=hardware.keras_policy(precision),
        arithmetic=arithmetic,
    )
