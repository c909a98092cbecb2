"""Builds records from a folder of scenes: which scene goes where, side by side, resumable.

A shard that is there is kept; `index.json` comes last. So the same command continues where it was
stopped, does nothing when all is done, and refuses a folder that holds other scenes.
"""

import contextlib
import dataclasses
import itertools
import posixpath
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from utils import files
from utils.camera_motion.prealignment import prealigned
from utils.images import frames
from utils.radiometry import levels
from utils.radiometry.bracket import MID_FRAME
from utils.records import record, shards
from utils.records.plan import Shard, Source
from utils.records.record import RecordsError
from utils.records.shards import Entry
from utils.scenes import folders
from utils.scenes.scene import Scene, SceneError

_REMOTE = "://"  # in the names of folders that TensorFlow reaches over a network
_OTHER_SCENES = "The folder holds records of other scenes; delete it or name another."


def build(folder: str, planned: Sequence[Shard], *, root: Path, workers: int) -> list[Entry]:
    """Writes the planned shards that are not there yet, then the index.

    Threads, not processes: nearly all time is spent in OpenCV and NumPy, which run side by side,
    and each process would first take seconds to import TensorFlow.

    Args:
        folder: Folder of the records, a TensorFlow path.
        planned: What `plan` gave.
        root: Folder of the scenes.
        workers: Shards written at the same time.

    Returns:
        The index.

    Raises:
        RecordsError: The folder holds records of other scenes, or with the camera's motion taken
            out in another way; it is left as it is.
        SceneError: A scene cannot be read; finished shards stay.
        OSError: A shard cannot be written; finished ones stay.
        LockedError: Another process packs records into the folder.
    """
    with _alone(folder):
        _write_missing(folder, planned, root, workers)
        return shards.read_index(folder)


def _alone(folder: str) -> AbstractContextManager[object]:
    """Holds a local folder, which is made if missing; a remote one knows no locks."""
    if _REMOTE in folder:
        shards.make_folder(folder)
        return contextlib.nullcontext()
    return files.lock(Path(folder))


def _write_missing(folder: str, planned: Sequence[Shard], root: Path, workers: int) -> None:
    index = shards.read_index(folder, check_shards=False) if _has_index(folder) else []
    finished = _finished(folder, planned, index)
    total = sum(len(shard.sources) for shard in planned)
    start = sum(len(entries) for entries in finished.values())
    missing = [shard for shard in planned if shard.name not in finished]
    pool = ThreadPoolExecutor(workers)
    try:
        with tqdm(total=total, initial=start, unit="scene", disable=not missing) as bar:

            def write(shard: Shard) -> list[Entry]:
                path = posixpath.join(folder, shard.name)
                return shards.write_shard(path, shard.split, _pack(shard, root, bar.update))

            written = pool.map(write, missing)
            finished |= zip((shard.name for shard in missing), written, strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
    entries = [entry for shard in planned for entry in finished[shard.name]]
    if entries != index:
        shards.write_index(folder, entries)


def _read(source: Source, root: Path) -> Scene:
    scene = folders.read_scene(source.folder, root)
    if source.aligned is None:
        return prealigned(scene, source.prealign)
    low, high = (frames.read_ldr(path) for path in source.aligned)
    mid = levels.to_8bit(scene.ldr[MID_FRAME])
    for path, frame in zip(source.aligned, (low, high), strict=True):
        if frame.shape != mid.shape or frame.dtype != mid.dtype:
            raise SceneError(
                f"Scene {source.name}: an aligned frame must have 8 bits and the scene's size"
                f" {mid.shape[1]}x{mid.shape[0]}. Received: {path},"
                f" {frame.shape[1]}x{frame.shape[0]} {frame.dtype}"
            )
    return dataclasses.replace(scene, ldr=np.stack([low, mid, high]))


def _finished(
    folder: str, planned: Sequence[Shard], index: Sequence[Entry]
) -> dict[str, list[Entry]]:
    """Lines of the index of each shard that is there; refuses shards that are not planned.

    Of a shard that the index does not know, or has in the other split, they are made anew.
    """
    by_name = {shard.name: shard for shard in planned}
    finished = {}
    for name in shards.shards_in(folder):
        path = posixpath.join(folder, name)
        if name not in by_name:
            raise RecordsError(f"{_OTHER_SCENES} Received: {path}, which is not planned")
        shard = by_name[name]
        entries = [entry for entry in index if (entry.shard, entry.split) == (name, shard.split)]
        finished[name] = entries or shards.scan_shard(path, shard.split)
        _require_same_scenes(path, shard.sources, finished[name])
    return finished


def _require_same_scenes(path: str, sources: Sequence[Source], entries: Sequence[Entry]) -> None:
    planned = [f"scene {source.name} of {source.size} bytes" for source in sources]
    found = [f"scene {entry.name} of {entry.source_bytes} bytes" for entry in entries]
    for expected, received in itertools.zip_longest(planned, found, fillvalue="no scene"):
        if expected != received:
            raise RecordsError(
                f"{_OTHER_SCENES} Received: {received} in {path}, where {expected} belongs"
            )
    for source, entry in zip(sources, entries, strict=True):
        if source.prealign != entry.prealign:
            raise RecordsError(
                f"{path} was packed with --prealign {entry.prealign}; delete the folder, name"
                f" another, or go on with that. Received: --prealign {source.prealign}"
            )


def _pack(shard: Shard, root: Path, on_scene: Callable[[], object]) -> Iterator[bytes]:
    for source in shard.sources:
        scene = _read(source, root)
        yield record.pack(
            scene,
            source.size,
            aligned=source.aligned is not None,
            prealign=source.prealign,
        )
        on_scene()


def _has_index(folder: str) -> bool:
    return tf.io.gfile.exists(posixpath.join(folder, shards.INDEX_FILE))
