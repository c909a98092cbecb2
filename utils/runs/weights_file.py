"""Reads one safetensors file of weights, whoever made it: its header first, then its numbers.

    8 bytes     length of the header
    header      JSON: name of each tensor to dtype, shape and place; `__metadata__` to texts
    numbers     one tensor behind the other, without gaps

The library checks places against the length of the file. Here stands what it leaves open.
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from models.weight_values import fault
from utils.files import printable

Shapes = dict[str, tuple[int, ...]]
"""`<layer>/<variable>` to shape."""

_LENGTH = 8
_MOST_HEADER = 2**20
"""Bytes of a header; that of the largest networks that settings allow has 0.1 MB."""
_METADATA = "__metadata__"
_DTYPE = "F16"
_LONGEST_SHOWN = 160


class WeightsError(ValueError):
    """Weights are missing, damaged or of other networks; the message names file and value."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says of its numbers."""

    shapes: Shapes
    """Of each tensor, by name; as many numbers are there."""
    metadata: dict[str, str]
    """Texts by name."""


def read_header(path: Path) -> Header:
    """Reads a file's header, which takes memory of its own length alone.

    Raises:
        WeightsError: The file is no safetensors file, or not one of float16 tensors.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH), "little")
        if length > _MOST_HEADER:
            raise WeightsError(
                f"{path} must be a safetensors file with a header of at most {_MOST_HEADER} bytes;"
                f" fetch it again. Received: {length} bytes"
            )
        text = file.read(length)
    try:
        with safe_open(path, "numpy"):
            content = json.loads(text, object_pairs_hook=_without_duplicates)
    except (SafetensorError, ValueError, RecursionError) as error:
        raise WeightsError(
            f"{path} must be a safetensors file; fetch it again. Received: {shown(str(error))}"
        ) from error
    metadata = content.pop(_METADATA, None) or {}
    for name, tensor in content.items():
        if tensor["dtype"] != _DTYPE:
            raise WeightsError(
                f"{path}: {shown(name)} must be {_DTYPE}; write the weights anew with export.py"
                f" --save-weights. Received: {tensor['dtype']}"
            )
    shapes = {name: tuple(tensor["shape"]) for name, tensor in content.items()}
    return Header(shapes=shapes, metadata=metadata)


def check_shapes(path: Path, found: Shapes, expected: Mapping[str, tuple[int, ...]]) -> None:
    """Compares the tensors of a file with those that a network has.

    Raises:
        WeightsError: One is missing, too many or of another shape; the message names it.
    """
    for key in sorted(found.keys() ^ expected.keys()):
        where = "is missing" if key in expected else "is of another network"
        raise WeightsError(f"{path}: {shown(key)} {where}. Received: {len(found)} tensors")
    for key, shape in expected.items():
        if found[key] != shape:
            received = shown(str(found[key]))
            raise WeightsError(f"{path}: {key} must have the shape {shape}. Received: {received}")


def read_tensors(path: Path, expected: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Reads the tensors of a network.

    Args:
        path: The file.
        expected: Their shapes by name.

    Returns:
        float16 values by name.

    Raises:
        WeightsError: The file is damaged or of another network, or a value is none to compute with.
        OSError: The file cannot be read.
    """
    check_shapes(path, read_header(path).shapes, expected)
    with safe_open(path, "numpy") as file:
        tensors = {key: file.get_tensor(key) for key in expected}
    for key, values in tensors.items():
        wrong = fault(key.rpartition("/")[2], values)
        if wrong:
            raise WeightsError(f"{path}: {key} {wrong}")
    return tensors


def shown(text: str) -> str:
    """What a file says, for a message: printable, and its beginning alone if it is long."""
    text = printable(text)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = {}
    for name, value in pairs:
        if name in content:
            raise ValueError(f"{name} twice")
        content[name] = value
    return content
