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
from safetensors.numpy import save as to_bytes

from configs.settings import NetworkConfig, PrealignmentName
from models.frames import LOW, MERGING
from utils import files
from utils.runs.weights_file import WeightsError, read_header, read_tensors, shown

SUMS_NAME = "SHA256SUMS"

_SUFFIX = ".safetensors"
_MOST_SUMS = 2**16  # bytes of the checksums, which are a line for each network
_PREALIGN = "prealign"
_FIRST_KERNEL = "source1/kernel"


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
        WeightsError: The folder is not there, a file is damaged, or it does not hold the weights of
            networks of one size.
    """
    names = _check(folder)
    shapes = {}
    for name in (LOW, MERGING):
        shapes |= read_header(_named(folder, name, names)).shapes
    shape = shapes.get(_FIRST_KERNEL)
    if not shape:
        received = "no such tensor" if shape is None else f"the shape {shape}"
        raise WeightsError(
            f"{folder} must hold weights of ESBN with {_FIRST_KERNEL}. Received: {received}"
        )
    try:
        return NetworkConfig(
            width=shape[-1],
            residual_blocks=sum(_is_numbered(key, "residual", "_1/kernel") for key in shapes),
            dense_layers=sum(_is_numbered(key, "dense", "/kernel") for key in shapes),
        )
    except ValueError as error:
        raise WeightsError(f"{folder} must hold weights of ESBN: {error}") from error


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
        path = _named(folder, name, names)
        variables = _variables(network)
        expected = {key: tuple(variable.shape) for key, variable in variables.items()}
        for key, values in read_tensors(path, expected).items():
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


def _is_numbered(key: str, start: str, end: str) -> bool:
    return key.startswith(start) and key.removeprefix(start).removesuffix(end).isdecimal()


def _check(folder: Path) -> list[str]:
    """Compares the checksums; gives the names of the networks."""
    path = folder / SUMS_NAME
    if not path.is_file():
        raise WeightsError(f"A folder of weights holds {SUMS_NAME}. Received: {folder}")
    size = path.stat().st_size
    if not 0 < size <= _MOST_SUMS:
        raise WeightsError(f"{path} must name files. Received: a file of {size} bytes")
    names = []
    for line in path.read_text("utf-8", "replace").splitlines():
        expected, _, name = line.partition("  ")
        file = folder / name
        if file.suffix != _SUFFIX or file.name != name or file.stem in names:
            raise WeightsError(
                f"{path} must name each file of weights in this folder once."
                f" Received: {shown(line)!r}"
            )
        received = files.sha256(file) if file.is_file() else "no such file"
        if received != expected:
            raise WeightsError(
                f"{file} is not what {SUMS_NAME} says, {shown(expected)}: fetch it again."
                f" Received: {received}"
            )
        names.append(file.stem)
    return names


def _named(folder: Path, name: str, names: list[str]) -> Path:
    """File of a network, which must be among those of the checksums."""
    path = file_of(folder, name)
    if name not in names:
        raise WeightsError(f"{folder} must hold {path.name}. Received: {', '.join(names)}")
    return path


def _metadata(prealign: PrealignmentName) -> dict[str, str] | None:
    """Metadata of a file beside its tensors; none if the frames were the camera's."""
    return None if prealign == "off" else {_PREALIGN: prealign}


def _read_mode(path: Path) -> PrealignmentName:
    said = read_header(path).metadata.get(_PREALIGN, "off")
    for mode in get_args(PrealignmentName):
        if mode == said:
            return mode
    raise WeightsError(f"{path}: {_PREALIGN} must be auto, on or off. Received: {shown(said)}")
