"""Finds scenes of data sets and folders of photographs."""

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PIL import Image

from photo.reading.camera_files import PHOTO_SUFFIXES
from photo.reading.exif import Exposure
from utils.scenes.layouts import (
    FRAME_COUNT,
    RESULT_NAMES,
    find_files,
    is_other_moment,
    is_scene,
)
from utils.scenes.scene import SceneError
from utils.scenes.tree import natural_key, walk

Kind = Literal["scene", "photographs", "results", "nothing"]

_RESULT_MARKS = ("report.html", "metrics.csv", "aligned.csv", "sheet.png", "aligned_low.png")
_TIFF = frozenset({".tif", ".tiff"})


@dataclasses.dataclass(frozen=True, order=True, kw_only=True)
class Found:
    """A folder that can be reconstructed."""

    folder: Path
    kind: Kind
    files: tuple[Path, ...] = ()
    """Photographs that the user named, or one of several brackets; empty: all of the folder."""
    name: str = ""
    """Name of one of several brackets; empty: named after the folder or the files."""


def find(places: Sequence[Path]) -> tuple[Path, list[Found]]:
    """Finds scenes in a folder, or takes the named photographs as one bracket.

    Args:
        places: A folder, or three photographs or more.

    Returns:
        The folder that scenes are named relative to, and the scenes.

    Raises:
        SceneError: They are neither, or the folder holds no scene.
    """
    if len(places) == 1 and not places[0].is_file():
        return places[0], find_brackets(places[0])
    listed = " ".join(map(str, places)) or "nothing"
    if len(places) < FRAME_COUNT:
        raise SceneError(
            f"A bracket needs {FRAME_COUNT} photographs of different exposure: name them all, or"
            f" their folder. Received: {listed}"
        )
    for place in places:
        if not place.is_file() or place.suffix.lower() not in PHOTO_SUFFIXES:
            raise SceneError(
                "--scenes takes one folder, or the photographs of one bracket."
                f" Received: {place}, which is {_kind_of_place(place)}"
            )
    folder = places[0].parent
    return folder, [Found(folder=folder, kind="photographs", files=tuple(places))]


def _kind_of_place(place: Path) -> str:
    if place.is_dir():
        return "a folder"
    return "no photograph" if place.exists() else "missing"


def find_brackets(root: Path) -> list[Found]:
    """Finds the scenes of data sets and the folders of photographs in a folder, at any depth.

    Results are skipped, also beside the photographs; below a scene only photographs count. See
    `utils.scenes.tree.walk` for links and unreadable folders.

    Args:
        root: A folder of such folders, or one of them.

    Returns:
        The scenes, by folder in natural order.

    Raises:
        SceneError: The folder does not exist or has no scene.
    """
    if not root.is_dir():
        raise SceneError(f"No such file or folder. Received: {root}")
    kinds = dict[Path, Kind]()
    in_scenes = set[Path]()
    for folder in walk(root, lambda _: False):
        kind = kind_of(folder)
        below = folder.parent in in_scenes
        if below or kind == "scene":
            in_scenes.add(folder)
        kinds[folder] = "nothing" if below and kind == "scene" else kind
    found = [
        Found(folder=folder, kind=kind)
        for folder, kind in kinds.items()
        if kind in {"scene", "photographs"}
    ]
    if not found:
        there_is = "no photographs"
        if "results" in kinds.values():
            there_is = f"only results, with fewer than {FRAME_COUNT} photographs beside them"
        raise SceneError(
            f"There is nothing to merge: {there_is}. A bracket is a folder of {FRAME_COUNT} or more"
            " photographs whose exposures are in EXIF, exposure.txt or --exposures; a data set's"
            f" scene is a folder of {FRAME_COUNT} frames with exposure.txt. Received: {root}"
        )
    return sorted(found, key=lambda one: [natural_key(part) for part in one.folder.parts])


def kind_of(folder: Path) -> Kind:
    """The kind of a folder, by its files."""
    if is_photographs(folder):
        return "photographs"
    if is_scene(folder):
        return "scene"
    return "results" if _has_results(folder) else "nothing"


def is_photographs(folder: Path) -> bool:
    """True if the pictures of a folder are photographs and not a data set's scene.

    There must be two or more, beside results three, and no ground truth. A data set's scene without
    truth has an exposure file beside three frames with a data set's names, or beside three TIFF
    files without EXIF.
    """
    paths = photograph_paths(folder)
    files = find_files(folder)
    fewest = FRAME_COUNT if _has_results(folder) else 2  # results may have been edited
    if len(paths) < fewest or files.truth is not None or is_other_moment(folder):
        return False
    if files.exposures is None or len(files.frames) != FRAME_COUNT or len(paths) != FRAME_COUNT:
        return True
    named = files.layout not in {"Kalantari", "Sen", "Tursun"}
    tiffs = all(path.suffix.lower() in _TIFF for path in paths)
    return not named and not (tiffs and not _has_shutter_time(paths[0]))


def photograph_paths(folder: Path) -> list[Path]:
    """Files of a folder with a photograph's suffix, by name, without hidden ones and results."""
    ignored = RESULT_NAMES if _has_results(folder) else frozenset[str]()
    photographs = (
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES and path.name[0] != "." and path.is_file()
    )
    found = (path for path in photographs if path.name not in ignored)
    return sorted(found, key=lambda path: natural_key(path.name))


def _has_results(folder: Path) -> bool:
    return any((folder / name).exists() for name in _RESULT_MARKS)


def _has_shutter_time(path: Path) -> bool:
    """True if a picture's EXIF has a shutter time; pixels are not decoded."""
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            return Exposure.of(image.getexif()).time is not None
    except Exception:  # reported when it is read
        return False
