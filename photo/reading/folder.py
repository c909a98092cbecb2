"""Reads photographs of any camera, size and exposure step as a scene without ground truth."""

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from photo.reading.agreement import mismatches, step_warnings
from photo.reading.brackets.headers import without_doubles
from photo.reading.brackets.opened import (
    Opened,
    gap_warnings,
    share_white,
    stack,
    turn_odd_ones,
)
from photo.reading.brackets.splitting import doubts, listed
from photo.reading.exif import UNKNOWN, Exposure, exposure_values
from photo.reading.exposures import Exposures, find_exposures
from photo.reading.frame_choice import choose
from photo.reading.search import photograph_paths
from utils.images.radiance_maps import RADIANCE_SUFFIXES
from utils.radiometry.bracket import MID_FRAME
from utils.scenes.folders import scene_name
from utils.scenes.layouts import (
    EXPOSURE_FILE,
    FRAME_COUNT,
    RESULT_NAMES,
    TRUTH_FILE,
    find_file,
)
from utils.scenes.scene import OtherFrame, Scene, SceneError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photographs(Scene):
    """A scene made of photographs."""

    files: tuple[str, ...] = ()
    """File names of low, reference and high."""
    warnings: tuple[str, ...] = ()
    """Risks to the result, a line each."""
    exif: bytes = b""
    """The part of the reference's EXIF that the result keeps."""
    exposure: Exposure = UNKNOWN
    """Of the low frame, by EXIF."""


def read_photographs(
    folder: Path,
    root: Path | None = None,
    exposures: Sequence[float] | None = None,
    *,
    reference: str | None = None,
    files: Sequence[Path] = (),
    name: str = "",
) -> Photographs:
    """Reads a folder of photographs, or some of them, as one bracket.

    Args:
        folder: The folder.
        root: Folder of the search; the scene is named relative to it.
        exposures: Stops, in the order of the file names; if None, from `exposure.txt` or EXIF.
        reference: Name of the reference, or a part of it; None: chosen.
        files: The bracket's photographs; empty: all of the folder. Of several files of one
            photograph, raw and JPEG for example, one is used.
        name: Name of the scene; empty: from the files or the folder.

    Returns:
        Low, reference and high, chosen by `photo.reading.frame_choice.choose`, with notes and
        warnings.

    Raises:
        ValueError: The photographs are unreadable, too few, of unequal size, or their exposures
            are unknown or equal.
        OSError: A file cannot be read.
    """
    given = list(files) or photograph_paths(folder)
    paths = without_doubles(given)
    if exposures and len(exposures) == len(given):
        exposures = [x for path, x in zip(given, exposures, strict=True) if path in paths]
    if len(paths) < FRAME_COUNT:
        raise SceneError(
            f"A bracket needs {FRAME_COUNT} photographs of different exposure."
            f" Received: {len(paths)} ({', '.join(path.name for path in paths)})"
        )
    names = [path.name for path in paths]
    opened = [Opened(path, keep_frame=len(paths) == FRAME_COUNT) for path in paths]
    remarks = (*turn_odd_ones(opened), *share_white(opened))
    thumbnails = [photo.thumbnail for photo in opened]
    whole = set(paths) == set(without_doubles(photograph_paths(folder)))
    file = find_file(folder, EXPOSURE_FILE) if whole else None  # it has a line for each photograph
    found = find_exposures(file, names, [photo.exposure for photo in opened], exposures, thumbnails)
    choice = choose(thumbnails, found.values, names, reference)
    indices = list(choice.indices)
    for photo in opened:
        photo.developed_as = opened[indices[MID_FRAME]].balance if photo.balance else ()
    chosen = tuple(names[i] for i in indices)
    stops = (found.values[indices] - found.values[indices[0]]).astype(np.float32)
    times = 2.0 ** (found.values - found.values[indices[MID_FRAME]])
    ldr = stack([opened[i] for i in indices], times[indices])
    return Photographs(
        name=name or (bracket_name(files) if files else scene_name(folder, root or folder)),
        ldr=ldr,
        exposure_values=stops,
        hdr=None,
        gaps=(opened[indices[0]].gaps, opened[indices[-1]].gaps),
        others=tuple(
            OtherFrame(
                exposure_time=float(2.0 ** (found.values[i] - found.values[indices[0]])),
                read=functools.partial(opened[i].take_filled, ldr[MID_FRAME], times[i]),
            )
            for i in range(len(paths))
            if i not in indices and opened[i].kind == opened[indices[0]].kind
        ),
        files=chosen,
        notes=(_describe(found, stops, chosen), *choice.notes, *_doubles(given, paths)),
        warnings=(
            *(*_strays(folder), *found.warnings, *step_warnings(stops)),
            *(doubts(paths) if found.source == "EXIF" and not name else ()),
            *mismatches(
                [thumbnails[i] for i in indices],
                stops,
                chosen,
                exposure_values([opened[i].exposure for i in indices]),
            ),
            *remarks,
            *gap_warnings([opened[i] for i in indices]),
        ),
        exif=opened[indices[MID_FRAME]].exif,
        exposure=opened[indices[0]].exposure,
    )


def bracket_name(files: Sequence[Path]) -> str:
    """Name of a bracket of files: the common beginning of their names, else that of their folder.

    If the beginning ends in a digit, the names are numbered by the camera; the first name is used.
    """
    letters = zip(*(file.stem for file in files), strict=False)  # up to the shortest name
    start = "".join(
        each[0] for each in itertools.takewhile(lambda one: len(set(one)) == 1, letters)
    )
    if start and start[-1].isdecimal():
        return files[0].stem
    return start.rstrip(" ._-(") or files[0].resolve().parent.name


def _strays(folder: Path) -> tuple[str, ...]:
    """A warning about radiance maps beside photographs."""
    maps = {p.name for p in folder.iterdir() if p.suffix.lower() in RADIANCE_SUFFIXES}
    names = sorted(maps - RESULT_NAMES)
    if not names:
        return ()
    return (
        f"{', '.join(names)} beside the photographs is ignored; name it {TRUTH_FILE} if it is the"
        " ground truth of a data set's scene.",
    )


def _doubles(given: Sequence[Path], used: Sequence[Path]) -> tuple[str, ...]:
    """A note about files of photographs that another file stands for."""
    left = [path for path in given if path not in used]
    return (f"Not used, since other files hold the same: {listed(left)}.",) if left else ()


def _describe(found: Exposures, stops: np.ndarray, files: Sequence[str]) -> str:
    listed = ", ".join(f"{file} {value:.3g}" for file, value in zip(files, stops, strict=True))
    return f"Exposures in stops from {found.source}: {listed}."
