"""Builds the networks of a run, starts, restores and loads them."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from configs import paths
from configs.settings import (
    NetworkConfig,
    PrealignmentName,
    Precision,
    TrainingConfig,
    WeightsConfig,
)
from models import esbn, release_checkpoint
from models.fast.layers import Arithmetic
from models.frames import HIGH, LOW, MERGING, NETWORKS
from models.weight_values import fault
from utils.hardware import keras_policy, warn_of_unused_gpu
from utils.runs import checkpoints, provenance, weights
from utils.runs.settings import (
    CHECKPOINTS_NAME,
    SettingsError,
    had_alignments,
    is_trained,
    read_network_config,
    read_prealignment,
    read_settings,
    untrained,
)
from utils.runs.weights_file import WeightsError

AVERAGE = "average_"
"""Before a network's name in a checkpoint: the running average of its weights."""


def build_networks(config: TrainingConfig) -> dict[str, keras.Model]:
    """The networks of a stage's settings, by name, with weights to start from.

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

    If the stage keeps a running average of its weights, that is read.

    Raises:
        FileNotFoundError: The stage has no checkpoint yet.
        CheckpointError: All are damaged.
        WeightsError: A value is none to compute with; the message names it.
    """
    latest = latest_checkpoint(folder)
    averaged = read_settings(folder).get("ema")
    names = {f"{AVERAGE}{name}" if averaged else name: part for name, part in parts.items()}
    checkpoints.restore(tf.train.Checkpoint(**names), latest)
    for name, part in parts.items():
        for variable in part.variables:
            wrong = fault(variable.name, np.asarray(variable))
            if wrong:
                raise WeightsError(f"{latest}: {name}/{variable.path} {wrong}")


def load_networks(config: WeightsConfig) -> dict[str, keras.Model]:
    """The networks to reconstruct with, by name.

    Those with an authors' checkpoint in the settings come from it. The others come from the folder
    of weights, if the settings name one or nothing is trained in a preset's own run, or from the
    run: all from the fusion stage once it has a checkpoint; until then the alignment networks come
    from their own stages and there is no `merging`.

    Args:
        config: Names the run and the authors' checkpoints.

    Raises:
        FileNotFoundError: The run or an authors' checkpoint has no weights; it is named.
        WeightsError: The folder of weights is missing or damaged.
    """
    released = _released(config)
    wanted, folder, stages = _origin(config)
    size, aligned = NetworkConfig(), True
    if folder:
        provenance.say_folder(folder)
        size = weights.read_size(folder)
    elif stages:
        used = list(dict.fromkeys(stages[name] for name in wanted if name in stages))
        for stage in used:
            if not is_trained(stage):
                raise untrained(stage)
        size, aligned = read_network_config(used[0]), had_alignments(used[0])
        provenance.say_stages(used)
    built = _build(size, config.precision, config.arithmetic, aligned=aligned)
    if folder:
        weights.load({name: built[name] for name in wanted}, folder)
    for stage in dict.fromkeys(stages[name] for name in wanted if name in stages):
        restore({name: built[name] for name in wanted if stages.get(name) == stage}, stage)
    for name, prefix in released.items():
        if prefix:
            release_checkpoint.load(built[name], prefix)
    return {name: net for name, net in built.items() if folder or name in stages or released[name]}


def weights_in_words(config: WeightsConfig) -> str:
    """Where `load_networks` takes the networks from, for a reader."""
    wanted, folder, stages = _origin(config)
    released = _released(config).items()
    words = [f"{name} of the authors' {prefix}" for name, prefix in released if prefix]
    if folder:
        words.append(provenance.in_words(folder))
    words += [str(stage) for stage in dict.fromkeys(stages[n] for n in wanted if n in stages)]
    return ", ".join(words)


def weights_files(config: WeightsConfig) -> list[Path]:
    """Files that `load_networks` takes the networks from, sorted."""
    wanted, folder, stages = _origin(config)
    found = [prefix for prefix in _released(config).values() if prefix]
    found += [latest_checkpoint(stages[name]) for name in wanted if name in stages]
    named = {path for prefix in found for path in Path(prefix).parent.glob(f"{Path(prefix).name}*")}
    if folder:
        named |= {weights.file_of(folder, name) for name in wanted}
    return sorted(named)


def _build(
    size: NetworkConfig, precision: Precision, arithmetic: Arithmetic, *, aligned: bool
) -> dict[str, keras.Model]:
    warn_of_unused_gpu()
    return esbn.networks(
        **dataclasses.asdict(size),
        aligned=aligned,
        dtype=keras_policy(precision),
        arithmetic=arithmetic,
    )


def _weights_folder(config: WeightsConfig) -> Path | None:
    """The folder of safetensors to use instead of the run's stages, if any."""
    if config.weights is not None:
        return config.weights
    stages = (paths.FUSION, *paths.ALIGNMENT.values())
    trained = any(is_trained(paths.stage_dir(config.run, stage)) for stage in stages)
    return None if trained else paths.SHIPPED_WEIGHTS.get(config.run)


def _stages(run: Path) -> dict[str, Path]:
    """The folder that holds each network's newest weights."""
    fusion = paths.stage_dir(run, paths.FUSION)
    if is_trained(fusion):
        return dict.fromkeys(NETWORKS, fusion)
    return {side: paths.stage_dir(run, stage) for side, stage in paths.ALIGNMENT.items()}


def trained_prealignment(config: WeightsConfig) -> PrealignmentName:
    """How the camera's motion was taken out of what `load_networks` gives was trained on.

    Authors' checkpoints were trained with it in.

    Raises:
        FileNotFoundError: The run has no weights; it is named.
        SettingsError: The run's alignments were trained on two kinds of frames.
        WeightsError: The folder of weights is missing or damaged.
    """
    wanted, folder, stages = _origin(config)
    if folder:
        return weights.read_prealignment(folder)
    used = dict.fromkeys(stages[name] for name in wanted if name in stages)
    modes: dict[str, PrealignmentName] = {stage.name: read_prealignment(stage) for stage in used}
    if len(set(modes.values())) > 1:
        raise SettingsError(
            f"{config.run}: the alignments were trained on two kinds of frames; say with"
            f" --prealign which to use. Received: {modes}"
        )
    for mode in modes.values():
        return mode
    return "off"


def _released(config: WeightsConfig) -> dict[str, str | None]:
    """Prefix of each network's authors' checkpoint; None if it does not come from one."""
    return {
        LOW: config.release_low,
        HIGH: config.release_high,
        MERGING: config.release_merging,
    }


def _origin(config: WeightsConfig) -> tuple[list[str], Path | None, dict[str, Path]]:
    """Names of what is no authors' network, and its folder of weights or else its stages."""
    wanted = [name for name, prefix in _released(config).items() if not prefix]
    folder = _weights_folder(config) if wanted else None
    return wanted, folder, {} if folder or not wanted else _stages(config.run)
