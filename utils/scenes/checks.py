"""Checks a data set before training: names, exposures, brightness, truth, duplicates."""

import collections
import dataclasses
import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from utils.files import printable
from utils.radiometry.bracket import FRAMES
from utils.radiometry.levels import ldr_to_float
from utils.scenes.data_sets import DATA_SETS, OFFICIAL, check_names, some
from utils.scenes.exposure_files import measure_stops, read_lines
from utils.scenes.folders import find_scenes, read_scene, scene_name
from utils.scenes.layouts import Layout, SceneFiles, find_files
from utils.scenes.scene import Scene

_OFFICIAL_SIZE = (1500, 1000)
_WITHOUT_TRUTH = ("Sen", "Tursun")
Value = TypeVar("Value")

_DISAGREEMENT = 0.5  # stops between what the file says and what the frames show


@dataclasses.dataclass(kw_only=True)
class Findings:
    """Results of the checks."""

    data_set: str
    scenes: int
    problems: list[str]
    """Defects."""
    notes: list[str]
    """Unusual properties that reading handles."""


def check_data_set(root: Path) -> Findings:
    """Reads every scene of a data set.

    Args:
        root: Folder of the data set, of its training or test part, or one scene.

    Raises:
        SceneError: There is no scene.
    """
    folders = find_scenes(root)
    files = {folder: find_files(folder) for folder in folders}
    layouts: list[Layout] = [entry.layout for entry in files.values()]
    layout = max(DATA_SETS, key=layouts.count)
    names = [scene_name(folder, root) for folder in folders]
    data_set, problems, notes = check_names(names, root.resolve().name, layout)
    found = Findings(data_set=data_set, scenes=len(folders), problems=problems, notes=notes)
    others = [scene_name(f, root) for f in folders if files[f].layout != layout]
    if others:
        found.problems.append(f"scenes of another layout than {layout}: {some(others)}")
    sizes: dict[str, tuple[int, int]] = {}
    bits: dict[str, int] = {}
    pictures: dict[str, str] = {}  # where each was first, by its hash
    for folder in tqdm(folders, unit="scene"):
        try:
            scene = read_scene(folder, root)
        except (ValueError, OSError) as error:
            found.problems.append(str(error))
        else:
            _check_scene(found, scene, files[folder])
            _check_duplicates(found, scene, pictures)
            sizes[scene.name] = (scene.ldr.shape[2], scene.ldr.shape[1])
            bits[scene.name] = 8 * scene.ldr.dtype.itemsize
    if sizes:
        official = data_set == OFFICIAL
        size = _OFFICIAL_SIZE if official else _commonest(sizes.values())
        depth = 16 if official else _commonest(bits.values())
        for name, (width, height) in sizes.items():
            if (width, height) != size:
                problems.append(f"{name}: {width}x{height} pixels, not {size[0]}x{size[1]}")
            if bits[name] != depth:
                problems.append(f"{name}: frames of {bits[name]} bits, not {depth}")
    return found


def print_findings(root: Path) -> bool:
    """Checks a data set and prints the findings; returns True without problems."""
    found = check_data_set(root)
    tqdm.write(f"{root}: {found.data_set}, {found.scenes} scenes")
    for kind, lines in (("problem", found.problems), ("note", found.notes)):
        for line in lines:
            tqdm.write(f"{kind}: {printable(line)}")
    if not found.problems:
        tqdm.write("nothing is wrong")
    return not found.problems


def _check_scene(found: Findings, scene: Scene, files: SceneFiles) -> None:
    """Exposures, brightness and truth of one scene."""
    if files.exposures is not None:
        _check_exposures(found, scene, read_lines(files.exposures))
    frames = [ldr_to_float(frame[::4, ::4]) for frame in scene.ldr]
    brightness = [float(frame.mean()) for frame in frames]
    if not brightness[0] < brightness[1] < brightness[2]:
        found.problems.append(
            f"{scene.name}: frames are out of order, or the exposures are: a longer exposure is not"
            f" brighter (means {', '.join(f'{value:.3f}' for value in brightness)})"
        )
    off = np.abs(measure_stops(frames) - np.diff(scene.exposure_values))
    if (off > _DISAGREEMENT).any():
        found.notes.append(
            f"{scene.name}: frames and exposures disagree by {np.nanmax(off):.1f} stops"
        )
    if scene.hdr is None:
        if files.layout not in _WITHOUT_TRUTH:
            found.problems.append(f"{scene.name}: no truth")
    elif scene.hdr.max() > 1:
        share = float((scene.hdr > 1).any(axis=-1).mean())
        found.problems.append(
            f"{scene.name}: truth outside [0, 1]: up to {scene.hdr.max():.3g},"
            f" {100 * share:.2g} % of the pixels"
        )


def _check_exposures(found: Findings, scene: Scene, lines: list[str]) -> None:
    try:
        numbers = np.array([float(line) for line in lines])
    except ValueError:  # fractions, which read_scene understood
        found.notes.append(f"{scene.name}: exposures are times: {', '.join(lines)}")
        return
    if not np.allclose(np.diff(np.sort(numbers)), np.diff(scene.exposure_values), atol=1e-3):
        found.notes.append(f"{scene.name}: exposures are times: {', '.join(lines)}")
    elif numbers.min() != 0:
        found.notes.append(f"{scene.name}: exposures do not start at 0: {', '.join(lines)}")
    if (np.diff(numbers) < 0).any():
        found.notes.append(
            f"{scene.name}: files are not in the order of the exposures: {', '.join(lines)}"
        )


def _check_duplicates(found: Findings, scene: Scene, seen: dict[str, str]) -> None:
    truth = [] if scene.hdr is None else [scene.hdr]
    for what, picture in zip((*FRAMES, "truth"), (*scene.ldr, *truth), strict=False):
        where = f"{what} of {scene.name}"
        first = seen.setdefault(hashlib.sha256(picture.tobytes()).hexdigest(), where)
        if first != where:
            found.problems.append(f"duplicate: {where} is {first}")


def _commonest(values: Iterable[Value]) -> Value:
    return collections.Counter(values).most_common(1)[0][0]
