"""Reads a safetensors file of weights from any source.

The library compares its header with the file's length; dtypes, shapes and values are checked here.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open

from models.weight_values import fault
from utils.files import printable

Shapes = dict[str, tuple[int, ...]]
"""`<layer>/<variable>` to shape."""

_DTYPE = "F16"
_LONGEST_HEADER = 2**20  # bytes, for the time that a million tensors take
_LONGEST_SHOWN = 160


class WeightsError(ValueError):
    """Weights are missing, damaged or of other networks; the message names file and value."""


def read_shapes(path: Path) -> Shapes:
    """Shapes of the tensors in a file, from its header.

    Raises:
        WeightsError: It is not a safetensors file of float16 tensors.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
    if length > _LONGEST_HEADER:
        raise WeightsError(
            f"{path}: a header may have {_LONGEST_HEADER} bytes. Received: {length} bytes"
        )
    try:
        with safe_open(path, "numpy") as file:
            tensors = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            dtypes = {name: tensor.get_dtype() for name, tensor in tensors.items()}
            shapes = {name: tuple(tensor.get_shape()) for name, tensor in tensors.items()}
    except SafetensorError as error:
        raise WeightsError(
            f"{path} must be a safetensors file; download it again. Received: {shown(str(error))}"
        ) from error
    for name, dtype in dtypes.items():
        if dtype != _DTYPE:
            raise WeightsError(
                f"{path}: {shown(name)} must be {_DTYPE}; write the weights again with export.py"
                f" --save-weights. Received: {dtype}"
            )
    return shapes


def read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Reads the tensors of a network.

    Args:
        path: The file.
        expected: Their shapes by name.

    Returns:
        float16 values by name.

    Raises:
        WeightsError: The file is damaged or of another network, or a value is not finite or a
            variance not positive.
        OSError: The file cannot be read.
    """
    found = read_shapes(path)
    for key in sorted(found.keys() ^ expected.keys()):
        where = "is missing" if key in expected else "is of another network"
        raise WeightsError(f"{path}: {shown(key)} {where}. Received: {len(found)} tensors")
    for key, shape in expected.items():
        if found[key] != shape:
            received = shown(str(found[key]))
            raise WeightsError(f"{path}: {key} must have the shape {shape}. Received: {received}")
    with safe_open(path, "numpy") as file:
        tensors = {key: file.get_tensor(key) for key in expected}
    for key, values in tensors.items():
        wrong = fault(key.rpartition("/")[2], values)
        if wrong:
            raise WeightsError(f"{path}: {key} {wrong}")
    return tensors


def shown(text: str) -> str:
    """Text from a file for a message: printable, and shortened if it is long."""
    text = printable(text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
