"""Finds radiance maps and photographs to make scenes of, and keeps decoded ones in memory."""

import dataclasses
import operator
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import cachetools
import numpy as np

from lab.settings import ScenesConfig
from lab.synthesis.highlights import photograph_radiance
from lab.synthesis.views import prepare_map
from utils.images import frames, radiance_maps
from utils.radiometry import levels
from utils.scenes.tree import walk

Kind = Literal["sharp", "photograph", "small"]
"""Kind of a source: a large radiance map, a large photograph, or a small one of either."""

_SHARP_BYTES = {True: 2**22, False: 2**17}
"""Least file of a large radiance map (2048x1024 and more), and of a large photograph."""


def find_maps(config: ScenesConfig) -> list[Path]:
    """The radiance maps a config names, sorted by name.

    Raises:
        ValueError: A folder is missing, or has none.
    """
    found = []
    for folder in config.radiance:
        if not folder.is_dir():
            raise ValueError(f"There is no folder of radiance maps. Received: radiance={folder}")
        found += _chosen(folder, radiance_maps.RADIANCE_SUFFIXES, config)
    if not found:
        raise ValueError(
            f"There are no radiance maps (.hdr, .exr) with these names. Received: radiance="
            f"{' '.join(map(str, config.radiance))}, include={config.include},"
            f" exclude={config.exclude}"
        )
    return sorted(found, key=lambda path: path.name)


def find_photographs(config: ScenesConfig) -> list[Path]:
    """The photographs a config names, sorted by name; none if it names no folder.

    Raises:
        ValueError: The folder is missing, or has none whatever their names.
    """
    if config.photographs is None:
        return []
    everything = dataclasses.replace(config, include=(), exclude=())
    if not _chosen(config.photographs, frames.LDR_SUFFIXES, everything):
        there = _what_is_there(config.photographs)
        raise ValueError(
            f"There are no photographs (.jpg, .png, .tif) in this folder; name another, or leave"
            f" --photographs out. Received: {config.photographs}{there}"
        )
    found = _chosen(config.photographs, frames.LDR_SUFFIXES, config)
    return sorted(found, key=lambda path: path.name)


def _what_is_there(folder: Path) -> str:
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return f", which holds {', '.join(names[:3])}" if names else ""


def _chosen(folder: Path, suffixes: frozenset[str], config: ScenesConfig) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for place in walk(folder, Path.is_symlink)
        if place == folder or not place.is_symlink()
        for path in place.iterdir()
        if path.suffix.lower() in suffixes
        and (not config.include or any(part in path.name for part in config.include))
        and not any(part in path.name for part in config.exclude)
    )


def kind_of(path: Path) -> Kind:
    """The kind of a source of pictures; its size shows in its file's, without decoding it."""
    is_map = path.suffix.lower() in radiance_maps.RADIANCE_SUFFIXES
    if path.stat().st_size < _SHARP_BYTES[is_map]:
        return "small"
    return "sharp" if is_map else "photograph"


def keep_maps(
    paths: Sequence[Path], capacity: int, dtype: type[np.floating] = np.float32
) -> Callable[[int], np.ndarray]:
    """Returns a function that loads map number `index` as `views.prepare_map` gives it.

    Photographs come with expanded highlights. The maps used last stay in memory.

    Args:
        paths: Files of the maps and photographs.
        capacity: Bytes to keep; a larger map is read anew each time.
        dtype: Type of the logarithms.

    Raises:
        ValueError: Of the function: the file is unreadable or holds values that are no radiance.
    """

    @cachetools.cached(cachetools.LRUCache(capacity, getsizeof=operator.attrgetter("nbytes")))
    def load(index: int) -> np.ndarray:
        path = paths[index]
        try:
            return prepare_map(_read(path), dtype)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error

    return load


def _read(path: Path) -> np.ndarray:
    if path.suffix.lower() in radiance_maps.RADIANCE_SUFFIXES:
        return radiance_maps.read_radiance(path)
    return photograph_radiance(levels.to_8bit(frames.read_ldr(path)))
