"""Shards: records in TFRecord files, with an index that says where each scene starts.

A folder holds `training-00000-of-00009.tfrecord` .., `validation-..` and, written last,
`index.json`. The index gives random access to scenes; a folder without it is incomplete. For a
reader, it also names the `prealign` mode of all scenes. Folders are TensorFlow paths, local or
remote (gs://...).
"""

import contextlib
import dataclasses
import hashlib
import json
import posixpath
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import tensorflow as tf

from configs.settings import PrealignmentName
from utils import files
from utils.records import record
from utils.records.record import Record, RecordsError

INDEX_FILE = "index.json"

Split = Literal["training", "validation"]

SUFFIX = ".tfrecord"
_LARGEST = 2**62  # offset or size in bytes or pixels
_HEADER, _FOOTER = 12, 4  # bytes of length and checksums around a record in a TFRecord file


@dataclasses.dataclass(frozen=True, kw_only=True)
class Entry:
    """One scene in the index; sizes are in pixels or bytes."""

    name: str
    height: int
    width: int
    source_bytes: int
    """Size of the scene's files."""
    aligned: bool = False
    """Whether the low and the high frame were aligned by reconstruction_align2.py."""
    split: Split
    shard: str
    """File name of the shard."""
    offset: int
    """Where the record starts in the shard, TFRecord's header included."""
    length: int
    """Size of the record without header and footer."""
    checksum: int
    """CRC-32 of the record."""

    def __post_init__(self) -> None:
        """Checks the types, since an index may be damaged."""
        texts = (self.name, self.split, self.shard)
        numbers = (self.height, self.width, self.source_bytes, self.offset, self.length)
        numbers += (self.checksum,)
        if not all(isinstance(text, str) for text in texts):
            raise ValueError(f"Names must be texts. Received: {texts}")
        if not all(type(x) is int and 0 <= x < _LARGEST for x in numbers):
            raise ValueError(f"Sizes must be numbers of bytes or pixels. Received: {numbers}")
        if posixpath.basename(self.shard) != self.shard:  # a path could leave the folder
            raise ValueError(f"Shards must be files of the folder. Received: {self.shard}")

    @property
    def end(self) -> int:
        """Offset of the next record in the shard."""
        return self.offset + _HEADER + self.length + _FOOTER


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
    return sorted(name for name in names if name.endswith(SUFFIX))


def write_shard(path: str, split: Split, packed: Iterable[bytes]) -> list[Entry]:
    """Writes serialised records, taken one by one; the shard appears when it is complete.

    Returns:
        The records' entries for the index.

    Raises:
        OSError: It cannot be written; no part of it is left.
    """
    entries: list[Entry] = []
    with _complete(path) as partial, tf.io.TFRecordWriter(partial) as writer:
        for data in packed:
            entries.append(_entry(data, path, split, entries))
            writer.write(data)
    return entries


def scan_shard(path: str, split: Split) -> list[Entry]:
    """Rebuilds the index entries of a shard.

    Raises:
        RecordsError: The shard is damaged.
    """
    entries: list[Entry] = []
    with _reading(path, f"{path} is damaged"):
        for data in tf.data.TFRecordDataset(path):
            entries.append(_entry(bytes(data.numpy()), path, split, entries))
    return entries


def write_index(folder: str, entries: Sequence[Entry], prealign: PrealignmentName = "off") -> None:
    """Writes `index.json` of all scenes, training before validation, which completes the folder.

    Raises:
        OSError: It cannot be written; an earlier one stays.
    """
    content = {
        "schema": record.SCHEMA,
        "prealign": prealign,
        "scenes": [dataclasses.asdict(entry) for entry in entries],
    }
    path = posixpath.join(folder, INDEX_FILE)
    with _complete(path) as partial, tf.io.gfile.GFile(partial, "w") as file:
        file.write(json.dumps(content, indent=1) + "\n")


