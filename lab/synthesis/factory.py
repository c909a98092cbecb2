"""Many synthetic scenes: radiance maps from folders, processes side by side, scenes on disk.

Scene `i` of a seed depends on the seed, on `i` and on the maps and photographs, on nothing else: a
folder may be filled in several runs, with any number of processes, and comes out the same.
"""

import concurrent.futures
import contextlib
import dataclasses
import functools
import itertools
import json
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from lab.settings import ScenesConfig
from lab.synthesis import dynamic_scene, sharp_scenes
from lab.synthesis.backgrounds import LoadMap
from lab.synthesis.maps import Kind, find_maps, find_photographs, keep_maps, kind_of
from utils import files
from utils.scenes import folders

SETTINGS_FILE = "make_scenes.json"
"""Beside the scenes: what they were made with."""

_CACHE_BYTES = {1: 2**29, 2: 2**31}
"""Of decoded maps in each process: 80 maps of 1024x512; or 40 of 4096x2048 at half precision."""


def make_scenes(config: ScenesConfig) -> int:
    """Makes the scenes that are not there yet.

    Args:
        config: Settings; scenes go to folders `00001`, `00002`, .. of `config.scenes`.

    Returns:
        Number of scenes made.

    Raises:
        ValueError: There is no usable map, or the folder holds scenes of another kind.
        LockedError: Another process makes scenes in the folder.
    """
    paths = [*find_maps(config), *find_photographs(config)]
    with files.lock(config.scenes):
        _claim_folder(config, paths)
        return _make_missing(config, paths)


def _make_missing(config: ScenesConfig, paths: Sequence[Path]) -> int:
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
                initializer=_start_worker,
            ) as pool:
                with _postponed_interrupts():  # the first jobs start the processes
                    first = [pool.submit(job, index) for index in missing[: config.workers]]
                try:
                    rest = pool.map(job, missing[config.workers :])
                    for _ in itertools.chain((future.result() for future in first), rest):
                        bar.update()
                except KeyboardInterrupt:
                    pool.shutdown(cancel_futures=True)  # the scenes that are begun are finished
                    raise
    return len(missing)


def scene_folder(config: ScenesConfig, index: int) -> Path:
    """Folder of scene `index`, counted from 0."""
    return config.scenes / f"{index + 1:05d}"


@functools.lru_cache(maxsize=1)  # one a process
def _loader(paths: tuple[Path, ...], generator: int) -> LoadMap:
    dtype = np.float32 if generator == 1 else np.float16
    return keep_maps(paths, _CACHE_BYTES[generator], dtype)


@functools.lru_cache(maxsize=1)
def _kinds(paths: tuple[Path, ...]) -> tuple[Kind, ...]:
    return tuple(kind_of(path) for path in paths)


def _start_worker() -> None:
    """Leaves a process one thread of OpenCV's, and a watch that ends it when its parent has ended.

    A parent that is killed could not end it, and it would go on beside the next run.
    """
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _postponed_interrupts() -> Iterator[None]:
    """Starts processes that a Ctrl-C leaves alone: it is for the one that started them.

    That one gets it when the context ends; the others inherit that they do not.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _make_scene(config: ScenesConfig, paths: tuple[Path, ...], index: int) -> None:
    rng = np.random.default_rng([config.seed, index])
    load_map = _loader(paths, config.generator)
    static = rng.random() < config.static_share
    if config.generator == 1:
        random_scene = functools.partial(dynamic_scene.random_scene, load_map, len(paths), rng)
    else:
        random_scene = functools.partial(
            sharp_scenes.random_scene,
            load_map,
            _kinds(paths),
            rng,
            camera_defects=config.camera_defects,
        )
    scene = random_scene(
        height=config.height,
        width=config.width,
        static=static,
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
    for free in ("radiance", "photographs", "scenes", "count", "workers", "include", "exclude"):
        del settings[free]
    settings["maps"] = [path.name for path in paths]
    if path.exists():
        before = files.read_json(path)
        maps = before.pop("maps", None)
        if not isinstance(maps, list) or not all(isinstance(name, str) for name in maps):
            raise ValueError(f"{path} must name the maps. Received: {maps!r}")
        changed = set(settings["maps"]) ^ set(maps)
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
