"""Plans the records of a folder of scenes: the split and the shard of each scene."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from configs import paths
from utils.records import shards
from utils.records.shards import Split
from utils.scenes import folders
from utils.scenes.scene import SceneError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A scene to be packed."""

    name: str
    folder: Path
    size: int
    """Size of its files and of its aligned frames, in bytes."""
    aligned: tuple[Path, Path] | None = None
    """Aligned low and high frame, packed in place of its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard to be written: its file name, and its scenes in order."""

    name: str
    split: Split
    sources: tuple[Source, ...]


def find_sources(root: Path, aligned: Path | None = None) -> list[Source]:
    """The scenes in a folder, sorted by name.

    Args:
        root: Folder of scenes.
        aligned: Results of reconstruction_align2.py for them, if its frames are to be packed.

    Raises:
        SceneError: There are no scenes, or one has not been aligned.
    """
    found = (_source(folder, root, aligned) for folder in folders.find_scenes(root))
    return sorted(found, key=lambda source: source.name)


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
    held_out = validation_positions(len(sources), validation_scenes)
    if hold_out:
        named = [any(part in source.name for part in hold_out) for source in sources]
        held_out = {position for position, chosen in enumerate(named) if chosen}
        if not held_out:
            raise ValueError(f"hold_out must name some scenes. Received: {tuple(hold_out)}")
    if len(held_out) >= len(sources):
        raise ValueError(
            f"Of {len(sources)} scenes some must be left for training; make more, or hold out"
            f" fewer (--validation-scenes 1). Received: {len(held_out)} held out for validation"
        )
    splits: dict[Split, list[Source]] = {"training": [], "validation": []}
    for position, source in enumerate(sources):
        splits["validation" if position in held_out else "training"].append(source)
    planned = []
    for split, chosen in splits.items():
        starts = range(0, len(chosen), scenes_per_shard)
        for number, start in enumerate(starts):
            name = f"{split}-{number:05d}-of-{len(starts):05d}{shards.SUFFIX}"
            of_shard = tuple(chosen[start : start + scenes_per_shard])
            planned.append(Shard(name=name, split=split, sources=of_shard))
    return planned


def validation_positions(count: int, held_out: int) -> set[int]:
    """Positions in `range(count)` of the held-out scenes: the middles of equal sections."""
    held_out = min(held_out, count)
    return {(2 * index + 1) * count // (2 * held_out) for index in range(held_out)}


def _source(folder: Path, root: Path, results: Path | None) -> Source:
    name = folders.scene_name(folder, root)
    files = [path for path in folder.iterdir() if path.is_file()]
    aligned = None
    if results is not None:
        low, high = (paths.aligned_file(results, name, side) for side in paths.ALIGNMENT)
        for path in (low, high):
            if not path.is_file():
                raise SceneError(
                    f"Scene {name} has not been aligned; reconstruction_align2.py does it."
                    f" Received: no {path}"
                )
        aligned = (low, high)
    size = sum(path.stat().st_size for path in (*files, *(aligned or ())))
    return Source(name=name, folder=folder, size=size, aligned=aligned)
