"""Finds radiance maps and photographs for synthetic scenes, and caches decoded ones."""

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
"""A large radiance map, a large photograph, or a small file of either."""

_SHARP_BYTES = {True: 2**22, False: 2**17}
"""File size of a large radiance map (2048x1024 and more; True), of a large photograph (False)."""


def find_maps(config: ScenesConfig) -> list[Path]:
    """The radiance maps selected by a config, sorted by name.

    Raises:
        ValueError: A folder is missing, or no map is selected.
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
    """The photographs selected by a config, sorted by name; empty without a folder.

    Raises:
        ValueError: The folder is missing or holds no photographs.
    """
    if config.photographs is None:
        return []
    everything = dataclasses.replace(config, include=(), exclude=())
    if not _chosen(config.photographs, frames.LDR_SUFFIXES, everything):
        there = _what_is_there(config.photographs)
        raise ValueError(
            f"No photographs (.jpg, .png, .tif) in this folder; choose another, or omit"
            f" --photographs. Received: {config.photographs}{there}"
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
    """Kind of a picture file, by file size, without decoding it."""
    is_map = path.suffix.lower() in radiance_maps.RADIANCE_SUFFIXES
    if path.stat().st_size < _SHARP_BYTES[is_map]:
        return "small"
    return "sharp" if is_map else "photograph"


def cached_maps(paths: Sequence[Path], capacity: int) -> Callable[[int], np.ndarray]:
    """A function that loads a map by index, prepared by `views.prepare_map`.

    The highlights of photographs are expanded. The most recently used maps stay in memory.

    Args:
        paths: Files of the maps and photographs.
        capacity: Size of the cache in bytes; a larger map is read each time.

    Raises:
        ValueError: (From the function) the file is unreadable or its values are not radiance.
    """

    @cachetools.cached(cachetools.LRUCache(capacity, getsizeof=operator.attrgetter("nbytes")))
    def load(index: int) -> np.ndarray:
        path = paths[index]
        try:
            return prepare_map(_read(path))
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error

    return load


def _read(path: Path) -> np.ndarray:
    if path.suffix.lower() in radiance_maps.RADIANCE_SUFFIXES:
        return radiance_maps.read_radiance(path)
    return photograph_radiance(levels.to_8bit(frames.read_ldr(path)))
