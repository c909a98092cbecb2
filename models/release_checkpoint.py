"""Checkpoints of the authors' TF 1 code: read into our networks, written from them.

The release saves each network on its own with TF 1's Saver (`iter_XXXXXX.index`, `.data-..`). The
low and the high alignment use the same names there, so the caller must know which one a checkpoint
is. Optimiser variables and anything else in the file are ignored.
"""

import contextlib
import json
import posixpath
import re
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from models.frames import FRAMES
from models.weight_values import fault

_ENCODERS = {"source": "Align_Encoder_low", "reference": "Align_Encoder_midforlow"}
_DECODER = "Align_Decoder_low"
_ENDINGS = (".data-00000-of-00001", ".index")
"""Of a checkpoint's files, in the order of writing: without an index it does not exist."""
_STATISTICS = ("gamma", "beta", "moving_mean", "moving_variance")
_READ_ERRORS = (tf.errors.OpError, LookupError, RuntimeError, ValueError)
"""Raised by TensorFlow's reader."""


def _alignment_scopes(residual_blocks: int) -> dict[str, tuple[str, str | None]]:
    """Our layer -> the release's scopes of its convolution and of its normalisation."""
    scopes: dict[str, tuple[str, str | None]] = {}
    for encoder, scope in _ENCODERS.items():
        scopes[f"{encoder}1"] = (f"{scope}_conv1", None)
        scopes[f"{encoder}2"] = (f"{scope}_conv2", f"{scope}_batn2")
    scopes["blend"] = (f"{_DECODER}_conv3", f"{_DECODER}_batn3")
    for block in range(residual_blocks):
        for index in (1, 2):
            scope = f"{_DECODER}_resb{block}"
            scopes[f"residual{block}_{index}"] = (f"{scope}_conv{index}", f"{scope}_batn{index}")
    for index in (2, 1, 0):
        scopes[f"decoder{index}"] = (f"{_DECODER}_conv{index}", f"{_DECODER}_batn{index}")
    scopes["output"] = (f"{_DECODER}_conv8", None)
    return scopes


def _merging_scopes(dense_layers: int) -> dict[str, tuple[str, str | None]]:
    scopes = {f"{frame}1": f"fusion_conv1_{frame}" for frame in FRAMES}
    scopes["blend"] = "fusion_conv2"
    for index in range(1, dense_layers + 1):
        scopes[f"dense{index}"] = f"fusion_resden1_conv{index}"
    scopes["dense_out"] = f"fusion_resden1_conv{dense_layers + 1}"
    scopes["output"] = "fusion_conv4"
    return {layer: (scope, None) for layer, scope in scopes.items()}


def release_variables(network: keras.Model) -> dict[str, keras.Variable]:
    """The release's name of each weight of an alignment or merging network."""
    layers = {layer.name for layer in network.layers}
    if "source1" in layers:
        scopes = _alignment_scopes(sum(name.startswith("residual") for name in layers) // 3)
    else:
        scopes = _merging_scopes(sum(name[5:].isdecimal() for name in layers))
    variables: dict[str, keras.Variable] = {}
    for name, (convolution, normalisation) in scopes.items():
        layer = network.get_layer(name)
        variables[f"{convolution}/{convolution}_weights"] = layer.kernel
        variables[f"{convolution}/{convolution}_biases"] = layer.bias
        if normalisation is not None:
            for leaf in _STATISTICS:
                variables[f"{normalisation}/{leaf}"] = getattr(layer, leaf)
    return variables


def load(network: keras.Model, prefix: str | Path) -> keras.Model:
    """Reads an authors' checkpoint into a network.

    Args:
        network: Alignment or merging network; its weights are replaced.
        prefix: Checkpoint without ending, `.../iter_300000`.

    Returns:
        The network.

    Raises:
        FileNotFoundError: There is no such checkpoint.
        ValueError: The file is damaged, or a variable is missing, of another shape or not finite;
            the message names it. The network is unchanged then.
    """
    prefix = str(prefix)
    variables = release_variables(network)
    try:
        if not tf.io.gfile.exists(f"{prefix}.index"):
            raise FileNotFoundError(f"No TF 1 checkpoint of this prefix. Received: {prefix}")
        reader = tf.train.load_checkpoint(prefix)
        values = {name: reader.get_tensor(name) for name in variables}
    except _READ_ERRORS as error:
        raise ValueError(
            f"{prefix} must be an undamaged TF 1 checkpoint of such a network."
            f" Received: {_reason(error)}"
        ) from error
    for name, value in values.items():
        shape = tuple(variables[name].shape)
        if value.dtype != np.float32 or value.shape != shape:
            raise ValueError(
                f"{prefix}: {name} must have shape {shape}, in float32."
                f" Received: {value.shape}, {value.dtype}"
            )
        wrong = fault(name.rpartition("/")[2], value)
        if wrong:
            raise ValueError(f"{prefix}: {name} {wrong}")
    for name, value in values.items():
        variables[name].assign(value)
    return network


def save(network: keras.Model, prefix: str | Path) -> None:
    """Writes a network as a checkpoint that the authors' TF 1 code restores.

    Args:
        network: Alignment (either side) or merging network.
        prefix: Checkpoint without ending; its folder is made if it is missing.

    Raises:
        OSError: It cannot be written; an earlier one stays.
    """
    folder, name = posixpath.split(str(prefix))
    aside = f".{name}.partial"
    start = posixpath.join(folder, aside)
    variables = release_variables(network)
    try:
        tf.io.gfile.makedirs(folder or ".")
        tf.raw_ops.SaveV2(
            prefix=start,
            tensor_names=list(variables),
            shape_and_slices=[""] * len(variables),
            tensors=[variable.value for variable in variables.values()],
        )
        for ending in _ENDINGS:
            tf.io.gfile.rename(f"{start}{ending}", f"{prefix}{ending}", overwrite=True)
        quoted = json.dumps(name, ensure_ascii=False)
        state = f"model_checkpoint_path: {quoted}\nall_model_checkpoint_paths: {quoted}\n"
        with tf.io.gfile.GFile(posixpath.join(folder, "checkpoint"), "w") as file:
            file.write(state)
    except tf.errors.OpError as error:
        _remove(folder, aside)
        raise OSError(
            f"Cannot write a TF 1 checkpoint; name another place or make room."
            f" Received: {prefix}, {_reason(error)}"
        ) from error


def _remove(folder: str, start: str) -> None:
    """Removes the files of a folder whose names start with `start`."""
    with contextlib.suppress(tf.errors.OpError):
        for name in tf.io.gfile.listdir(folder or "."):
            if name.startswith(start):
                tf.io.gfile.remove(posixpath.join(folder, name))


def _reason(error: Exception) -> str:
    """The first line of an error's message, without TensorFlow's names of operations."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"\{\{.*?\}\} | \[Op:\w+\]", "", line)


def save_all(networks: Mapping[str, keras.Model], prefix: str | None) -> None:
    """Writes each network to `PREFIX_NAME`; without a prefix does nothing."""
    if prefix:
        for name, network in networks.items():
            save(network, f"{prefix}_{name}")
