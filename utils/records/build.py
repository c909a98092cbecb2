"""Builds records from a folder of scenes: which scene goes where, side by side, resumable.

A shard that is there is kept; `index.json` comes last. So the same command continues where it was
stopped, does nothing when all is done, and refuses a folder that holds other scenes.
"""

import dataclasses
import itertools
import posixpath
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from configs import paths
from utils import images, records, scenes, shards
from utils.records import RecordsError
from utils.shards import Entry, Split

_OTHER_SCENES = "The folder holds records of other scenes; delete it or name another."


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A scene to be packed."""

    name: str
    """Name in the records."""
    folder: Path
    """Where its files are."""
    size: int
    """Bytes of its files, and of its aligned frames."""
    aligned: tuple[Path, Path] | None = None
    """Its aligned low and high frames, to be packed in place of its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard to be written."""

    name: str
    """File name."""
    split: Split
    """What its scenes are for."""
    sources: tuple[Source, ...]
    """Its scenes in order."""


def find_sources(root: Path, aligned: Path | None = None) -> list[Source]:
    """The scenes in a folder, sorted by name.

    Args:
        root: Folder of scenes.
        aligned: Results of reconstruction_align2.py for them, if its frames are to be packed.

    Raises:
        SceneError: There are none, two have the same name, or one has not been aligned.
    """
    sources = sorted(
        (_source(folder, root, aligned) for folder in scenes.find_scenes(root)),
        key=lambda source: source.name,
    )
    for first, second in itertools.pairwise(sources):
        if first.name == second.name:
            raise scenes.SceneError(
                f"Scenes must have different names. Received: {first.name} for {first.folder}"
                f" and {second.folder}"
            )
    return sources


def plan(
    sources: Sequence[Source],
    *,
    validation_scenes: int,
    scenes_per_shard: int,
    hold_out: Sequence[str] = (),
) -> list[Shard]:
    """Divides scenes into splits and shards, training before validation.

    Args:
        sources: Scenes sorted by name.
        validation_scenes: Scenes held out, spread evenly over the sorted names.
        scenes_per_shard: Scenes in a shard.
        hold_out: Hold out the scenes whose name contains one of these instead.

    Raises:
        ValueError: No scene would be left for training, or `hold_out` names none.
    """
    if hold_out:
        held_out = {
            position
            for position, source in enumerate(sources)
            if any(part in source.name for part in hold_out)
        }
        if not held_out:
            raise ValueError(f"hold_out must name some scenes. Received: {tuple(hold_out)}")
    else:
        held_out = validation_positions(len(sources), validation_scenes)
    if len(held_out) >= len(sources):
        raise ValueError(
            f"Of {len(sources)} scenes some must be left for training."
            f" Received: {len(held_out)} held out for validation"
        )
    splits: dict[Split, list[Source]] = {"training": [], "validation": []}
    for position, source in enumerate(sources):
        splits["validation" if position in held_out else "training"].append(source)
    return [
        shard
        for split, chosen in splits.items()
        for shard in _plan(split, chosen, scenes_per_shard)
    ]


def validation_positions(count: int, held_out: int) -> set[int]:
    """Positions in `range(count)` of the held-out scenes: the middles of equal sections."""
    held_out = min(held_out, count)
    return {(2 * index + 1) * count // (2 * held_out) for index in range(held_out)}


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
        RecordsError: The folder holds records of other scenes; it is left as it is.
        SceneError: A scene cannot be read; finished shards stay.
    """
    tf.io.gfile.makedirs(folder)
    finished = _finished(folder, planned)
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
    if missing or not _has_index(folder):
        entries = [entry for shard in planned for entry in finished[shard.name]]
        shards.write_index(folder, entries)
    return shards.read_index(folder)


def _source(folder: Path, root: Path, results: Path | None) -> Source:
    name = scenes.scene_name(folder, root)
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    if results is None:
        return Source(name=name, folder=folder, size=size)
    low, high = (paths.aligned_file(results, name, side) for side in paths.ALIGNMENT)
    for path in (low, high):
        if not path.is_file():
            raise scenes.SceneError(
                f"Scene {name} has not been aligned; reconstruction_align2.py does it."
                f" Received: no {path}"
            )
        size += path.stat().st_size
    return Source(name=name, folder=folder, size=size, aligned=(low, high))


def _read(source: Source, root: Path) -> scenes.Scene:
    scene = scenes.read_scene(source.folder, root)
    if source.aligned is None:
        return scene
    low, high = (images.read_ldr(path) for path in source.aligned)
    mid = scenes.to_8bit(scene.ldr[1])
    for path, frame in zip(source.aligned, (low, high), strict=True):
        if frame.shape != mid.shape or frame.dtype != mid.dtype:
            raise scenes.SceneError(
                f"Scene {source.name}: an aligned frame must have 8 bits and the scene's size"
                f" {mid.shape[1]}x{mid.shape[0]}. Received: {path},"
                f" {frame.shape[1]}x{frame.shape[0]} {frame.dtype}"
            )
    return dataclasses.replace(scene, ldr=np.stack([low, mid, high]))


def _plan(split: Split, sources: Sequence[Source], scenes_per_shard: int) -> list[Shard]:
    starts = range(0, len(sources), scenes_per_shard)
    return [
        Shard(
            name=shards.shard_name(split, number, len(starts)),
            split=split,
            sources=tuple(sources[start : start + scenes_per_shard]),
        )
        for number, start in enumerate(starts)
    ]


def _finished(folder: str, planned: Sequence[Shard]) -> dict[str, list[Entry]]:
    """Lines of the index of each shard that is there; refuses shards that are not planned."""
    by_name = {shard.name: shard for shard in planned}
    index = shards.read_index(folder, check_shards=False) if _has_index(folder) else []
    finished = {}
    for name in shards.shards_in(folder):
        path = posixpath.join(folder, name)
        if name not in by_name:
            raise RecordsError(f"{_OTHER_SCENES} Received: {path}, which is not planned")
        shard = by_name[name]
        entries = [entry for entry in index if entry.shard == name]
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


def _pack(shard: Shard, root: Path, on_scene: Callable[[], object]) -> Iterator[bytes]:
    for source in shard.sources:
        scene = _read(source, root)
        yield records.pack(scene, source.size, aligned=source.aligned is not None)
        on_scene()


def _has_index(folder: str) -> bool:
    return tf.io.gfile.exists(posixpath.join(folder, shards.INDEX_FILE))
