"""Shards: records in TFRecord files, with an index that says where each scene starts.

A folder holds `training-00000-of-00009.tfrecord` .., `validation-..` and, written last,
`index.json`. With the index one scene is read without the others; without it the folder is not
complete. Folders are TensorFlow paths, local or remote (gs://...).
"""

import contextlib
import dataclasses
import json
import posixpath
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import tensorflow as tf

from utils import files
from utils.records import record
from utils.records.record import Record, RecordsError

INDEX_FILE = "index.json"

Split = Literal["training", "validation"]

_SUFFIX = ".tfrecord"
_LARGEST = 2**62  # of places and sizes in bytes or pixels
_HEADER, _FOOTER = 12, 4  # bytes of length and checksums that TFRecord puts around a record


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry(record.Summary):
    """One line of the index."""

    split: Split
    """What the scene is for."""
    shard: str
    """File name of the shard."""
    offset: int
    """Where the record starts in the shard, TFRecord's header included, in bytes."""
    length: int
    """Size of the record without header and footer, in bytes."""
    checksum: int
    """CRC-32 of the record."""

    def __post_init__(self) -> None:
        """Checks the types: an index may come from anywhere."""
        texts = (self.name, self.split, self.shard, self.prealign)
        numbers = (self.height, self.width, self.source_bytes, self.offset, self.length)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"Names must be texts. Received: {texts}")
        if not all(type(x) is int and 0 <= x < _LARGEST for x in (*numbers, self.checksum)):
            raise ValueError(f"Sizes must be numbers of bytes or pixels. Received: {numbers}")

    @property
    def end(self) -> int:
        """Offset of the next record in the shard."""
        return self.offset + _HEADER + self.length + _FOOTER


def shard_name(split: Split, number: int, count: int) -> str:
    """File name of one of `count` shards."""
    return f"{split}-{number:05d}-of-{count:05d}{_SUFFIX}"


def shards_in(folder: str) -> list[str]:
    """Sorted file names of the complete shards in a folder.

    Raises:
        RecordsError: The folder cannot be read.
    """
    try:
        names = tf.io.gfile.listdir(folder)
    except tf.errors.OpError as error:
        raise RecordsError(
            f"A folder of records must be readable. Received: {folder}, {files.one_line(error)}"
        ) from error
    return sorted(name for name in names if name.endswith(_SUFFIX))


def write_shard(path: str, split: Split, packed: Iterable[bytes]) -> list[Entry]:
    """Writes records to a shard, which appears when it is complete.

    Args:
        path: The shard.
        split: What its scenes are for.
        packed: Serialised records, taken one by one.

    Returns:
        The records' lines of the index.

    Raises:
        OSError: It cannot be written; nothing is left of it.
    """
    entries: list[Entry] = []
    with _complete(path) as partial, tf.io.TFRecordWriter(partial) as writer:
        for data in packed:
            entries.append(_entry(data, path, split, entries))
            writer.write(data)
    return entries


def scan_shard(path: str, split: Split) -> list[Entry]:
    """Makes the lines of the index anew from a shard.

    Raises:
        RecordsError: The shard is damaged.
    """
    entries: list[Entry] = []
    _require_file(path)
    try:
        for data in tf.data.TFRecordDataset(path):
            entries.append(_entry(bytes(data.numpy()), path, split, entries))
    except tf.errors.OpError as error:
        raise RecordsError(f"{path} is damaged. Received: {files.one_line(error)}") from error
    return entries


