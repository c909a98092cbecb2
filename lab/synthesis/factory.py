"""Writes synthetic scenes to a folder, with several processes.

Scene `i` depends on the seed, on `i` and on the maps and photographs only: a folder may be filled
in several runs, with any number of processes, and gets the same bytes.
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
from lab.synthesis.backgrounds import LoadMap
from lab.synthesis.dynamic_scene import random_scene
from lab.synthesis.maps import Kind, cached_maps, find_maps, find_photographs, kind_of
from utils import files
from utils.scenes import folders

SETTINGS_FILE = "make_scenes.json"
"""Settings and maps, beside the scenes."""

_CACHE_BYTES = 2**31
"""Cache of decoded maps in each process: 40 maps of 4096x2048."""


def make_scenes(config: ScenesConfig) -> int:
    """Makes the missing scenes.

    Args:
        config: Settings; scenes go to folders `00001`, `00002`, .. in `config.scenes`.

    Returns:
        Number of scenes made.

    Raises:
        ValueError: No map is usable, or the folder holds other scenes.
        LockedError: Another process is writing to the folder.
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
                with _postponed_interrupts():  # the first jobs start the workers
                    first = [pool.submit(job, index) for index in missing[: config.workers]]
                try:
                    rest = pool.map(job, missing[config.workers :])
                    for _ in itertools.chain((future.result() for future in first), rest):
                        bar.update()
                except KeyboardInterrupt:
                    pool.shutdown(cancel_futures=True)  # finishes the scenes in progress
                    raise
    return len(missing)


def scene_folder(config: ScenesConfig, index: int) -> Path:
    """Folder of scene `index`, starting at 0."""
    return config.scenes / f"{index + 1:05d}"


@functools.lru_cache(maxsize=1)  # one per process
def _maps(paths: tuple[Path, ...]) -> tuple[LoadMap, tuple[Kind, ...]]:
    return cached_maps(paths, _CACHE_BYTES), tuple(kind_of(path) for path in paths)


def _start_worker() -> None:
    """Limits OpenCV to one thread, and ends the worker with its parent, even a killed one."""
    cv2.setNumThreads(1)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextlib.contextmanager
def _postponed_interrupts() -> Iterator[None]:
    """Delays Ctrl-C; processes started meanwhile inherit the mask and ignore it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _make_scene(config: ScenesConfig, paths: tuple[Path, ...], index: int) -> None:
    rng = np.random.default_rng([config.seed, index])
    static = rng.random() < config.static_share
    scene = random_scene(
        *_maps(paths),
        rng,
        height=config.height,
        width=config.width,
        static=static,
        exposure_steps=config.exposure_steps,
        gamma_spread=config.gamma_spread,
        camera_defects=config.camera_defects,
        kind=config.cameras,
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
    """Writes the settings, or compares them with those of the existing scenes."""
    path = config.scenes / SETTINGS_FILE
    settings = json.loads(json.dumps(dataclasses.asdict(config), default=str))
    for free in ("radiance", "photographs", "scenes", "count", "workers", "include", "exclude"):
        del settings[free]
    settings["maps"] = [path.name for path in paths]
    if path.exists():
        before = files.read_json(path)
        maps = before.pop("maps", None)
        if not isinstance(maps, list) or not all(isinstance(name, str) for name in maps):
            raise ValueError(f"{path} must list the maps. Received: {maps!r}")
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
            f"Synthetic scenes need a folder of their own; choose an empty one."
            f" Received: {config.scenes}"
        )
    else:
        files.write_text(path, json.dumps(settings, indent=2) + "\n")
