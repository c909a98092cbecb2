"""Weights to share: a folder that model hubs accept unchanged.

    README.md                                                 model card
    config.json                                               sizes, ranges and the `prealign` mode
    low.safetensors, high.safetensors, merging.safetensors    float16
    SHA256SUMS                                                checked before anything is read

A tensor is named `<layer>/<variable>`, as `source1/kernel`. The sizes of the networks follow from
the shapes; README.md is not read back, and of config.json only `prealign`.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np
from safetensors.numpy import save as to_bytes

from configs.settings import NetworkConfig
from models.frames import LOW, MERGING
from utils import files
from utils.runs.weights_file import Shapes, WeightsError, read_shapes, read_tensors, shown

SUMS_NAME = "SHA256SUMS"
CONFIG_NAME = "config.json"
CARD_NAME = "README.md"

_SUFFIX = ".safetensors"
_MOST_SUMS = 2**16  # bytes
_FIRST_KERNEL = "source1/kernel"
_CARD = """---
library_name: esbn-tf
pipeline_tag: image-to-image
tags:
- hdr
---
# Weights of ESBN with {width} channels

Three networks that merge a bracket of three exposures of a moving scene into one HDR image:

    python reconstruction_fusion.py --weights THIS_FOLDER --scenes FOLDER

`config.json` has the sizes and says with which `prealign` mode they were trained.
`sha256sum -c SHA256SUMS` checks the files.
"""


def save(networks: Mapping[str, keras.Model], folder: Path, prealign: str = "off") -> None:
    """Writes networks as float16; the folder appears when it is complete.

    Args:
        networks: `low`, `high` and `merging`.
        folder: Where to; it must not exist.
        prealign: The mode the networks were trained with, for readers.

    Raises:
        FileExistsError: The folder exists.
        WeightsError: A weight is not finite in float16, or there are no alignment networks.
    """
    tensors = {name: _to_float16(network) for name, network in networks.items()}
    shapes = {key: value.shape for name in (LOW, MERGING) for key, value in tensors[name].items()}
    config = describe(_size(folder, shapes), prealign)
    with files.complete_folder(folder) as partial:
        for name, values in tensors.items():
            files.write_bytes(file_of(partial, name), to_bytes(values, {"prealign": prealign}))
        files.write_text(partial / CONFIG_NAME, json.dumps(config, indent=2) + "\n")
        files.write_text(partial / CARD_NAME, _CARD.format(**config))
        lines = [f"{files.sha256(path)}  {path.name}\n" for path in sorted(partial.iterdir())]
        files.write_text(partial / SUMS_NAME, "".join(lines))


def describe(size: NetworkConfig, prealign: str) -> dict[str, object]:
    """Content of `config.json`."""
    return {
        "model_type": "esbn",
        "width": size.width,
        "residual_blocks": size.residual_blocks,
        "dense_layers": size.dense_layers,
        "gamma": 2.2,
        "ldr_range": [0, 1],
        "radiance_range": [0, 1],
        "network_range": [-1, 1],
        "prealign": prealign,
        "version": 1,
    }


def file_of(folder: Path, name: str) -> Path:
    """File of one network in a folder of weights."""
    return folder / f"{name}{_SUFFIX}"


def read_size(folder: Path) -> NetworkConfig:
    """Size of the networks in a folder, from the shapes of their weights.

    Raises:
        WeightsError: The folder or a file is missing or damaged, or they are other weights.
    """
    listed = _check(folder)
    shapes = {}
    for name in (LOW, MERGING):
        shapes |= read_shapes(_named(folder, name, listed))
    return _size(folder, shapes)


def load(networks: Mapping[str, keras.Model], folder: Path) -> None:
    """Reads weights into networks, by name; files of other networks are ignored.

    Raises:
        WeightsError: The folder or a file is missing or damaged, or does not fit the network.
    """
    listed = _check(folder)
    for name, network in networks.items():
        variables = _variables(network)
        expected = {key: tuple(variable.shape) for key, variable in variables.items()}
        for key, values in read_tensors(_named(folder, name, listed), expected).items():
            variables[key].assign(values.astype(np.float32))


def _variables(network: keras.Model) -> dict[str, keras.Variable]:
    return {f"{layer.name}/{v.name}": v for layer in network.layers for v in layer.variables}


def _to_float16(network: keras.Model) -> dict[str, np.ndarray]:
    tensors = {}
    for key, variable in _variables(network).items():
        value = keras.ops.convert_to_numpy(variable)
        with np.errstate(over="ignore"):
            tensors[key] = value.astype(np.float16)
        if not np.isfinite(tensors[key]).all():
            largest = np.abs(value).max()
            raise WeightsError(f"{network.name}/{key} must fit float16. Received: {largest}")
    return tensors


def _size(folder: Path, shapes: Shapes) -> NetworkConfig:
    """Size of the networks that have these shapes."""
    shape = shapes.get(_FIRST_KERNEL)
    if not shape:
        raise WeightsError(
            f"{folder} must hold weights of ESBN with {_FIRST_KERNEL}. Received: shape {shape}"
        )
    try:
        return NetworkConfig(
            width=shape[-1],
            residual_blocks=_count(shapes, "residual", "_1/kernel"),
            dense_layers=_count(shapes, "dense", "/kernel") - 1,  # the last is the 1x1 convolution
        )
    except ValueError as error:
        raise WeightsError(f"{folder} must hold weights of ESBN: {error}") from error


def _count(shapes: Shapes, start: str, end: str) -> int:
    return sum(key.startswith(start) and key.endswith(end) for key in shapes)


def _check(folder: Path) -> set[str]:
    """Compares the checksums of all files that SHA256SUMS lists; returns their names."""
    path = folder / SUMS_NAME
    if not path.is_file():
        raise WeightsError(
            f"A folder of weights holds {SUMS_NAME}; weights/esbn-24 and weights/esbn-64 come with"
            f" this code. Received: {folder}"
        )
    size = path.stat().st_size
    if not 0 < size <= _MOST_SUMS:
        raise WeightsError(f"{path} must list files. Received: a file of {size} bytes")
    listed = set()
    for line in path.read_text("utf-8", "replace").splitlines():
        expected, _, name = line.partition("  ")
        file = folder / name
        if file.name != name or name in listed:
            raise WeightsError(
                f"{path} must list each file of this folder once. Received: {shown(line)!r}"
            )
        received = files.sha256(file) if file.is_file() else "no such file"
        if received != expected:
            raise WeightsError(
                f"{file} does not match {SUMS_NAME}, {shown(expected)}: download it again."
                f" Received: {received}"
            )
        listed.add(name)
    return listed


def _named(folder: Path, name: str, listed: set[str]) -> Path:
    """File of a network, which SHA256SUMS must list."""
    path = file_of(folder, name)
    if path.name not in listed:
        received = ", ".join(sorted(listed))
        raise WeightsError(f"{folder} must hold {path.name}. Received: {shown(received)}")
    return path
