"""Checkpoints of the authors' TF 1 code: read into our networks, written from them.

The release saves each network on its own with TF 1's Saver, as `iter_XXXXXX.index` and
`iter_XXXXXX.data-00000-of-00001`. The low and the high alignment use the same names there, so the
caller must know which one a checkpoint is. Optimiser variables and anything else in the file are
ignored.
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


def _alignment_scopes(residual_blocks: int) -> dict[str, str]:
    """Our layer -> the release's scope of its convolution."""
    scopes: dict[str, str] = {}
    for encoder, scope in _ENCODERS.items():
        scopes |= {f"{encoder}{index}": f"{scope}_conv{index}" for index in (1, 2)}
    scopes["blend"] = f"{_DECODER}_conv3"
    for block in range(residual_blocks):
        scope = f"{_DECODER}_resb{block}"
        scopes |= {f"residual{block}_{index}": f"{scope}_conv{index}" for index in (1, 2)}
    scopes |= {f"decoder{index}": f"{_DECODER}_conv{index}" for index in (2, 1, 0)}
    return scopes | {"output": f"{_DECODER}_conv8"}


def _merging_scopes(dense_layers: int) -> dict[str, str]:
    scopes = {f"{frame}1": f"fusion_conv1_{frame}" for frame in FRAMES}
    scopes["blend"] = "fusion_conv2"
    for index in range(1, dense_layers + 1):
        scopes[f"dense{index}"] = f"fusion_resden1_conv{index}"
    scopes["dense_out"] = f"fusion_resden1_conv{dense_layers + 1}"
    return scopes | {"output": "fusion_conv4"}


def release_variables(network: keras.Model) -> dict[str, keras.Variable]:
    """The release's name of each weight of an alignment or merging network."""
    layers = {layer.name for layer in network.layers}
    if "source1" in layers:
        scopes = _alignment_scopes(sum(name.startswith("residual") for name in layers) // 3)
    else:
        scopes = _merging_scopes(sum(name[5:].isdecimal() for name in layers))
    variables: dict[str, keras.Variable] = {}
    for name, scope in scopes.items():
        layer = network.get_layer(name)
        variables[f"{scope}/{scope}_weights"] = layer.kernel
        variables[f"{scope}/{scope}_biases"] = layer.bias
        if layer.normalise:
            normalisation = scope.replace("_conv", "_batn")
            for leaf in ("gamma", "beta", "moving_mean", "moving_variance"):
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
    except (tf.errors.OpError, LookupError, RuntimeError, ValueError) as error:
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
        # The index comes last: without it the checkpoint does not exist.
        for ending in (".data-00000-of-00001", ".index"):
            tf.io.gfile.rename(f"{start}{ending}", f"{prefix}{ending}", overwrite=True)
        quoted = json.dumps(name, ensure_ascii=False)
        state = f"model_checkpoint_path: {quoted}\nall_model_checkpoint_paths: {quoted}\n"
        with tf.io.gfile.GFile(posixpath.join(folder, "checkpoint"), "w") as file:
            file.write(state)
    except tf.errors.OpError as error:
        with contextlib.suppress(tf.errors.OpError):
            for left in tf.io.gfile.listdir(folder or "."):
                if left.startswith(aside):
                    tf.io.gfile.remove(posixpath.join(folder, left))
        raise OSError(
            f"Cannot write a TF 1 checkpoint; name another place or make room."
            f" Received: {prefix}, {_reason(error)}"
        ) from error


def _reason(error: Exception) -> str:
    """The first line of an error's message, without TensorFlow's names of operations."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"\{\{.*?\}\} | \[Op:\w+\]", "", line)


def save_all(networks: Mapping[str, keras.Model], prefix: str | None) -> None:
    """Writes each network to `PREFIX_NAME`; without a prefix does nothing."""
    for name, network in networks.items():
        if prefix and network.weights:  # a side without alignment has none
            save(network, f"{prefix}_{name}")
