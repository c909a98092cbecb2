"""Shards of a run: processes that share its scenes, in one results folder, and their joining.

    RESULTS/.shards/2-of-4/.esbn.lock    process of `--shard 2/4` (utils/files.py)
    RESULTS/.shards/2-of-4/NAME.json     its share of the tables and of the report

Results of scenes appear where those of a run without shards do; `--report` writes the rest.
"""

import contextlib
import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from utils import files
from utils.files import printable

Item = TypeVar("Item")

FOLDER = ".shards"

_MOST = 2**30  # bytes of a share, with its pictures for the report


@contextlib.contextmanager
def lock(results: Path, shard: str | None) -> Iterator[Callable[[Iterable[Item]], Iterator[Item]]]:
    """Locks the results folder for this shard, or for a run without shards.

    Shards of one count exclude only themselves. Finished ones of another count are removed.

    Args:
        results: Results folder; made if missing.
        shard: `2/4`; None: a run without shards.

    Yields:
        The function of `utils.files.lock`.

    Raises:
        LockedError: The shard, one of another count, or a run without shards works there.
        OSError: See `utils.files.lock`.
    """
    own = _folder(results, shard) if shard else results
    with files.lock(own) as while_locked:
        others = _folders(results)
        if shard:
            others -= _folders(results, shard.partition("/")[2])
        for folder in {results, *others} - {own}:
            files.require_unlocked(folder)
        if shard:
            for folder in others:
                files.remove(folder)
        yield while_locked


def write(results: Path, shard: str, name: str, settings: str, done: Mapping[str, Any]) -> None:
    """Writes a shard's share of the tables.

    Args:
        results: Results folder.
        shard: `2/4`.
        name: Name of the file, one for each script.
        settings: Settings that all shards must have in common.
        done: Lists, see `read`; may hold dataclasses and arrays.
    """
    text = json.dumps({"settings": settings, **done}, default=_plain)
    files.write_text(_folder(results, shard) / f"{name}.json", text)


def read(results: Path, name: str, settings: str, scenes: Sequence[str]) -> dict[str, list[Any]]:
    """Joins the shares of all shards.

    Args:
        results: Results folder.
        name: Name of the shares.
        settings: Settings that the shards had.
        scenes: Names of all scenes, in order. Items are sorted by the scene that they name: the
            first of a list, `name` of a dictionary; texts stay in the order of the shards.

    Raises:
        ValueError: There are no shards, one has not finished or had other settings.
    """
    found = [path.parent.name for path in (results / FOLDER).glob(f"*-of-*/{name}.json")]
    count = int(found[0].rpartition("-")[2]) if found else 0
    shards = [f"{number}/{count}" for number in range(1, count + 1)]
    paths = {shard: _folder(results, shard) / f"{name}.json" for shard in shards}
    missing = [shard for shard, path in paths.items() if not path.is_file()]
    if missing or not found:
        raise ValueError(
            "--report joins what all shards have finished; run those that are missing (--shard)."
            f" Received: {', '.join(missing) or f'no shards in {results}'}"
        )
    shares = {shard: files.read_json(path, _MOST) for shard, path in paths.items()}
    for shard, share in shares.items():
        if (other := share.pop("settings", None)) != settings:
            raise ValueError(
                f"--report needs the settings of the shards; shard {shard} had {other}."
                f" Received: {settings}"
            )
    places = {printable(scene): place for place, scene in enumerate(scenes)}

    def place(item: str | list[Any] | dict[str, Any]) -> int:
        if isinstance(item, str):
            return 0
        named = item["name"] if isinstance(item, dict) else item[0]
        return places.get(printable(named), len(places))

    keys = next(iter(shares.values()))
    joined = {key: [item for share in shares.values() for item in share[key]] for key in keys}
    return {key: sorted(items, key=place) for key, items in joined.items()}


def _folder(results: Path, shard: str) -> Path:
    return results / FOLDER / shard.replace("/", "-of-")


def _folders(results: Path, count: str = "*") -> set[Path]:
    return set((results / FOLDER).glob(f"*-of-{count}"))


def _plain(value: Any) -> Any:  # noqa: ANN401
    return (
        value.tolist() if isinstance(value, np.ndarray | np.generic) else dataclasses.asdict(value)
    )
