"""Finds the exposures of a bracket: `--exposures`, else `exposure.txt`, else EXIF.

The source that is used is compared with EXIF.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from photo.reading.exif import Exposure, exposure_values
from photo.reading.frame_choice import SMALLEST_DIFFERENCE
from utils.scenes import exposure_files
from utils.scenes.layouts import EXPOSURE_FILE, FRAME_COUNT
from utils.scenes.tree import natural_key

LARGEST_DISAGREEMENT = 0.5
"""Stops by which two sources, or a source and the pixels, may differ without a warning."""

_LARGEST_SPAN = 24.0  # stops; more is a file of shutter times, not of stops
_VISIBLE = 0.05  # mean LDR values further apart are visibly different

_HOW_TO_GIVE = (
    f"Write {EXPOSURE_FILE} with a number of stops per line, in the order of the file names, or use"
    " --exposures 0 2 4"
)


class ExposureError(ValueError):
    """The exposures are missing, contradictory or useless; the message names a remedy."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exposures:
    """The exposures of a folder's photographs."""

    values: np.ndarray
    """`(N,)` stops in the order of the photographs, on any scale."""
    source: str
    """Name of the source: a flag, a file or EXIF."""
    warnings: tuple[str, ...] = ()
    """Disagreement with another source."""


def find_exposures(
    path: Path | None,
    names: Sequence[str],
    exposures: Sequence[Exposure],
    given: Sequence[float] | None,
    frames: Sequence[np.ndarray],
) -> Exposures:
    """Finds the exposure values of a folder's photographs.

    The lines of `exposure.txt` go by file name, whatever the order of the photographs. A file that
    contradicts both EXIF and the pixels was left over and is not used.

    Args:
        path: The folder's `exposure.txt`, which need not exist; None: it is ignored.
        names: The photographs' file names.
        exposures: Their EXIF.
        given: Stops from the command line, in the order of the names.
        frames: Their thumbnails, `(h, w, 3)` in [0, 1].

    Returns:
        The values of the first available source.

    Raises:
        ExposureError: No source has a value for every photograph, the values are not stops, or EXIF
            says that photographs of different brightness are equally exposed.
        ValueError: `exposure.txt` is invalid.
        OSError: It cannot be read.
    """
    by_exif = _exif_values(exposures)
    if given:
        values, source = _checked(list(given), len(names), "--exposures"), "--exposures"
    elif path is not None and path.is_file():
        values, source = _read_file(path, names, frames), path.name
        if by_exif is not None and _pixels_prefer(by_exif, values, frames):
            warning = (
                f"{source} says {_steps(values)} stops, but EXIF {_steps(by_exif)}, which fits the"
                " pixels better: EXIF is used. Remove the file, or give the stops with --exposures."
            )
            return Exposures(values=by_exif, source="EXIF", warnings=(warning,))
    elif by_exif is not None:
        values = _checked(list(by_exif), len(names), "EXIF")
        _require_different(values, names, exposures, frames)
        return Exposures(values=values, source="EXIF")
    else:
        raise ExposureError(_what_is_missing(names, exposures))
    return Exposures(values=values, source=source, warnings=_conflicts(values, source, by_exif))


def _checked(values: Sequence[float], count: int, source: str) -> np.ndarray:
    array = np.array(values, np.float64)
    if len(array) != count:
        raise ExposureError(
            f"{source} must have one value for each of the {count} photographs."
            f" Received: {len(array)} ({array.tolist()})"
        )
    if not np.isfinite(array).all() or np.ptp(array) > _LARGEST_SPAN:
        raise ExposureError(
            f"{source} must hold stops, at most {_LARGEST_SPAN:g} apart. Received: {array.tolist()}"
        )
    return array


def _exif_values(exposures: Sequence[Exposure]) -> np.ndarray | None:
    """Stops of all photographs; None if they are unknown for some."""
    values = exposure_values(exposures)
    return None if None in values else np.array(values, np.float64)


def _read_file(path: Path, names: Sequence[str], frames: Sequence[np.ndarray]) -> np.ndarray:
    """The stops of `exposure.txt`, whose lines go by file name, in the order of the photographs."""
    received = len(exposure_files.read_lines(path))
    if received != len(names):
        raise ExposureError(
            f"{path} must have a line for each of the {len(names)} photographs; complete it, remove"
            " it to use EXIF, or give the stops with --exposures 0 2 4. Received:"
            f" {received or 'no'} line{'' if received == 1 else 's'}"
        )
    order = sorted(range(len(names)), key=lambda index: natural_key(names[index]))
    values = np.empty(len(names))
    values[order] = exposure_files.read(path, [frames[index] for index in order]).values
    return values


def _pixels_prefer(by_exif: np.ndarray, values: np.ndarray, frames: Sequence[np.ndarray]) -> bool:
    """True if the pixels contradict a file's stops and fit those of EXIF clearly better."""
    order = np.argsort(by_exif)
    measured = exposure_files.measure_stops([frames[index] for index in order])
    known = np.isfinite(measured)
    if not known.any():
        return False
    by_file, by_camera = (
        np.abs(np.diff(stops[order]) - measured)[known].max() for stops in (values, by_exif)
    )
    return bool(by_file > by_camera + LARGEST_DISAGREEMENT)


def _require_different(
    values: np.ndarray,
    names: Sequence[str],
    exposures: Sequence[Exposure],
    frames: Sequence[np.ndarray],
) -> None:
    """Raises if EXIF has fewer than three exposures of frames of three brightnesses and more."""
    brightness = np.array([frame.mean() for frame in frames])
    if _count(values, SMALLEST_DIFFERENCE) < FRAME_COUNT <= _count(brightness, _VISIBLE):
        raise ExposureError(
            "EXIF gives photographs of different brightness the same exposure; an editor or a"
            f" converter may have copied it. {_HOW_TO_GIVE}. Received:"
            f" {_listed(names, exposures)}"
        )


def _count(values: np.ndarray, apart: float) -> int:
    """Number of groups of values that are at least so far apart."""
    return 1 + int((np.diff(np.sort(values)) >= apart).sum())


def _what_is_missing(names: Sequence[str], exposures: Sequence[Exposure]) -> str:
    return (
        "The exposures are unknown: shutter time, aperture or ISO is missing in EXIF, and there is"
        f" no {EXPOSURE_FILE} for these photographs. {_HOW_TO_GIVE}. Received:"
        f" {_listed(names, exposures)}"
    )


def _listed(names: Sequence[str], exposures: Sequence[Exposure]) -> str:
    pairs = zip(names, exposures, strict=True)
    return ", ".join(f"{name} {exposure.describe()}" for name, exposure in pairs)


def _conflicts(values: np.ndarray, source: str, by_exif: np.ndarray | None) -> tuple[str, ...]:
    if by_exif is None:
        return ()
    # Compared about their medians: one wrong value should not look like all being wrong.
    difference = (values - np.median(values)) - (by_exif - np.median(by_exif))
    if np.abs(difference).max() <= LARGEST_DISAGREEMENT:
        return ()
    return (f"{source} says {_steps(values)} stops, EXIF {_steps(by_exif)}: {source} is used.",)


def _steps(values: np.ndarray) -> str:
    return " ".join(f"{value:g}" for value in np.round(values - values.min(), 2))
