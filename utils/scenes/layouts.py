"""Finds the files of a scene in the layouts of the field's data sets.

| layout | frames | exposures | truth |
|---|---|---|---|
| Kalantari 2017 | any three, by name | `exposure.txt`, stops | `HDRImg.hdr` |
| Tel 2023 | `input_{1,2,3}.tif` | `exposure.txt`, stops | `HDRImg.hdr` |
| Hu 2020 | `input_{1,2,3}_aligned.tif` | `input_exp.txt`, stops | `ref_hdr_aligned_linear.hdr` |
| DeepHDR mirror | `input_{1,2,3}_aligned.tif` | `input_exp.txt`, stops | `ref_hdr_aligned.hdr` |
| Challenge123 | `xxx_{1,2,3}/ldr_img_{1,2,3}.tif` | `xxx_2/exposure.txt`, stops | `hdr_img.hdr` |
| Sen 2012 | any three .tif, by name | `exposures.txt`, stops | none |
| Tursun 2016 | any three .tiff, by name | `exposure.txt`, times | none |

The DeepHDR mirror is Kalantari's data set as DeepHDR's authors repacked it.
In Challenge123 a scene is three folders, one for each moment; the folder of the middle one, which
has the truth, stands for the scene and gives its name.
"""

import dataclasses
from pathlib import Path
from typing import Literal

from utils.images.frames import LDR_SUFFIXES
from utils.radiometry.bracket import FRAMES
from utils.scenes.tree import natural_key

FRAME_COUNT = len(FRAMES)
"""Frames of a scene."""

EXPOSURE_FILE = "exposure.txt"
TRUTH_FILE = "HDRImg.hdr"

RESULT_NAMES = frozenset(
    {
        *("radiance.hdr", "radiance.exr", "picture.png", "picture.jpg", "picture.tif"),
        *("ultrahdr.jpg", "sheet.png", "aligned_low.png", "aligned_high.png", "alignments.png"),
    }
)
"""Results of a scene, which may lie beside its frames and are none."""

_CHALLENGE_TRUTH = "hdr_img.hdr"
_ALIGNED_TRUTHS = ("ref_hdr_aligned_linear.hdr", "ref_hdr_aligned.hdr")
_EXPOSURE_FILES = (EXPOSURE_FILE, "exposures.txt", "input_exp.txt")
_TRUTH_FILES = (TRUTH_FILE, _CHALLENGE_TRUTH, *_ALIGNED_TRUTHS)

Layout = Literal["Kalantari", "Tel", "Hu", "DeepHDR mirror", "Challenge123", "Sen", "Tursun"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SceneFiles:
    """Files of one scene, which may be missing or too many."""

    layout: Layout
    frames: list[Path]
    """By name; three in a whole scene."""
    exposures: Path | None
    """Text file of the exposures, a line for each frame."""
    truth: Path | None
    """Radiance map."""


def is_scene(folder: Path) -> bool:
    """True if a folder has exposures, a truth, or three frames or more."""
    if is_other_moment(folder):
        return False
    marked = find_file(folder, *_EXPOSURE_FILES, *_TRUTH_FILES) is not None
    return marked or len(_pictures(folder)) >= FRAME_COUNT


def find_files(folder: Path) -> SceneFiles:
    """The files of a scene; their names show its layout."""
    pictures = _pictures(folder)
    layout, frames = _recognise(folder, pictures)
    return SceneFiles(
        layout=layout,
        frames=frames,
        exposures=find_file(folder, *_EXPOSURE_FILES),
        truth=find_file(folder, *_TRUTH_FILES),
    )


def _recognise(folder: Path, pictures: list[Path]) -> tuple[Layout, list[Path]]:
    named = {path.stem: path for path in pictures}
    aligned = [named.get(f"input_{number}_aligned") for number in (1, 2, 3)]
    if any(aligned):
        layout: Layout = "Hu" if (folder / _ALIGNED_TRUTHS[0]).exists() else "DeepHDR mirror"
        return layout, [path for path in aligned if path]
    if any(stem.startswith("ldr_img_") for stem in named):
        return "Challenge123", _challenge_frames(folder)
    inputs = [named.get(f"input_{number}") for number in (1, 2, 3)]
    if any(inputs):
        return "Tel", [path for path in inputs if path]
    if (folder / "exposures.txt").exists():
        return "Sen", pictures
    if find_file(folder, *_TRUTH_FILES) is None and {path.suffix for path in pictures} == {".tiff"}:
        return "Tursun", pictures
    return "Kalantari", pictures


def _challenge_frames(folder: Path) -> list[Path]:
    number = folder.name.removesuffix("_2")
    moments = (folder.with_name(f"{number}_{moment}") for moment in (1, 2, 3))
    frames = (path / f"ldr_img_{index}.tif" for index, path in enumerate(moments, start=1))
    return [frame for frame in frames if frame.exists()]


def is_other_moment(folder: Path) -> bool:
    """True for the first or last moment of a scene of Challenge123."""
    if folder.name[-2:] not in ("_1", "_3") or not any(folder.glob("ldr_img_*.tif")):
        return False
    return any(folder.with_name(f"{folder.name[:-2]}_2").glob("ldr_img_*.tif"))


def _pictures(folder: Path) -> list[Path]:
    files = (path for path in folder.iterdir() if path.suffix.lower() in LDR_SUFFIXES)
    frames = (path for path in files if path.name[0] != "." and path.name not in RESULT_NAMES)
    return sorted(frames, key=lambda path: natural_key(path.name))


def find_file(folder: Path, *names: str) -> Path | None:
    """The first of these files that a folder has, in any case of letters."""
    files = {path.name.lower(): path for path in sorted(folder.iterdir())}
    found = (files.get(name.lower()) for name in names)
    return next((path for path in found if path is not None and path.exists()), None)