def read_index(folder: str, *, check_shards: bool = True) -> list[Entry]:
    """Reads the scenes from `index.json`.

    Args:
        folder: Folder of the shards.
        check_shards: Whether every shard must exist in full length.

    Returns:
        The scenes in their order, training before validation.

    Raises:
        RecordsError: There is no index, it is damaged or of another version, or a shard does not
            match it.
    """
    path = posixpath.join(folder, INDEX_FILE)
    with _reading(path, f"{path} is not an index"):
        content = _read_json(path)
        record.require_version(content["schema"], path)
        entries = [Entry(**scene) for scene in content["scenes"]]
        if not entries:
            raise ValueError("no scenes")
    if check_shards:
        _check_shards(folder, entries)
    return entries


def digest(folder: str) -> str:
    """SHA-256 over the split, name and checksum of every record, from the index alone."""
    parts = [
        (entry.split, entry.name, entry.checksum)
        for entry in read_index(folder, check_shards=False)
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def prealign_in_index(folder: str) -> PrealignmentName:
    """The `prealign` mode in an index that `read_index` has read, to be copied for a reader."""
    return _read_json(posixpath.join(folder, INDEX_FILE)).get("prealign", "off")


def _read_json(path: str) -> dict[str, Any]:
    if not tf.io.gfile.exists(path):
        raise RecordsError(
            f"There are no complete records; make_tfrecord.py makes them. Received: no {path}"
        )
    with tf.io.gfile.GFile(path) as file:
        return json.loads(file.read())


def read(folder: str, entry: Entry) -> Record:
    """Reads one scene.

    Raises:
        RecordsError: The shard is damaged or does not match the index.
    """
    path = posixpath.join(folder, entry.shard)
    source = f"{path}, scene {entry.name}"
    with _reading(path, f"{source} is unreadable"), tf.io.gfile.GFile(path, "rb") as file:
        file.seek(entry.offset + _HEADER)
        data = file.read(entry.length)
    checksum = zlib.crc32(data)
    if checksum != entry.checksum:
        raise RecordsError(
            f"{source} is damaged: it must have {entry.length} bytes of checksum"
            f" {entry.checksum:#010x}. Received: {len(data)} bytes of checksum {checksum:#010x}"
        )
    return record.unpack(data, source)


def make_folder(folder: str) -> None:
    """Makes a folder of records, if it is missing.

    Raises:
        OSError: It cannot be made.
    """
    try:
        tf.io.gfile.makedirs(folder)
    except tf.errors.OpError as error:
        raise _cannot_write(folder, error) from error


@contextlib.contextmanager
def _complete(path: str) -> Iterator[str]:
    """Yields a temporary name beside a file, which is renamed when the context ends."""
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
    features = record.parse(data, path)
    return Entry(
        **{name: features[name] for name in ("name", "height", "width", "source_bytes")},
        aligned=bool(features["aligned"]),
        split=split,
        shard=posixpath.basename(path),
        offset=before[-1].end if before else 0,
        length=len(data),
        checksum=zlib.crc32(data),
    )


@contextlib.contextmanager
def _reading(path: str, message: str) -> Iterator[None]:
    """Turns errors of reading a file into a `RecordsError` with a message."""
    if Path(path).exists() and not Path(path).is_file():  # reading a pipe would never end
        raise RecordsError(f"Records are files. Received: {path}, which is not a file")
    try:
        yield
    except RecordsError:
        raise
    except (tf.errors.OpError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise RecordsError(f"{message}. Received: {files.one_line(error)}") from error


def _check_shards(folder: str, entries: Sequence[Entry]) -> None:
    ends = {entry.shard: entry.end for entry in entries}  # that of a shard's last record
    for shard, end in ends.items():
        path = posixpath.join(folder, shard)
        size = tf.io.gfile.stat(path).length if tf.io.gfile.exists(path) else None
        if size != end:
            received = "no such file" if size is None else f"{size} bytes"
            raise RecordsError(f"{path} must have {end} bytes. Received: {received}")
