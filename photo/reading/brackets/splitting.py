"""Tells the brackets of a folder apart by the headers of its files.

Photographs of a bracket have one size, format and camera. They were taken one after the other
without a gap in time, and no exposure comes twice: there a camera's bracketing order starts anew.
Only where the headers lack times or exposures, or the exposures are uneven, pixels are compared.
"""

import itertools
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from photo.reading.brackets.headers import Header, read_headers
from photo.reading.brackets.likeness import by_likeness
from photo.reading.frame_choice import SMALLEST_DIFFERENCE
from utils.scenes.layouts import FRAME_COUNT

_PAUSE, _PAUSES = 2.0, 3.0  # seconds, and multiples of the usual pause: beyond both is a gap
_LONGEST_PAUSE = 60.0  # seconds in which a photographer changes the exposure by hand
_UNEVEN = 0.5  # stops by which the steps of one bracket differ, by rounded times
_ALIKE = 0.35  # stops by which the same step differs between two brackets
_REPEATED = 0.45  # of the smallest step; an exposure nearer to another one repeats it


def split(paths: Sequence[Path]) -> tuple[list[list[Path]], list[Path]]:
    """Splits photographs into brackets.

    Args:
        paths: Photographs in the order of their names.

    Returns:
        The brackets and the photographs that belong to none, in the order of their names. If there
        is no bracket of three exposures, all photographs are returned as one, and reading it raises
        an error.
    """
    kinds = defaultdict[tuple[object, ...], list[Header]](list)
    for header in read_headers(paths):
        kinds[(*header.kind, header.stops is None)].append(header)
    groups = [group for headers in kinds.values() for group in _groups(headers)]
    whole = [group for group in groups if _exposures(group) >= FRAME_COUNT]
    whole = whole or [group for group in groups if len(group) >= FRAME_COUNT and not _known(group)]
    if not whole:
        return [list(paths)], []
    order = {path: index for index, path in enumerate(paths)}
    brackets = [sorted((each.path for each in group), key=lambda x: order[x]) for group in whole]
    inside = {path for bracket in brackets for path in bracket}
    return sorted(brackets, key=lambda each: order[each[0]]), [x for x in paths if x not in inside]


def doubts(paths: Sequence[Path]) -> tuple[str, ...]:
    """A warning if photographs that are merged as one bracket look like several."""
    brackets, others = split(paths)
    if len(brackets) == 1 and not others:
        return ()
    looks = "; ".join(map(listed, brackets))
    looks += f"; and single ones: {listed(others)}" if others else ""
    return (f"By time and exposure these are {looks}. Merge each bracket by itself.",)


def listed(paths: Sequence[Path], most: int = 8) -> str:
    """File names; of many, the first ones and the number of the others."""
    names = [path.name for path in paths]
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if names[most:] else "")


def _known(group: Sequence[Header]) -> bool:
    return all(header.stops is not None for header in group)


def stops_of(group: Sequence[Header]) -> list[float]:
    """The exposures of a group; empty if one is unknown."""
    return [header.stops for header in group if header.stops is not None] if _known(group) else []


def _exposures(group: Sequence[Header]) -> int:
    """Number of different exposures of a group; 0 if they are unknown."""
    stops = sorted(stops_of(group))
    return sum(b - a >= SMALLEST_DIFFERENCE for a, b in itertools.pairwise(stops)) + bool(stops)


def _groups(headers: Sequence[Header]) -> list[list[Header]]:
    """Splits photographs of one kind at gaps in time and where exposures start anew."""
    pieces = [list(headers)]
    timed = all(header.began is not None for header in headers)
    if timed:
        pieces = _at_gaps(sorted(headers, key=lambda header: header.began or 0.0))
    groups = [group for piece in pieces for group in _at_new_orders(piece)]
    return [
        part
        for group in groups
        for part in ([group] if timed and _even(stops_of(group)) else _by_likeness(group))
    ]


def _by_likeness(group: Sequence[Header]) -> list[list[Header]]:
    """Splits a group of more than three photographs where they show something else."""
    if len(group) <= FRAME_COUNT:
        return [list(group)]
    sizes = by_likeness([header.path for header in group])
    ends = list(itertools.accumulate(sizes))
    return [list(group[end - size : end]) for size, end in zip(sizes, ends, strict=True)]


def _at_gaps(headers: Sequence[Header]) -> list[list[Header]]:
    """Splits photographs, sorted by time, where one was taken much later than usual."""
    pauses = [_pause(a, b) for a, b in itertools.pairwise(headers)]
    if not pauses:
        return [list(headers)]
    limit = _PAUSE + _PAUSES * statistics.median_low(pauses)
    pieces = [[headers[0]]]
    for header, pause in zip(headers[1:], pauses, strict=True):
        if pause > limit:
            pieces.append([])
        pieces[-1].append(header)
    joined = [pieces[0]]
    for piece in pieces[1:]:
        # A bracket set by hand: its steps go on evenly.
        short = min(len(piece), len(joined[-1])) < FRAME_COUNT
        pause = _pause(joined[-1][-1], piece[0])
        if short and pause <= _LONGEST_PAUSE and _even(stops_of([*joined[-1], *piece])):
            joined[-1].extend(piece)
        else:
            joined.append(piece)
    return joined


def _pause(a: Header, b: Header) -> float:
    """Seconds between two photographs without the time for which they were exposed."""
    return max(
        (b.began or 0.0) - (a.began or 0.0) - max(a.exposure.time or 0.0, b.exposure.time or 0.0),
        0.0,
    )


def _even(stops: Sequence[float]) -> bool:
    """True if the exposures, sorted, are different and the same number of stops apart."""
    steps = [b - a for a, b in itertools.pairwise(sorted(stops))]
    return bool(steps) and min(steps) >= SMALLEST_DIFFERENCE and max(steps) - min(steps) <= _UNEVEN


def _at_new_orders(headers: Sequence[Header]) -> list[list[Header]]:
    """Splits photographs of known exposures where a bracketing order starts anew."""
    stops = stops_of(headers)
    if not stops or (_even(stops) and stops in (sorted(stops), sorted(stops, reverse=True))):
        return [list(headers)]
    for length in range(FRAME_COUNT, len(stops) // 2 + 1):
        if len(stops) % length == 0 and _repeats(stops, length):
            return [list(headers[i : i + length]) for i in range(0, len(stops), length)]
    groups: list[list[Header]] = []
    for header, value in zip(headers, stops, strict=True):
        if not groups or _is_repeated(value, stops_of(groups[-1])):
            groups.append([])
        groups[-1].append(header)
    return groups


def _repeats(stops: Sequence[float], length: int) -> bool:
    """True if the exposures are the same steps again and again, from any first exposure."""
    orders = [[x - stops[i] for x in stops[i : i + length]] for i in range(0, len(stops), length)]
    different = min(b - a for a, b in itertools.pairwise(sorted(orders[0]))) >= SMALLEST_DIFFERENCE
    return different and all(
        abs(a - b) <= _ALIKE for order in orders[1:] for a, b in zip(orders[0], order, strict=True)
    )


def _is_repeated(value: float, stops: Sequence[float]) -> bool:
    steps = [b - a for a, b in itertools.pairwise(sorted(stops))]
    nearest = min(abs(value - other) for other in stops)
    return nearest < max(_REPEATED * min(steps, default=0.0), SMALLEST_DIFFERENCE)
