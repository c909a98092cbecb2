"""Many synthetic scenes: radiance maps from a folder, processes side by side, scenes on disk.

Scene `i` of a seed depends on the seed, on `i` and on the maps, on nothing else: a folder may be
filled in several runs, with any number of processes, and comes out the same.
"""

import concurrent.futures
import dataclasses
import functools
import json
import multiprocessing
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from configs.settings import ScenesConfig
from utils import files
from utils.images import radiance_maps
from utils.scenes import folders
from utils.synthesis.dynamic_scene import random_scene
from utils.synthesis.views import prepare_map

SETTINGS_FILE = "make_scenes.json"
"""Beside the scenes: what they were made with."""

_CACHE_BYTES = 2**29  # of decoded maps in each process; 80 maps of 1024x512


def make_scenes(config: ScenesConfig) -> int:
    """Makes the scenes that are not there yet.

    Args:
        config: Settings; scenes go to folders `00001`, `00002`, .. of `config.scenes`.

    Returns:
        Number of scenes made.

    Raises:
        ValueError: There is no usable map, or the folder holds scenes of another kind.
    """
    paths = find_maps(config)
    _claim_folder(config, paths)
    missing = [i for i in range(config.count) if not scene_folder(config, i).exists()]
    job = functools.partial(_make_scene, config, tuple(paths))
    with tqdm(total=config.count, initial=config.count - len(missing), unit="scene") as bar:
        if config.workers == 1:
            for index in missing:
                job(index)
                bar.update()
        else:
            with concurrent.futures.ProcessPoolExecutor(
                min(config.workers, len(missing)) or 1,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=cv2.setNumThreads,
                initargs=(1,),
            ) as pool:
                for _ in pool.map(job, missing):
                    bar.update()
    return len(missing)


def find_maps(config: ScenesConfig) -> list[Path]:
    """The radiance maps a config names, sorted.

    Raises:
        ValueError: There is none.
    """
    found = sorted(
        path
        for path in config.radiance.rglob("*")
        if path.suffix.lower() in radiance_maps.RADIANCE_SUFFIXES
        and (not config.include or any(part in path.name for part in config.include))
        and not any(part in path.name for part in config.exclude)
    )
    if not found:
        raise ValueError(
            f"There are no radiance maps (.hdr, .exr) with these names. Received:"
            f" radiance={config.radiance}, include={config.include}, exclude={config.exclude}"
        )
    return found


def scene_folder(config: ScenesConfig, index: int) -> Path:
    """Folder of scene `index`, counted from 0."""
    return config.scenes / f"{index + 1:05d}"


class MapCache:
    """Prepared radiance maps; the least recently used leave when memory is short."""

    def __init__(self, paths: Sequence[Path], capacity: int = _CACHE_BYTES) -> None:
        self._paths = paths
        self._capacity = capacity
        self._maps: dict[int, np.ndarray] = {}

    def load(self, index: int) -> np.ndarray:
        """Map number `index` as `views.prepare_map` gives it.

        Raises:
            ValueError: The file is unreadable or holds values that are no radiance.
        """
        log_map = self._maps.pop(index, None)
        if log_map is None:
            try:
                log_map = prepare_map(radiance_maps.read_radiance(self._paths[index]))
            except ValueError as error:
                raise ValueError(f"{self._paths[index].name}: {error}") from error
        self._maps[index] = log_map
        while len(self._maps) > 1 and sum(m.nbytes for m in self._maps.values()) > self._capacity:
            del self._maps[next(iter(self._maps))]
        return log_map


_map_cache = functools.lru_cache(maxsize=1)(MapCache)  # one a process


def _make_scene(config: ScenesConfig, paths: tuple[Path, ...], index: int) -> None:
    rng = np.random.default_rng([config.seed, index])
    scene = random_scene(
        _map_cache(paths).load,
        len(paths),
        rng,
        height=config.height,
        width=config.width,
        static=rng.random() < config.static_share,
        exposure_steps=config.exposure_steps,
        gamma_spread=config.gamma_spread,
    )
    background, *objects = (paths[source].name for source in scene.sources)
    folders.write_scene(
        scene_folder(config, index),
        ldr=scene.ldr,
        exposure_values=scene.exposure_values,
        hdr=scene.hdr,
        source="".join([f"background {background}\n", *(f"object {name}\n" for name in objects)]),
    )


def _claim_folder(config: ScenesConfig, paths: Sequence[Path]) -> None:
    """Writes the settings beside the scenes, or checks that they are those of the scenes there."""
    path = config.scenes / SETTINGS_FILE
    settings = json.loads(json.dumps(dataclasses.asdict(config), default=str))
    for free in ("radiance", "scenes", "count", "workers", "include", "exclude"):
        del settings[free]
    settings["maps"] = [path.name for path in paths]
    if path.exists():
        before = json.loads(path.read_text())
        changed = set(settings["maps"]) ^ set(before.pop("maps"))
        if changed:
            raise ValueError(
                f"{config.scenes} holds scenes made of other maps; choose another folder."
                f" Received: {len(changed)} more or less, one of them {min(changed)}"
            )
        del settings["maps"]
        for name in sorted(settings.keys() | before.keys()):
            value = settings.get(name)
            if before.get(name) != value:
                raise ValueError(
                    f"{config.scenes} holds scenes made with another {name}; choose another"
                    f" folder. Received: {value}, before: {before.get(name)}"
                )
    elif config.scenes.exists() and any(p.is_dir() for p in config.scenes.iterdir()):
        raise ValueError(
            f"Made scenes are kept apart from others; choose an empty folder."
            f" Received: {config.scenes}"
        )
    else:
        files.write_text(path, json.dumps(settings, indent=2) + "\n")
