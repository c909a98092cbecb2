"""Damage to TensorFlow checkpoints, by a seed: bytes, entries of the index, files.

Damage of bytes is what a disk or a copy makes, and is found by checksums. An index that was made
anew has sound checksums whatever its entries say.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import tensor_bundle_pb2

from models import leveldb_table, tensor_bundle

DATA = ".data-00000-of-00001"
Rows = list[tuple[bytes, bytes]]
Damage = Callable[[str], None]
"""Damages the checkpoint of a prefix."""

_FOREIGN = [b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b'{"a": 1}', b"\x00" * 300, b"\xff" * 300]
_TYPES = [0, 2, 3, 7, 14, 19, 20, 21, 23, 99, -1, 101, 2**31 - 1]
_SHAPES = [
    *([], [0], [-1], [-(2**63)], [2**40], [2**62, 2**62], [2**62, 2**62, 0], [1] * 300),
    *([3, 3, 6, 4] * 70, [2**63 - 1], [4, 4], [1], [5]),
]


def by_bytes(seed: int, count: int) -> Iterator[tuple[str, Damage]]:
    """Damage of single bytes and of lengths, and foreign content, with a name for each."""
    generator = random.Random(seed)
    for number in range(count):
        ending = generator.choice([".index", DATA])
        kind = generator.choice(["cut", "flip", "overwrite", "foreign", "empty", "longer"])
        name = f"{number} {ending} {kind}"
        yield name, lambda prefix, e=ending, k=kind, s=number: _damage_bytes(f"{prefix}{e}", k, s)


def _damage_bytes(path: str, kind: str, seed: int) -> None:
    generator = random.Random(seed)
    data = bytearray(Path(path).read_bytes())
    place = generator.randrange(len(data))
    if kind == "cut":
        del data[place:]
    elif kind == "flip":
        data[place] ^= 1 << generator.randrange(8)
    elif kind == "overwrite":
        length = min(generator.randrange(1, 64), len(data) - place)
        data[place : place + length] = generator.randbytes(length)
    elif kind == "foreign":
        data = bytearray(generator.choice(_FOREIGN))
    elif kind == "empty":
        data = bytearray()
    else:
        data += generator.randbytes(100)
    Path(path).write_bytes(data)


def by_entries() -> Iterator[tuple[str, Damage]]:
    """An index with sound checksums that says what is not so, with a name for each."""
    for kind in _TYPES:
        yield f"type {kind}", _with_entry(lambda entry, k=kind: setattr(entry, "dtype", k))
    for shape in _SHAPES:
        yield f"shape {shape}", _with_entry(lambda entry, s=shape: _set_shape(entry, s))
        yield f"another's shape {shape}", _with_another(lambda e, s=shape: _set_shape(e, s))
    for field, values in {
        "shard_id": [-1, 1, 2**31 - 1],
        "offset": [-8, 1, 2**40, 2**63 - 1],
        "size": [-1, 0, 15, 2**40, 2**63 - 1],
        "crc32c": [0, 1],
    }.items():
        for value in values:
            yield (
                f"{field} {value}",
                _with_entry(lambda entry, f=field, v=value: setattr(entry, f, v)),
            )
    for files in (0, -1, 2, 2**31 - 1):
        yield (
            f"{files} files",
            _with_header(lambda header, n=files: setattr(header, "num_shards", n)),
        )
    yield "byte order", _with_header(lambda header: setattr(header, "endianness", 1))
    yield "version", _with_header(lambda header: setattr(header.version, "min_consumer", 9))
    yield "slices", _with_entry(_add_slice)
    yield "no rank", _with_entry(lambda entry: setattr(entry.shape, "unknown_rank", True))
    yield "another's type", _with_another(lambda entry: setattr(entry, "dtype", 77))
    yield "no header", _with_rows(lambda rows: rows[1:])
    yield "header alone", _with_rows(lambda rows: rows[:1])
    yield "nothing", _with_rows(lambda _: [])
    yield "descending", _with_rows(lambda rows: [rows[0], *reversed(rows[1:])])
    yield "twice", _with_rows(lambda rows: [*rows[:2], *rows[1:]])
    yield "no proto", _with_rows(lambda rows: [*rows[:2], (rows[2][0], b"\xff" * 9), *rows[3:]])
    yield "no proto header", _with_rows(lambda rows: [(b"", b"\xff" * 9), *rows[1:]])
    yield "no text", _with_rows(lambda rows: [*rows, (b"\xff\xfe", rows[1][1])])
    yield "long name", _with_rows(lambda rows: [*rows, (b"z" * 5000, rows[1][1])])
    yield "other names", _with_rows(lambda rows: [rows[0], *((b"x" + k, v) for k, v in rows[1:])])
    yield "one lost", _with_rows(lambda rows: [*rows[:3], *rows[4:]])


def by_files() -> Iterator[tuple[str, Damage]]:
    """Files that are lost, folders or links in their place, with a name for each."""
    for ending in (".index", DATA):
        yield f"{ending} lost", lambda prefix, e=ending: Path(f"{prefix}{e}").unlink()
        yield f"{ending} folder", lambda prefix, e=ending: _folder(Path(f"{prefix}{e}"))
        yield f"{ending} circle", lambda prefix, e=ending: _circle(Path(f"{prefix}{e}"))
    yield "swapped", _swap


def _with_rows(change: Callable[[Rows], Rows]) -> Damage:
    def damage(prefix: str) -> None:
        path = Path(f"{prefix}.index")
        rows = list(leveldb_table.read(path.read_bytes()))
        path.write_bytes(table(change(rows)))

    return damage


def _with_header(change: Callable) -> Damage:
    def changed(rows: Rows) -> Rows:
        header = tensor_bundle_pb2.BundleHeaderProto.FromString(rows[0][1])
        change(header)
        return [(b"", header.SerializeToString()), *rows[1:]]

    return _with_rows(changed)


def _with_entry(change: Callable) -> Damage:
    """Changes what is said of the first tensor."""
    return _with_rows(lambda rows: [rows[0], _changed(rows[1], rows[1][0], change), *rows[2:]])


def _with_another(change: Callable) -> Damage:
    """Adds a tensor that no network has."""
    return _with_rows(lambda rows: [*rows, _changed(rows[1], b"zzz", change)])


def _changed(row: tuple[bytes, bytes], name: bytes, change: Callable) -> tuple[bytes, bytes]:
    entry = tensor_bundle_pb2.BundleEntryProto.FromString(row[1])
    change(entry)
    return name, entry.SerializeToString()


def _set_shape(entry: tensor_bundle.Entry, shape: list[int]) -> None:
    entry.shape.Clear()
    for size in shape:
        entry.shape.dim.add().size = size


def _add_slice(entry: tensor_bundle.Entry) -> None:
    extent = entry.slices.add().extent.add()
    extent.start, extent.length = -5, 2**40


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def _swap(prefix: str) -> None:
    index, data = Path(f"{prefix}.index"), Path(f"{prefix}{DATA}")
    shutil.move(index, f"{prefix}.aside")
    shutil.move(data, index)
    shutil.move(f"{prefix}.aside", data)


def table(rows: Rows) -> bytes:
    """A table of one block of rows, each written whole, with sound checksums."""
    written = b""

    def add(block: Rows) -> bytes:
        nonlocal written
        start = len(written)
        data = b"".join(
            b"\0" + _varint(len(key)) + _varint(len(value)) + key + value for key, value in block
        )
        data += (0).to_bytes(4, "little") + (1).to_bytes(4, "little")
        written += data + b"\0" + _masked_crc(data + b"\0")
        return _varint(start) + _varint(len(data))

    block = add(rows)
    unused = add([])
    blocks = add([(rows[-1][0] if rows else b"", block)])
    return written + (unused + blocks).ljust(40, b"\0") + leveldb_table.MAGIC


def _varint(value: int) -> bytes:
    data = b""
    while value > 0x7F:
        data += bytes([value & 0x7F | 0x80])
        value >>= 7
    return data + bytes([value])


def _masked_crc(data: bytes) -> bytes:
    """CRC-32C as TensorFlow stores it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8 & 0xFFFFFFFF).to_bytes(4, "little")


def with_value(prefix: str, name: str, value: float) -> None:
    """Writes a sound checkpoint anew with one value changed."""
    reader = tf.train.load_checkpoint(prefix)
    values = {key: reader.get_tensor(key) for key in reader.get_variable_to_shape_map()}
    values[name].flat[0] = value
    tf.raw_ops.SaveV2(
        prefix=prefix,
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )
