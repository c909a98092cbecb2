"""Finds the exposures of a bracket: `--exposures`, else `exposure.txt`, else EXIF.

The source that is used is compared with EXIF.
"""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from photo.reading.exif import Exposure, exposure_value
from utils.scenes import exposure_files
from utils.scenes.layouts import EXPOSURE_FILE

LARGEST_DISAGREEMENT = 0.5
"""Stops by which two sources, or a source and the pixels, may differ without a warning."""

_LARGEST_SPAN = 24.0  # stops; more is a file of shutter times, not of stops


class ExposureError(ValueError):
    """The exposures are missing, contradictory or useless; the message names a remedy."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Exposures:
    """The exposures of a folder's photographs."""

    values: np.ndarray
    """`(N,)` stops in the order of the file names, on any scale."""
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

    Args:
        path: The folder's `exposure.txt`, which need not exist; None: it is ignored.
        names: The photographs' file names, sorted.
        exposures: Their EXIF.
        given: Stops from the command line, in the order of the names.
        frames: Thumbnails in [0, 1], to find out whether a file holds times or stops.

    Returns:
        The values of the first available source.

    Raises:
        ExposureError: No source has a value for every photograph, or the values are not stops.
        ValueError: `exposure.txt` is invalid.
        OSError: It cannot be read.
    """
    by_exif = _exif_values(exposures)
    if given:
        values, source = _checked(list(given), len(names), "--exposures"), "--exposures"
    elif path is not None and path.is_file():
        _require_lines(path, len(names))
        values, source = exposure_files.read(path, frames).values, path.name
    elif by_exif is not None:
        return Exposures(values=_checked(list(by_exif), len(names), "EXIF"), source="EXIF")
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
    """Stops of all photographs; None if a tag is missing in some."""
    for field in ("time", "f_number", "iso"):
        missing = [getattr(exposure, field) is None for exposure in exposures]
        if any(missing) and (field == "time" or not all(missing)):
            return None
    return np.array([exposure_value(exposure) for exposure in exposures], np.float64)


def _require_lines(path: Path, count: int) -> None:
    received = len(exposure_files.read_lines(path))
    if received != count:
        raise ExposureError(
            f"{path} must have a line for each of the {count} photographs; complete it, remove it"
            " to use EXIF, or give the stops with --exposures 0 2 4. Received:"
            f" {received or 'no'} line{'' if received == 1 else 's'}"
        )


def _what_is_missing(names: Sequence[str], exposures: Sequence[Exposure]) -> str:
    found = ", ".join(
        f"{name} {exposure.describe()}" for name, exposure in zip(names, exposures, strict=True)
    )
    return (
        "The exposures are unknown: shutter time, aperture or ISO is missing in EXIF, and there is"
        f" no {EXPOSURE_FILE} for these photographs. Write one with a number of stops per line, in"
        f" the order of the file names, or use --exposures 0 2 4. Received: {found}"
    )


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
