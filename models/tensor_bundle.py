"""Checks the index of a TensorFlow checkpoint before TensorFlow's own reader opens it.

That reader ends the process, without an exception, at an entry that it cannot parse, a type that it
does not know or a shape without end. An index is a table (models/leveldb_table.py). Its first row,
without a name, is a BundleHeaderProto; each other one is the name of a tensor and a
BundleEntryProto. Checksums are left to TensorFlow, which compares them and raises exceptions.
"""

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import tensor_bundle_pb2

from models import leveldb_table
from models.expected_weights import Shapes

Entry = Any  # tensor_bundle_pb2.BundleEntryProto
Header = Any  # tensor_bundle_pb2.BundleHeaderProto

_MOST_INDEX = 2**21  # bytes; that of an alignment network has 7 kB
_MOST_VALUES = 2**40
_MOST_DIMENSIONS = 254
_FLOAT_BYTES = 4


class BundleError(ValueError):
    """A checkpoint is damaged or of other networks; the message names file and value."""


def check(prefix: str, shapes: Shapes) -> None:
    """Checks that TensorFlow's reader can open a checkpoint and read some of its tensors.

    Args:
        prefix: Checkpoint without ending, a TensorFlow path.
        shapes: Of the tensors that will be read, by name; all are float32.

    Raises:
        BundleError: The index is damaged, a tensor is not as `shapes` says, or its file is too
            short.
        tf.errors.OpError: A file cannot be read.
    """
    path = f"{prefix}.index"
    if set(prefix) & set("*?[]\\"):
        raise BundleError(
            f"TensorFlow reads no path with one of *?[]\\; rename it. Received: {path}"
        )
    header, entries = _read_index(path)
    for name, shape in shapes.items():
        if name not in entries:
            raise BundleError(f"{path} lacks the variable {name}. Received: {len(entries)} others")
        _check_tensor(f"{path}: variable {name}", entries[name], shape)
        entry = entries[name]
        file = f"{prefix}.data-{entry.shard_id:05d}-of-{header.num_shards:05d}"
        size = _size(file)
        if entry.offset + entry.size > size:
            raise BundleError(
                f"{file} must have {entry.offset + entry.size} bytes or more for {name}."
                f" Received: {size} bytes"
            )


def _size(path: str) -> int:
    """Bytes of a file."""
    if not tf.io.gfile.exists(path) or tf.io.gfile.isdir(path):
        raise BundleError(f"{path} must be a file. Received: no such file")
    return tf.io.gfile.stat(path).length


def _read_index(path: str) -> tuple[Header, dict[str, Entry]]:
    """The header and, by name, the entries, each of which TensorFlow's reader stands."""
    size = _size(path)
    if not leveldb_table.FOOTER <= size <= _MOST_INDEX:
        raise BundleError(
            f"{path} must have {leveldb_table.FOOTER} to {_MOST_INDEX} bytes."
            f" Received: {size} bytes"
        )
    with tf.io.gfile.GFile(path, "rb") as file:
        table = file.read()
    entries: dict[str, Entry] = {}
    try:
        rows = leveldb_table.read(table)
        header = _header(rows)
        for key, value in rows:
            entry = tensor_bundle_pb2.BundleEntryProto.FromString(value)
            _check_entry(entry, header.num_shards)
            entries[key.decode()] = entry
    except (ValueError, DecodeError, LookupError) as error:
        raise BundleError(
            f"{path} must be the index of a TensorFlow checkpoint; copy it again. Received: {error}"
        ) from error
    return header, entries


def _header(rows: Iterator[tuple[bytes, bytes]]) -> Header:
    key, value = next(rows, (None, b""))
    if key != b"":
        raise ValueError("no header")
    header = tensor_bundle_pb2.BundleHeaderProto.FromString(value)
    if header.num_shards < 1 or header.endianness != 0 or header.version.min_consumer > 1:
        raise ValueError(
            f"{header.num_shards} files, byte order {header.endianness},"
            f" version {header.version.min_consumer}"
        )
    return header


def _check_entry(entry: Entry, files: int) -> None:
    """Refuses what TensorFlow's reader would end the process at, of any tensor."""
    shape = [dimension.size for dimension in entry.shape.dim]
    if (
        entry.dtype not in types_pb2.DataType.values()
        or entry.shape.unknown_rank
        or len(shape) > _MOST_DIMENSIONS
        or any(size < 0 for size in shape)
        or math.prod(max(size, 1) for size in shape) > _MOST_VALUES
        or not 0 <= entry.shard_id < files
        or min(entry.offset, entry.size) < 0
    ):
        raise ValueError(
            f"a tensor of type {entry.dtype}, shape {shape[:9]}, {entry.size} bytes at"
            f" {entry.offset} of file {entry.shard_id}"
        )


def _check_tensor(name: str, entry: Entry, shape: tuple[int, ...]) -> None:
    """Refuses a tensor that is none of a network."""
    found = tuple(dimension.size for dimension in entry.shape.dim)
    if found != shape:
        raise BundleError(f"{name} must have shape {shape}. Received: {found}")
    if entry.dtype != types_pb2.DT_FLOAT or entry.slices:
        raise BundleError(
            f"{name} must be float32, in one piece. Received: type {entry.dtype}"
            f" in {len(entry.slices) or 1}"
        )
    if entry.size != _FLOAT_BYTES * math.prod(shape):
        raise BundleError(
            f"{name} must have {_FLOAT_BYTES * math.prod(shape)} bytes. Received: {entry.size}"
        )
