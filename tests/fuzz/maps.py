"""Bad radiance maps and photographs to make scenes of."""

import dataclasses
from pathlib import Path

import numpy as np

from lab import make_scenes
from lab.settings import ScenesConfig
from lab.synthesis.factory import SETTINGS_FILE
from tests import photos
from tests.fuzz import pictures
from tests.fuzz.doors import enter
from tests.fuzz.frames_and_photographs import odd_values
from tests.fuzz.names import odd_name
from tests.fuzz.randomness import Random, pick
from tests.fuzz.runs import damage_json
from tests.fuzz.spoiling import spoil
from tests.fuzz.trees import spoil_tree
from tests.fuzz.whole_runs import Judged
from utils.files import printable
from utils.scenes.folders import read_scene

_COUNT = 2


def case(place: Path, random: Random) -> Judged:
    """One good map, and a map, photograph, folder or settings file that is bad."""
    radiance = _map(random)
    (place / "maps").mkdir()
    good = f"{odd_name(random).lstrip('.')}good.hdr" if random.random() < 0.2 else "good.hdr"
    pictures.hdr(place / "maps" / good, radiance, random)
    config = ScenesConfig(
        radiance=(place / "maps",),
        scenes=place / "scenes",
        count=_COUNT,
        height=32,
        width=32,
        workers=1,
        seed=int(random.integers(1000)),
    )
    chance = random.random()
    names = ""
    if chance < 0.45:
        kind = pick(random, list(pictures.MAPS))
        write, suffix = pictures.MAPS[kind]
        path = place / "maps" / f"bad{suffix}"
        if random.random() < 0.3:
            what, odd = odd_values(radiance, random)
            write(path, np.clip(np.nan_to_num(odd), 0, 6e4), random)
        else:
            write(path, radiance, random)
            what, path = spoil(path, random)
        what, names = f"map, {kind}: {what}", "bad"
    elif chance < 0.75:
        (place / "photographs").mkdir()
        kind = pick(random, list(pictures.FRAMES))
        writer, suffixes = pictures.FRAMES[kind]
        path = place / "photographs" / f"bad{suffixes[0]}"
        writer(path, photos.sample((64, 48))[1], photos.exif(), random)
        what, path = spoil(path, random)
        config = dataclasses.replace(config, photographs=place / "photographs")
        what, names = f"photograph, {kind}: {what}", "bad" if path.exists() else ""
    elif chance < 0.9:
        what = spoil_tree(place / "maps", place / "maps", random)
    else:
        what = SETTINGS_FILE
        enter(make_scenes.main, dataclasses.replace(config, count=1))
        damage_json(place / "scenes" / SETTINGS_FILE, random)
        names = str(place / "scenes")
    ran = enter(make_scenes.main, config, place / "maps")
    fault = "" if names else _fault(place, printable(good), ran.code)
    return Judged(what=what, ran=ran, names=names, fault=fault or _halves(place / "scenes"))


def _map(random: Random) -> np.ndarray:
    noise = random.random((8, 16, 3), np.float32) ** 4
    return np.kron(noise, np.ones((8, 8, 1), np.float32)) + np.float32(1e-3)


def _fault(place: Path, good: str, code: int) -> str:
    del good
    if not code and len(list((place / "scenes").glob("0*"))) != _COUNT:
        return "accepted, but scenes are missing"
    return ""


def _halves(scenes: Path) -> str:
    """Scenes that are there must be whole."""
    for folder in scenes.glob("0*") if scenes.is_dir() else ():
        if read_scene(folder).hdr is None:
            return f"{folder.name} is not whole"
    return ""
