"""Reads a folder of photographs as a scene: any camera, size and step, no ground truth."""

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from photo.reading.agreement import mismatches, step_warnings
from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from photo.reading.exposures import Exposures, find_exposures
from photo.reading.frame_choice import choose, small_version
from photo.reading.search import photograph_paths
from utils.images.radiance_maps import RADIANCE_SUFFIXES
from utils.radiometry.bracket import MID_FRAME
from utils.scenes.folders import scene_name
from utils.scenes.layouts import EXPOSURE_FILE, FRAME_COUNT, TRUTH_FILE
from utils.scenes.scene import Scene, SceneError


@dataclasses.dataclass(frozen=True, kw_only=True)
class Photographs(Scene):
    """A scene made of photographs."""

    files: tuple[str, ...] = ()
    """File names of low, reference and high."""
    warnings: tuple[str, ...] = ()
    """What may spoil the result, a line each."""
    exif: bytes = b""
    """The part of the reference's EXIF that the result may keep."""


def read_photographs(
    folder: Path,
    root: Path | None = None,
    exposures: Sequence[float] | None = None,
    *,
    reference: str | None = None,
    files: Sequence[Path] = (),
) -> Photographs:
    """Reads a folder of photographs, or some of them, as one bracket.

    Args:
        folder: The folder.
        root: Where it was found; the scene is named relative to it.
        exposures: Stops, in the order of the file names; if None, from `exposure.txt` or EXIF.
        reference: Name of the reference, or a part that only it has; None: the best exposed.
        files: The bracket's photographs; none: all of the folder.

    Returns:
        The three photographs that serve best, darkest first, with what was decided about them.

    Raises:
        SceneError: The photographs are unreadable, too few, of unequal size, or their exposures
            are unknown or equal.
    """
    name = bracket_name(files) if files else scene_name(folder, root or folder)
    try:
        return _read(folder, name, exposures, reference=reference, named=files)
    except (ValueError, OSError) as error:
        raise SceneError(f"Scene {name}: {error}") from error


def bracket_name(files: Sequence[Path]) -> str:
    """Name of a bracket of files: what their names begin with, else that of their folder.

    Names that differ in a running number, as a camera gives them, have no such beginning of their
    own: the first stands for the bracket.
    """
    letters = zip(*(file.stem for file in files), strict=False)  # as far as the shortest goes
    start = "".join(
        each[0] for each in itertools.takewhile(lambda one: len(set(one)) == 1, letters)
    )
    if start and start[-1].isdecimal():
        return files[0].stem
    return start.rstrip(" ._-(") or files[0].resolve().parent.name


def _read(
    folder: Path,
    name: str,
    exposures: Sequence[float] | None,
    *,
    reference: str | None,
    named: Sequence[Path],
) -> Photographs:
    paths = list(named) or photograph_paths(folder)
    if len(paths) < FRAME_COUNT:
        raise ValueError(
            f"A bracket needs {FRAME_COUNT} photographs of different exposure."
            f" Received: {len(paths)} ({', '.join(path.name for path in paths)})"
        )
    names = [path.name for path in paths]
    looked = [_Looked.at(path, keep=len(paths) == FRAME_COUNT) for path in paths]
    small, exposure = [photo.small for photo in looked], [photo.exposure for photo in looked]
    whole = sorted(paths) == photograph_paths(folder)
    file = folder / EXPOSURE_FILE if whole else None  # its lines are those of all photographs
    found = find_exposures(file, names, exposure, exposures, small)
    choice = choose(small, found.values, names, reference)
    files = tuple(names[i] for i in choice.indices)
    exif = looked[choice.indices[MID_FRAME]].exif
    ldr = _stack([looked[i] for i in choice.indices], files)
    del looked  # with the files of those that were not chosen
    values = found.values[list(choice.indices)]
    stops = (values - values[0]).astype(np.float32)
    wrong_steps = mismatches([small[i] for i in choice.indices], stops, files)
    return Photographs(
        name=name,
        ldr=ldr,
        exposure_values=stops,
        hdr=None,
        files=files,
        notes=(_describe(found, stops, files), *choice.notes),
        warnings=(*_strays(folder), *found.warnings, *step_warnings(stops), *wrong_steps),
        exif=exif,
    )


@dataclasses.dataclass(kw_only=True)
class _Looked:
    """A photograph that has been looked at: its file, opened once, and what was seen in it."""

    path: Path
    small: np.ndarray
    exposure: Exposure
    exif: bytes
    shape: tuple[int, ...]
    dtype: np.dtype
    frame: np.ndarray | None
    data: bytes
    """The file, from which a frame that was not kept is decoded again."""

    @classmethod
    def at(cls, path: Path, *, keep: bool) -> Self:
        """Opens a photograph; of many not the frames are kept but the files, which are smaller."""
        data = path.read_bytes()
        photo = read_photo(path, data)
        return cls(
            path=path,
            small=small_version(photo.frame),
            exposure=photo.exposure,
            exif=photo.exif,
            shape=photo.frame.shape,
            dtype=photo.frame.dtype,
            frame=photo.frame if keep else None,
            data=b"" if keep else data,
        )

    def take(self) -> np.ndarray:
        """The frame, which is held no longer."""
        frame = read_photo(self.path, self.data).frame if self.frame is None else self.frame
        self.frame, self.data = None, b""
        return frame

    def describe(self) -> str:
        return f"{self.shape[1]}x{self.shape[0]} {self.dtype}"


def _stack(bracket: Sequence[_Looked], files: Sequence[str]) -> np.ndarray:
    """The `(3, H, W, 3)` frames; each photograph is let go once it is copied."""
    kinds = [looked.describe() for looked in bracket]
    if len(set(kinds)) > 1:
        listed = ", ".join(f"{file} {kind}" for file, kind in zip(files, kinds, strict=True))
        raise ValueError(
            f"Photographs must have one size, upright, and one bit depth. Received: {listed}"
        )
    ldr = np.empty((len(bracket), *bracket[0].shape), bracket[0].dtype)
    for frame, looked in zip(ldr, bracket, strict=True):
        frame[:] = looked.take()
    return ldr


def _strays(folder: Path) -> tuple[str, ...]:
    """A warning about radiance maps beside photographs."""
    names = sorted(p.name for p in folder.iterdir() if p.suffix.lower() in RADIANCE_SUFFIXES)
    if not names:
        return ()
    return (
        f"{', '.join(names)} beside the photographs is ignored; the ground truth of a data set's"
        f" scene is called {TRUTH_FILE}.",
    )


def _describe(found: Exposures, stops: np.ndarray, files: Sequence[str]) -> str:
    listed = ", ".join(f"{file} {value:.3g}" for file, value in zip(files, stops, strict=True))
    return f"Exposures in stops from {found.source}: {listed}."
