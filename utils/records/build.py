"""Builds records from a folder of scenes, in parallel; a stopped build resumes.

Finished shards are kept and `index.json` is written last. So the same command resumes, does nothing
when all is done, and refuses a folder that holds other scenes.
"""

import contextlib
import dataclasses
import itertools
import posixpath
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from configs.settings import PrealignmentName
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

_OTHER_SCENES = "The folder holds records of other scenes; delete it or name another."


def build(
    folder: str,
    planned: Sequence[Shard],
    *,
    root: Path,
    workers: int,
    prealign: PrealignmentName,
) -> list[Entry]:
    """Writes the planned shards that are missing, then the index.

    Threads, not processes: nearly all time is spent in OpenCV and NumPy, which run in parallel, and
    a process would take seconds to import TensorFlow.

    Args:
        folder: Folder of the records, a TensorFlow path.
        planned: Shards from `plan.plan`.
        root: Folder of the scenes.
        workers: Shards written at the same time.
        prealign: Whether the camera's motion is taken out; aligned frames stay as they are.

    Returns:
        The index.

    Raises:
        RecordsError: The folder holds records of other scenes; it is not changed.
        SceneError: A scene cannot be read; finished shards stay.
        OSError: A shard cannot be written; finished ones stay.
        LockedError: Another process packs records into the folder.
    """
    shards.make_folder(folder)
    remote = "://" in folder  # such a folder has no locks
    with contextlib.nullcontext() if remote else files.lock(Path(folder)):
        _write_missing(folder, planned, root, workers, prealign)
        return shards.read_index(folder)


def _write_missing(
    folder: str, planned: Sequence[Shard], root: Path, workers: int, prealign: PrealignmentName
) -> None:
    started = tf.io.gfile.exists(posixpath.join(folder, shards.INDEX_FILE))
    index = shards.read_index(folder, check_shards=False) if started else []
    finished = _finished(folder, planned, index)
    total = sum(len(shard.sources) for shard in planned)
    start = sum(len(entries) for entries in finished.values())
    missing = [shard for shard in planned if shard.name not in finished]
    pool = ThreadPoolExecutor(workers)
    try:
        with tqdm(total=total, initial=start, unit="scene", disable=not missing) as bar:

            def pack(source: Source) -> bytes:
                scene = folders.read_scene(source.folder, root)
                if source.aligned is None:
                    scene = prealigned(scene, prealign)
                else:
                    scene = _with_aligned(scene, source.aligned)
                packed = record.pack(scene, source.size, aligned=source.aligned is not None)
                bar.update()
                return packed

            def write(shard: Shard) -> list[Entry]:
                path = posixpath.join(folder, shard.name)
                return shards.write_shard(path, shard.split, map(pack, shard.sources))

            written = pool.map(write, missing)
            finished |= zip((shard.name for shard in missing), written, strict=True)
    finally:
        pool.shutdown(cancel_futures=True)
    entries = [entry for shard in planned for entry in finished[shard.name]]
    if entries != index:
        shards.write_index(folder, entries, prealign)


def _with_aligned(scene: Scene, aligned: tuple[Path, Path]) -> Scene:
    """The scene in 8 bits, with its low and high frame replaced by aligned ones.

    Raises:
        SceneError: An aligned frame has another size, or not 8 bits.
    """
    low, high = (frames.read_ldr(path) for path in aligned)
    mid = levels.to_8bit(scene.ldr[MID_FRAME])
    for path, frame in zip(aligned, (low, high), strict=True):
        if frame.shape != mid.shape or frame.dtype != mid.dtype:
            raise SceneError(
                f"Scene {scene.name}: an aligned frame must have 8 bits and the scene's size"
                f" {mid.shape[1]}x{mid.shape[0]}. Received: {path},"
                f" {frame.shape[1]}x{frame.shape[0]} {frame.dtype}"
            )
    return dataclasses.replace(scene, ldr=np.stack([low, mid, high]))


def _finished(
    folder: str, planned: Sequence[Shard], index: Sequence[Entry]
) -> dict[str, list[Entry]]:
    """Index entries of each existing shard, by its name; rebuilt if the index lacks them.

    Raises:
        RecordsError: A shard is not planned or holds other scenes.
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
