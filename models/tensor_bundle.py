"""Checks the index of a TensorFlow checkpoint before TensorFlow's own reader opens it.

That reader ends the process, without an exception, at an entry that it cannot parse, a type that it
does not know or a shape without end. An index is a table of LevelDB's format:

    blocks    entries in ascending order: length shared with the key before, lengths of the rest of
              the key and of the value, rest, value; then places where a key stands whole; then 5
              bytes, the first of which is 0 as nothing is compressed
    footer    48 bytes: place and length of a block that is not used and of the one that lists the
              others; a magic number

The first entry, without a name, is a BundleHeaderProto; each other one is the name of a tensor and
a BundleEntryProto. Checksums are left to TensorFlow, which compares them and raises exceptions.
"""

import math
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import tensor_bundle_pb2

from models.expected_weights import Shapes

Entry = Any  # tensor_bundle_pb2.BundleEntryProto
Header = Any  # tensor_bundle_pb2.BundleHeaderProto

_FOOTER = 48
_MAGIC = bytes.fromhex("57fb808b247547db")
_TRAILER = 5
_MOST_INDEX = 2**21  # bytes; an authors' alignment network with its optimiser has 36 kB
_LONGEST_NAME = 512
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
    if not _FOOTER <= size <= _MOST_INDEX:
        raise BundleError(
            f"{path} must have {_FOOTER} to {_MOST_INDEX} bytes. Received: {size} bytes"
        )
    with tf.io.gfile.GFile(path, "rb") as file:
        table = file.read()
    entries: dict[str, Entry] = {}
    try:
        rows = _rows(table)
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


def _rows(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a table in their order, which is ascending."""
    if table[-len(_MAGIC) :] != _MAGIC:
        raise ValueError(f"an end of {table[-len(_MAGIC) :].hex()}")
    _, place = _handle(table, len(table) - _FOOTER)
    list_of_blocks, _ = _handle(table, place)
    last = None
    for _, handle in _block(table, *list_of_blocks):
        block, _ = _handle(handle, 0)
        for key, value in _block(table, *block):
            if last is not None and key <= last:
                raise ValueError(f"names out of order after {last!r}")
            yield key, value
            last = key


def _block(table: bytes, start: int, size: int) -> list[tuple[bytes, bytes]]:
    """Keys and values of a block."""
    if start + size + _TRAILER > len(table) - _FOOTER or size < 4:
        raise ValueError(f"a block of {size} bytes at {start}, of {len(table)}")
    if table[start + size] != 0:
        raise ValueError(f"a block of compression {table[start + size]}")
    end = start + size - 4
    restarts = int.from_bytes(table[end : end + 4], "little")
    end -= 4 * restarts
    if restarts < 1 or end < start:
        raise ValueError(f"a block of {size} bytes with {restarts} restarts")
    rows, whole, key, place = [], {start}, b"", start
    while place < end:
        begin = place
        shared, place = _varint(table, place)
        more, place = _varint(table, place)
        length, place = _varint(table, place)
        if shared > len(key) or shared + more > _LONGEST_NAME or place + more + length > end:
            raise ValueError(f"an entry of {more} and {length} bytes at {begin}")
        if not shared:
            whole.add(begin)
        key = key[:shared] + table[place : place + more]
        place += more + length
        rows.append((key, table[place - length : place]))
    for index in range(restarts):
        at = end + 4 * index
        if start + int.from_bytes(table[at : at + 4], "little") not in whole:
            raise ValueError(f"a restart that is no entry at {at}")
    return rows


def _handle(data: bytes, place: int) -> tuple[tuple[int, int], int]:
    """Start and size of a block, and the place behind them."""
    start, place = _varint(data, place)
    size, place = _varint(data, place)
    return (start, size), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place behind it."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError(f"a number of more than 64 bits at {place}")


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