def write_index(folder: str, entries: Sequence[Entry]) -> None:
    """Writes `index.json`: from now on the folder is complete.

    Raises:
        OSError: It cannot be written; one that was there stays.
    """
    content = {
        "schema": record.SCHEMA,
        "scenes": [dataclasses.asdict(entry) for entry in entries],
    }
    path = posixpath.join(folder, INDEX_FILE)
    with _complete(path) as partial, tf.io.gfile.GFile(partial, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")


def read_index(folder: str, *, check_shards: bool = True) -> list[Entry]:
    """Reads `index.json`.

    Args:
        folder: Folder of the shards.
        check_shards: Whether every shard must be there in full length.

    Returns:
        The records in their order, training before validation.

    Raises:
        RecordsError: There is no index, it is of another version, or a shard is not as it says.
    """
    path = posixpath.join(folder, INDEX_FILE)
    _require_file(path)
    try:
        with tf.io.gfile.GFile(path) as file:
            content = json.loads(file.read())
        schema = content["schema"]
        entries = _entries(content["scenes"]) if schema == record.SCHEMA else []
    except tf.errors.NotFoundError as error:
        raise RecordsError(
            f"There are no complete records; make_tfrecord.py makes them. Received: no {path}"
        ) from error
    except (tf.errors.OpError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise RecordsError(f"{path} is no index. Received: {files.one_line(error)}") from error
    if schema != record.SCHEMA:
        raise RecordsError(f"{path} must be of version {record.SCHEMA}. Received: version {schema}")
    for entry in entries:
        if posixpath.basename(entry.shard) != entry.shard:  # never out of the folder
            raise RecordsError(f"{path} must name files of its folder. Received: {entry.shard}")
    if check_shards:
        _check_shards(folder, entries)
    return entries


def _entries(scenes: object) -> list[Entry]:
    if not isinstance(scenes, list):
        raise TypeError(f"scenes that are no list but {type(scenes).__name__}")
    return [Entry(**scene) for scene in scenes]


def read(folder: str, entry: Entry) -> Record:
    """Reads one scene.

    Raises:
        RecordsError: The shard is damaged or not the one of the index.
    """
    path = posixpath.join(folder, entry.shard)
    source = f"{path}, scene {entry.name}"
    _require_file(path)
    try:
        with tf.io.gfile.GFile(path, "rb") as file:
            file.seek(entry.offset + _HEADER)
            data = file.read(entry.length)
    except tf.errors.OpError as error:
        raise RecordsError(f"{source} is unreadable. Received: {files.one_line(error)}") from error
    checksum = zlib.crc32(data)
    if checksum != entry.checksum:
        raise RecordsError(
            f"{source} is damaged: it must have {entry.length} bytes of checksum"
            f" {entry.checksum:#010x}. Received: {len(data)} bytes of checksum {checksum:#010x}"
        )
    return record.unpack(data, source)


def make_folder(folder: str) -> None:
    """Makes a folder of records, if it is not there.

    Raises:
        OSError: It cannot be made.
    """
    try:
        tf.io.gfile.makedirs(folder)
    except tf.errors.OpError as error:
        raise _cannot_write(folder, error) from error


@contextlib.contextmanager
def _complete(path: str) -> Iterator[str]:
    """Lets a file be written beside its place and puts it there when the context ends."""
    partial = f"{path}.part"
    try:
        yield partial
        tf.io.gfile.rename(partial, path, overwrite=True)
    except BaseException as error:
        with contextlib.suppress(tf.errors.OpError):
            tf.io.gfile.remove(partial)
        if isinstance(error, tf.errors.OpError):
            raise _cannot_write(path, error) from error
        raise


def _cannot_write(path: str, error: tf.errors.OpError) -> OSError:
    return OSError(
        f"Cannot write {posixpath.basename(path)}; name another --records folder or make room."
        f" Received: {path}, {files.one_line(error)}"
    )


def _entry(data: bytes, path: str, split: Split, before: Sequence[Entry]) -> Entry:
    return Entry(
        **dataclasses.asdict(record.summarise(data, path)),
        split=split,
        shard=posixpath.basename(path),
        offset=before[-1].end if before else 0,
        length=len(data),
        checksum=zlib.crc32(data),
    )


def _require_file(path: str) -> None:
    """Refuses what is there on this machine and is no file: a pipe would never end."""
    if Path(path).exists() and not Path(path).is_file():
        raise RecordsError(f"Records are files. Received: {path}, which is none")


def _check_shards(folder: str, entries: Sequence[Entry]) -> None:
    ends = {entry.shard: entry.end for entry in entries}  # the last record of each shard stays
    for shard, end in ends.items():
        path = posixpath.join(folder, shard)
        size = tf.io.gfile.stat(path).length if tf.io.gfile.exists(path) else None
        if size != end:
            received = "no such file" if size is None else f"{size} bytes"
            raise RecordsError(f"{path} must have {end} bytes. Received: {received}")
