"""A folder of photographs as a scene: any camera, any size, any exposure step, no ground truth.

A folder of photographs is one without ground truth whose pictures are not laid out as a data set
lays them out: see `is_photographs`.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from configs.settings import PrealignmentName
from utils.images.radiance_maps import RADIANCE_SUFFIXES
from utils.photographs.camera_files import PHOTO_SUFFIXES, Photo, read_exposure, read_photo
from utils.photographs.exposures import LARGEST_DISAGREEMENT, Exposures, find_exposures
from utils.photographs.frame_choice import choose, estimated_step, small_version, step_warnings
from utils.photographs.prealignment import prealign
from utils.scenes.folders import scene_name
from utils.scenes.layouts import EXPOSURE_FILE, FRAME_COUNT, find_files, is_other_moment
from utils.scenes.scene import Scene, SceneError

_RESULT_TABLES = ("metrics.csv", "aligned.csv")

_TIFF = frozenset({".tif", ".tiff"})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photographs(Scene):
    """A scene made of photographs."""

    files: tuple[str, ...] = ()
    """File names of low, reference and high."""
    notes: tuple[str, ...] = ()
    """What was found and decided, a line each."""
    warnings: tuple[str, ...] = ()
    """What may spoil the result, a line each."""
    exif: bytes = b""
    """The part of the reference's EXIF that the result may keep."""


def find_photographs(root: Path) -> Iterator[Path]:
    """Folders at any depth that hold photographs; hidden ones and folders of results left out."""
    if not root.is_dir() or holds_results(root):
        return
    if is_photographs(root):
        yield root
    for path in sorted(root.iterdir()):
        if path.is_dir() and path.name[0] != ".":
            yield from find_photographs(path)


def holds_results(folder: Path) -> bool:
    """Whether a folder was written by a reconstruction script: its pictures are no bracket."""
    return any((folder / name).exists() for name in _RESULT_TABLES)


def is_photographs(folder: Path) -> bool:
    """Whether the pictures of a folder are photographs and not a data set's scene.

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
    return not named and not (tiffs and read_exposure(paths[0]).time is None)


def photograph_paths(folder: Path) -> list[Path]:
    """Files of a folder that are photographs by their suffix, by name; hidden ones left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in PHOTO_SUFFIXES and path.name[0] != "." and path.is_file()
    )


def read_photographs(
    folder: Path,
    root: Path | None = None,
    exposures: Sequence[float] = (),
    prealignment: PrealignmentName = "auto",
) -> Photographs:
    """Reads a folder of photographs as one bracket.

    Args:
        folder: The folder.
        root: Where it was found; the scene is named relative to it.
        exposures: Stops, in the order of the file names; empty: from `exposure.txt` or EXIF.
        prealignment: Whether the camera's motion is taken out.

    Returns:
        The three photographs that serve best, darkest first, with what was decided about them.

    Raises:
        SceneError: The photographs are unreadable, too few, of unequal size, or their exposures
            are unknown or equal.
    """
    name = scene_name(folder, root or folder)
    try:
        return _read(folder, name, exposures, prealignment)
    except (ValueError, OSError) as error:
        raise SceneError(f"Scene {name}: {error}") from error


def _read(
    folder: Path, name: str, exposures: Sequence[float], prealignment: PrealignmentName
) -> Photographs:
    paths = photograph_paths(folder)
    if len(paths) < FRAME_COUNT:
        raise ValueError(
            f"A bracket needs {FRAME_COUNT} photographs of different exposure."
            f" Received: {len(paths)} ({', '.join(path.name for path in paths)})"
        )
    names = [path.name for path in paths]
    # More than three are looked at one after the other, and only the chosen ones kept.
    photos = [read_photo(path) for path in paths] if len(paths) == FRAME_COUNT else None
    small = [
        small_version((photos[i] if photos else read_photo(p)).frame) for i, p in enumerate(paths)
    ]
    exif = [read_exposure(path) for path in paths]
    found = find_exposures(folder / EXPOSURE_FILE, names, exif, exposures, small)
    choice = choose(small, found.values, names)
    chosen = [photos[i] if photos else read_photo(paths[i]) for i in choice.indices]
    files = tuple(names[i] for i in choice.indices)
    ldr = _stack(chosen, files)
    del photos
    values = found.values[list(choice.indices)]
    stops = (values - values[0]).astype(np.float32)
    ldr, alignment_notes = prealign(ldr, np.exp2(stops), prealignment)
    mismatches = _mismatches([small[i] for i in choice.indices], stops, files)
    return Photographs(
        name=name,
        ldr=ldr,
        exposure_values=stops,
        hdr=None,
        files=files,
        notes=(_describe(found, stops, files), *choice.notes, *alignment_notes),
        warnings=(*found.warnings, *step_warnings(stops), *mismatches),
        exif=chosen[1].exif,
    )


def _stack(photos: Sequence[Photo], files: Sequence[str]) -> np.ndarray:
    kinds = [f"{p.frame.shape[1]}x{p.frame.shape[0]} {p.frame.dtype}" for p in photos]
    if len(set(kinds)) > 1:
        listed = ", ".join(f"{file} {kind}" for file, kind in zip(files, kinds, strict=True))
        raise ValueError(
            f"Photographs must have one size, upright, and one bit depth. Received: {listed}"
        )
    return np.stack([photo.frame for photo in photos])


def _mismatches(
    small: Sequence[np.ndarray], stops: np.ndarray, files: Sequence[str]
) -> tuple[str, ...]:
    """Warnings where the pixels tell another exposure step than the one that was claimed."""
    lines = []
    for dark, bright in ((0, 1), (1, 2)):
        step = float(stops[bright] - stops[dark])
        estimate = estimated_step(small[dark], small[bright])
        if estimate is not None and abs(estimate - step) > LARGEST_DISAGREEMENT:
            lines.append(
                f"{files[bright]} should be {step:.1f} stops brighter than {files[dark]}; the"
                f" pixels say about {estimate:.1f}. Check the exposures ({EXPOSURE_FILE},"
                " --exposures); a camera's tone curve can be the cause, too."
            )
    return tuple(lines)


def _describe(found: Exposures, stops: np.ndarray, files: Sequence[str]) -> str:
    listed = ", ".join(f"{file} {value:.3g}" for file, value in zip(files, stops, strict=True))
    return f"Exposures in stops from {found.source}: {listed}."
