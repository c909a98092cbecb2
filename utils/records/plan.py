"""Plans the records of a folder of scenes: the split and the shard of each scene."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from utils.records import aligned_results, shards
from utils.records.shards import Split
from utils.scenes import folders


@dataclasses.dataclass(frozen=True, kw_only=True)
class Source:
    """A scene to be packed."""

    name: str
    """Name in the records."""
    folder: Path
    """Folder of its files."""
    size: int
    """Size of its files and of its aligned frames, in bytes."""
    aligned: tuple[Path, Path] | None = None
    """Aligned low and high frame, packed in place of its own."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shard:
    """A shard to be written."""

    name: str
    """File name."""
    split: Split
    """Use of its scenes."""
    sources: tuple[Source, ...]
    """Its scenes in order."""


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
            f"Of {len(sources)} scenes some must be left for training; make more, or hold out"
            f" fewer (--validation-scenes 1). Received: {len(held_out)} held out for validation"
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


def _source(folder: Path, root: Path, results: Path | None) -> Source:
    name = folders.scene_name(folder, root)
    files = [path for path in folder.iterdir() if path.is_file()]
    aligned = None if results is None else aligned_results.find(results, name)
    size = sum(path.stat().st_size for path in (*files, *(aligned or ())))
    return Source(name=name, folder=folder, size=size, aligned=aligned)


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
