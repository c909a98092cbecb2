"""Weights to pass on: one float16 safetensors file for each network, with checksums beside them.

    WEIGHTS/low.safetensors, high.safetensors, merging.safetensors
    WEIGHTS/SHA256SUMS            checked before anything is read, as `sha256sum -c` would

A tensor is named `<layer>/<variable>`, as `source1/kernel`. The sizes of the networks follow from
the shapes, so that they can be built from the files alone. No pickle is involved. If the networks
were trained on frames whose camera motion was taken out, the metadata says how: `prealign` is
`auto` or `on`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import keras
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save as to_bytes

from configs.settings import NetworkConfig, PrealignmentName
from utils import files

SUMS_NAME = "SHA256SUMS"

_SUFFIX = ".safetensors"
_PREALIGN = "prealign"


class WeightsError(ValueError):
    """Weights are missing, damaged or of other networks; the message names file and value."""


def save(
    networks: Mapping[str, keras.Model], folder: Path, prealign: PrealignmentName = "off"
) -> None:
    """Writes networks as float16; the folder appears when it is complete.

    Args:
        networks: `low`, `high` and `merging`.
        folder: Where to; it must not exist.
        prealign: How the camera's motion was taken out of what they were trained on.

    Raises:
        FileExistsError: The folder exists.
        WeightsError: A weight is not finite in float16.
    """
    with files.complete_folder(folder) as partial:
        sums = []
        for name, network in networks.items():
            path = file_of(partial, name)
            files.write_bytes(path, to_bytes(_to_float16(network), _metadata(prealign)))
            sums.append(f"{files.sha256(path)}  {path.name}\n")
        files.write_text(partial / SUMS_NAME, "".join(sums))


def file_of(folder: Path, name: str) -> Path:
    """File of one network in a folder of weights."""
    return folder / f"{name}{_SUFFIX}"


def read_size(folder: Path) -> NetworkConfig:
    """Size of the networks that a folder holds, from the shapes of their weights.

    Raises:
        WeightsError: The folder is not there, or a file is damaged.
    """
    _check(folder)
    shapes = {}
    for name in ("low", "merging"):
        shapes |= {key: tensor.shape for key, tensor in _read(file_of(folder, name)).items()}
    try:
        return NetworkConfig(
            width=shapes["source1/kernel"][-1],
            residual_blocks=sum(_is_numbered(key, "residual", "_1/kernel") for key in shapes),
            dense_layers=sum(_is_numbered(key, "dense", "/kernel") for key in shapes),
        )
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{folder} must hold weights of ESBN. Received: {error}") from error


def read_prealignment(folder: Path) -> PrealignmentName:
    """How the camera's motion was taken out of what the networks of a folder were trained on.

    Raises:
        WeightsError: The folder is not there, a file is damaged, or its files do not agree.
    """
    modes: dict[str, PrealignmentName] = {
        name: _read_mode(file_of(folder, name)) for name in _check(folder)
    }
    first, mode = next(iter(modes.items()))
    for name, other in modes.items():
        if other != mode:
            raise WeightsError(
                f"{folder} must hold networks trained on one kind of frames. Received:"
                f" {first} with --prealign {mode}, {name} with --prealign {other}"
            )
    return mode


def load(networks: Mapping[str, keras.Model], folder: Path) -> None:
    """Reads weights into networks, by name; files of other networks are left alone.

    Raises:
        WeightsError: The folder is not there, a file is damaged, or it does not fit the network.
    """
    names = _check(folder)
    for name, network in networks.items():
        path = file_of(folder, name)
        if name not in names:
            raise WeightsError(f"{folder} must hold {path.name}. Received: {', '.join(names)}")
        tensors = _read(path)
        variables = _variables(network)
        for key in sorted(tensors.keys() ^ variables.keys()):
            where = "is missing" if key in variables else "is of another network"
            raise WeightsError(f"{path}: {key} {where}. Received: {len(tensors)} tensors")
        for key, variable in variables.items():
            if tensors[key].shape != tuple(variable.shape):
                raise WeightsError(
                    f"{path}: {key} must have the shape {tuple(variable.shape)}."
                    f" Received: {tensors[key].shape}"
                )
            variable.assign(tensors[key].astype(np.float32))


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


def _is_numbered(key: str, start: str, end: str) -> bool:
    return key.startswith(start) and key.removeprefix(start).removesuffix(end).isdecimal()


def _check(folder: Path) -> list[str]:
    """Compares the checksums; gives the names of the networks."""
    path = folder / SUMS_NAME
    if not path.is_file():
        raise WeightsError(f"A folder of weights holds {SUMS_NAME}. Received: {folder}")
    names = []
    for line in path.read_text().splitlines():
        expected, _, name = line.partition("  ")
        file = folder / name
        received = files.sha256(file) if file.is_file() else "no such file"
        if received != expected or file.suffix != _SUFFIX:
            raise WeightsError(
                f"{file} is not what {SUMS_NAME} says, {expected}: fetch it again."
                f" Received: {received}"
            )
        names.append(file.stem)
    if not names:
        raise WeightsError(f"{path} must name files. Received: an empty file")
    return names


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with safe_open(path, "numpy") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 -- no dict
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} must be a safetensors file. Received: {error}") from error


def _metadata(prealign: PrealignmentName) -> dict[str, str] | None:
    """Metadata of a file beside its tensors; none if the frames were the camera's."""
    return None if prealign == "off" else {_PREALIGN: prealign}


def _read_mode(path: Path) -> PrealignmentName:
    try:
        with safe_open(path, "numpy") as file:
            mode = (file.metadata() or {}).get(_PREALIGN, "off")
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path} must be a safetensors file. Received: {error}") from error
    if mode not in get_args(PrealignmentName):
        raise WeightsError(f"{path}: {_PREALIGN} must be auto, on or off. Received: {mode!r}")
    return mode
