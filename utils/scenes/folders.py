"""Reads and writes scenes in the layout of Kalantari's data set; reads other layouts as well.

A scene is a folder of three frames (.tif, .png or .jpg, 8 or 16 bits), `exposure.txt` with the
exposure value in stops of each frame, one a line, in the order of the sorted file names, and,
unless it is only to be reconstructed, `HDRImg.hdr`: the ground truth, radiance seen by the middle
exposure, in [0, 1] where 1 saturates the darkest frame. Other files are ignored. Stops that do not
start at 0, and exposure times, are converted with a notice.
"""

import logging
from pathlib import Path

import numpy as np

from utils.files import complete_folder, write_text
from utils.images import frames, radiance_maps
from utils.radiometry.levels import ldr_to_float
from utils.scenes import exposure_files
from utils.scenes.layouts import EXPOSURE_FILE, FRAME_COUNT, TRUTH_FILE, find_files, is_scene
from utils.scenes.scene import Scene, SceneError
from utils.scenes.tree import walk

SOURCE_FILE = "source.txt"

_BRIGHTEST = 1e18
"""Larger numbers, squared, are infinite in float32."""

_LOG = logging.getLogger(__name__)


def find_scenes(root: Path) -> list[Path]:
    """Finds the scenes in a folder, at any depth.

    Args:
        root: A folder of scenes (`Training`, `Test`, ..) or one scene.

    Returns:
        Sorted folders that hold exposures, a truth or three frames and more; `root` alone if it
        is one. Hidden folders are left out; `utils.scenes.tree.walk` says which others.

    Raises:
        SceneError: The folder does not exist or has no scene.
    """
    if root.is_file():
        raise SceneError(f"Scenes are folders; name the one that holds this file. Received: {root}")
    if not root.is_dir():
        raise SceneError(f"There is no folder of scenes. Received: {root}")
    found = sorted(folder for folder in walk(root, is_scene) if is_scene(folder))
    if not found:
        raise SceneError(
            f"A scene is a folder of {FRAME_COUNT} frames with {EXPOSURE_FILE}; there is none."
            f" Received: {root}"
        )
    return found


def scene_name(folder: Path, root: Path) -> str:
    """Name of a scene that `find_scenes(root)` found: its path below the root, `EXTRA/001`.

    A root that is a scene has its own name. Bytes that are not UTF-8 become surrogates, which
    `utils.files.printable` shows.
    """
    relative = folder.relative_to(root)
    return relative.as_posix() if relative.parts else folder.resolve().name


def read_scene(folder: Path, root: Path | None = None) -> Scene:
    """Reads one scene.

    Args:
        folder: The scene's folder.
        root: Where `find_scenes` found it; the scene is named relative to it.

    Returns:
        The scene; its exposure values are rebased to start at 0, with a notice in the log.

    Raises:
        SceneError: A file is missing, unreadable or does not fit the others.
    """
    name = scene_name(folder, root or folder)
    try:
        return _read(folder, name)
    except (ValueError, OSError) as error:
        raise SceneError(f"Scene {name}: {error}") from error


def _read(folder: Path, name: str) -> Scene:
    files = find_files(folder)
    paths = files.frames
    if len(paths) != FRAME_COUNT:
        raise SceneError(
            f"{folder} must hold {FRAME_COUNT} frames."
            f" Received: {len(paths)} ({', '.join(path.name for path in paths) or 'none'})"
        )
    ldr = [frames.read_ldr(path) for path in paths]
    kinds = [f"{frame.shape[1]}x{frame.shape[0]} {frame.dtype}" for frame in ldr]
    if len(set(kinds)) > 1:
        received = (f"{path.name} {kind}" for path, kind in zip(paths, kinds, strict=True))
        raise SceneError(
            f"Frames must have one size and bit depth. Received: {', '.join(received)}"
        )
    values = _read_exposure_values(files.exposures or folder / EXPOSURE_FILE, name, ldr)
    order = np.argsort(values)
    return Scene(
        name=name,
        ldr=np.stack([ldr[index] for index in order]),
        exposure_values=values[order].astype(np.float32),
        hdr=None if files.truth is None else _read_truth(files.truth, ldr[0].shape),
    )


def write_scene(
    folder: Path,
    *,
    ldr: np.ndarray,
    exposure_values: np.ndarray,
    hdr: np.ndarray | None,
    source: str = "",
) -> None:
    """Writes one scene in Kalantari's layout; the folder appears when it is complete.

    Args:
        folder: The scene's folder; it must not exist.
        ldr: `(3, H, W, 3)` uint8 or uint16 RGB frames, darkest first.
        exposure_values: `(3,)` stops, ascending.
        hdr: `(H, W, 3)` truth: radiance in [0, 1]; None if there is none.
        source: Where the scene comes from, for `source.txt`; none is written if empty.

    Raises:
        FileExistsError: The folder exists.
    """
    with complete_folder(folder) as partial:
        for index, frame in enumerate(ldr):
            frames.write_ldr(partial / f"{index + 1}.tif", frame)
        if hdr is not None:
            radiance_maps.write_radiance(partial / TRUTH_FILE, hdr)
        lines = "".join(f"{value:.6f}\n" for value in exposure_values)
        write_text(partial / EXPOSURE_FILE, lines)
        if source:
            write_text(partial / SOURCE_FILE, source)


def _read_exposure_values(path: Path, name: str, ldr: list[np.ndarray]) -> np.ndarray:
    """Stops from 0, in the order of the frames."""
    if not path.is_file():
        raise SceneError(f"The exposures in stops are missing. Received: no {path}")
    found = exposure_files.read(path, [ldr_to_float(frame[::4, ::4]) for frame in ldr])
    if found.unit == "times":
        _LOG.warning("Scene %s: %s holds times, not stops.", name, path.name)
    darkest = found.values.min()
    if darkest != 0:
        _LOG.warning(
            "Scene %s: exposures %s in stops are counted from the darkest frame.",
            name,
            np.sort(found.values).round(3).tolist(),
        )
    return found.values - darkest


def _read_truth(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    hdr = radiance_maps.read_radiance(path)
    if hdr.shape != shape:
        raise SceneError(
            f"{path} must have the frames' size {shape[1]}x{shape[0]}."
            f" Received: {hdr.shape[1]}x{hdr.shape[0]}"
        )
    bad = ~((hdr >= 0) & (hdr <= _BRIGHTEST))
    if bad.any():
        raise SceneError(
            f"{path} must be finite, at least 0 and at most {_BRIGHTEST:g}."
            f" Received: {hdr[bad][0]} and {bad.sum() - 1} more"
        )
    return hdr
