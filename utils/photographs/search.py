"""Finds what can be reconstructed below a folder: scenes of data sets, folders of photographs.

A folder of photographs is one without ground truth whose pictures are not laid out as a data set
lays them out: see `is_photographs`.
"""

import dataclasses
import warnings
from pathlib import Path
from typing import Literal

from PIL import Image

from utils.images.radiance_maps import RADIANCE_SUFFIXES
from utils.photographs.camera_files import PHOTO_SUFFIXES
from utils.photographs.exif import Exposure
from utils.scenes.layouts import FRAME_COUNT, find_files, is_other_moment, is_scene
from utils.scenes.scene import SceneError
from utils.scenes.tree import walk

Kind = Literal["scene", "photographs", "results", "nothing"]

_RESULT_FILES = ("report.html", "prealign.json", "metrics.csv", "aligned.csv")
_TIFF = frozenset({".tif", ".tiff"})


@dataclasses.dataclass(frozen=True, order=True, kw_only=True)
class Found:
    """A folder that can be reconstructed."""

    folder: Path
    """Where it is."""
    kind: Kind
    """`scene` of a data set, or `photographs`."""


def find_brackets(root: Path) -> list[Found]:
    """Finds the scenes of data sets and the folders of photographs in a folder, at any depth.

    Nothing is looked for in folders of results, and below a scene only photographs. See
    `utils.scenes.tree.walk` for links and locked folders.

    Args:
        root: A folder of such folders, or one of them.

    Returns:
        What was found, sorted by folder.

    Raises:
        SceneError: There is no such folder, or nothing in it.
    """
    if not root.is_dir():
        raise SceneError(f"There is no folder of scenes. Received: {root}")
    kinds = dict[Path, Kind]()
    in_scenes = set[Path]()
    for folder in walk(root, lambda folder: kinds[folder] == "results"):
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
        there_is = "only results" if "results" in kinds.values() else "none"
        raise SceneError(
            f"A scene is a folder of {FRAME_COUNT} frames with their exposures; there is"
            f" {there_is}. Received: {root}"
        )
    return sorted(found)


def kind_of(folder: Path) -> Kind:
    """What a folder is: its pictures, and what lies beside them, say it."""
    if any((folder / name).exists() for name in _RESULT_FILES):
        return "results"
    if is_photographs(folder):
        return "photographs"
    return "scene" if is_scene(folder) else "nothing"


def is_photographs(folder: Path) -> bool:
    """True if the pictures of a folder are photographs and not a data set's scene.

    They are if there are two or more and no radiance map beside them. A data set's scene without
    truth is told from them by its exposure file beside three frames of a data set's name, or three
    TIFF files without EXIF.
    """
    paths = photograph_paths(folder)
    if len(paths) < 2 or any(p.suffix.lower() in RADIANCE_SUFFIXES for p in folder.iterdir()):
        return False
    if is_other_moment(folder):
        return False
    files = find_files(folder)
    if files.exposures is None or len(files.frames) != FRAME_COUNT or len(paths) != FRAME_COUNT:
        return True
    named = files.layout not in {"Kalantari", "Sen", "Tursun"}
    tiffs = all(path.suffix.lower() in _TIFF for path in paths)
    return not named and not (tiffs and not _has_shutter_time(paths[0]))


def photograph_paths(folder: Path) -> list[Path]:
    """Files of a folder that are photographs by their suffix, by name; hidden ones left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES and path.name[0] != "." and path.is_file()
    )


def _has_shutter_time(path: Path) -> bool:
    """Whether a picture's EXIF has one; its pixels are not decoded."""
    try:
        with warnings.catch_warnings(), Image.open(path) as image:
            warnings.simplefilter("ignore")
            return Exposure.of(image.getexif()).time is not None
    except Exception:  # reading it says what is wrong with the file
        return False
