"""Reads files of exposures, in stops or as times.

Files of the field hold one number a line, in the order of the frames: mostly stops from 0,
sometimes stops from another value, sometimes times in seconds. Times are recognised by a fraction
or a span that no bracket has in stops, else by the frames: where two frames are both well exposed,
the ratio of their linearised values is that of their exposure times.
"""

import codecs
import itertools
import math
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from utils.radiometry.radiance import GAMMA

_LARGEST_FILE = 1_000_000  # bytes
_LARGEST_SPAN = 24.0  # stops; no bracket has more
_SMALLEST_SPAN = 0.5  # stops; any bracket has more
_DARKEST, _BRIGHTEST = 0.04, 0.9  # LDR values that are neither noise nor clipped
_MIDDLE = (0.35, 0.65)  # geometric mean of the two LDR values that a ratio is measured from
_FEWEST_VALUES, _SMALLEST_SHARE = 32, 2e-3  # needed to measure a ratio
_DECIMAL_COMMA = re.compile(r"^([+-]?\d*),(\d+)$")


class FileExposures(NamedTuple):
    """The exposures of a file."""

    values: np.ndarray
    """Stops in the order of the file, not rebased."""
    unit: Literal["stops", "times"]
    """Unit of the numbers in the file."""


def read(path: Path, frames: Sequence[np.ndarray]) -> FileExposures:
    """Reads the exposures of a bracket.

    Args:
        path: A text file with a number a line, in the order of the frames.
        frames: The frames, `(H, W, 3)` LDR in [0, 1]; may be thinned out.

    Raises:
        ValueError: There are more or fewer lines than frames, or they hold no exposures.
        OSError: The file cannot be read.
    """
    lines = read_lines(path)
    if len(lines) != len(frames):
        raise ValueError(
            f"{path} must have a line for each of the {len(frames)} frames."
            f" Received: {len(lines)} lines"
        )
    try:
        return to_stops(lines, frames)
    except ValueError as error:
        shown = [line if len(line) <= 20 else f"{line[:20]}.." for line in lines[:8]]
        raise ValueError(
            f"{path} must hold different exposures, stops or times: {error}. Received: {shown}"
        ) from error


def read_lines(path: Path) -> list[str]:
    """The lines of a file of UTF-8 or UTF-16 that are not empty, decimal commas made points.

    Raises:
        ValueError: The file is too large for a list of exposures.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ValueError(
            f"{path} must hold a number a line. Received: a file of more than {_LARGEST_FILE} bytes"
        )
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace")
    lines = (line.strip() for line in text.splitlines())
    return [_DECIMAL_COMMA.sub(r"\1.\2", line) for line in lines if line]


def to_stops(lines: Sequence[str], frames: Sequence[np.ndarray]) -> FileExposures:
    """Converts the lines of a file to stops.

    Args:
        lines: A number each, from `read_lines`: `2`, `-1.5`, `0.25` or `1/60`.
        frames: The frames the lines belong to, `(H, W, 3)` LDR in [0, 1]; may be thinned out.

    Returns:
        The exposures in stops.

    Raises:
        ValueError: A line is no finite number, two are the same, or no unit makes sense.
    """
    numbers = np.array([_number(line) for line in lines])
    if not np.isfinite(numbers).all():
        raise ValueError("every number must be finite")
    if len(np.unique(numbers)) != len(numbers):
        raise ValueError("no number may occur twice")
    span = float(np.ptp(numbers))
    if (numbers <= 0).any():
        if span > _LARGEST_SPAN:
            raise ValueError(f"stops must be at most {_LARGEST_SPAN:g} apart")
        return FileExposures(values=numbers, unit="stops")
    times = np.log2(numbers)
    if any("/" in line for line in lines) or not _SMALLEST_SPAN <= span <= _LARGEST_SPAN:
        brightness = [float(frames[index].mean()) for index in np.argsort(times)]
        # Noise and flare decide which of two nearly black or white frames is brighter.
        brightness = np.clip(brightness, _DARKEST, _BRIGHTEST).tolist()
        if sorted(brightness) != brightness:
            raise ValueError("neither stops nor times: a longer time gives a brighter frame")
        return FileExposures(values=times, unit="times")
    measured = measure_stops(frames)
    known = np.isfinite(measured)
    errors = [np.abs(np.diff(values) - measured)[known].sum() for values in (times, numbers)]
    if errors[0] < errors[1]:
        return FileExposures(values=times, unit="times")
    return FileExposures(values=numbers, unit="stops")


def measure_stops(frames: Sequence[np.ndarray]) -> np.ndarray:
    """Stops between neighbouring frames, measured from their pixels.

    The median ratio of linearised values over pixels whose two LDR values lie around the middle of
    the range: there a camera's tone curve is closest to the assumed gamma; in shadows it is
    steeper, in highlights flatter, by a stop and more.

    Args:
        frames: N frames `(H, W, 3)`, LDR in [0, 1].

    Returns:
        `(N - 1,)`; NaN where too few values are well exposed in both frames, or sizes differ.
    """
    return np.array([_stops_between(a, b) for a, b in itertools.pairwise(frames)])


def _stops_between(a: np.ndarray, b: np.ndarray) -> float:
    if a.shape != b.shape:  # refused later, with their names
        return np.nan
    middle = np.sqrt(a * b)
    usable = (np.minimum(a, b) > _DARKEST) & (np.maximum(a, b) < _BRIGHTEST)
    usable &= (middle > _MIDDLE[0]) & (middle < _MIDDLE[1])
    if usable.sum() < max(_FEWEST_VALUES, _SMALLEST_SHARE * usable.size):
        return np.nan
    return float(GAMMA * np.median(np.log2(b[usable] / a[usable])))


def _number(line: str) -> float:
    try:
        return float(Fraction(line)) if "/" in line else float(line)
    except OverflowError:
        return math.inf
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError("one number a line") from error
