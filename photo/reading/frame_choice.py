"""Chooses three of a bracket's photographs from thumbnails and exposures."""

import dataclasses
import itertools
from collections.abc import Sequence

import numpy as np

from utils.images.drawing import shrink
from utils.radiometry.levels import ldr_to_float

LARGEST_STEP = 4.0
"""Stops; frames further apart share hardly any well-exposed pixel."""

SMALLEST_DIFFERENCE = 0.1
"""Stops; exposures closer than this are equal."""

_SMALL = 384  # pixels of a small frame's longer side
_DARK, _BRIGHT = 0.1, 0.9  # LDR values between which a pixel is well exposed
_CLIPPED = 0.98  # LDR value from which a pixel is clipped
_BLACK = 0.04  # LDR value up to which a pixel is lost in noise and quantisation
_FEW = 1e-3  # share of clipped or black pixels that is ignored
_UNEVEN = 0.08  # share of lost pixels that counts as much as one stop between the two steps
_SMALLEST_USEFUL_STEP = 1.0  # stops


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """Three of N photographs."""

    indices: tuple[int, int, int]
    """Low, reference and high among the photographs."""
    notes: tuple[str, ...]
    """The reasons; empty if there were only three photographs."""


def small_version(frame: np.ndarray) -> np.ndarray:
    """A `(H, W, 3)` uint8 or uint16 frame, shrunk to 384 pixels a side, as float32 in [0, 1]."""
    return ldr_to_float(shrink(frame, _SMALL))


def choose(
    small: Sequence[np.ndarray],
    values: np.ndarray,
    names: Sequence[str],
    reference: str | None = None,
) -> Choice:
    """Chooses low, reference and high.

    The reference is the frame, neither darkest nor brightest, with the largest share of
    well-exposed minus clipped pixels: clipped pixels have to be filled from a frame in which things
    have moved. Of the frames one to four stops away on each side, the pair with the fewest lost
    pixels is chosen (clipped in low, black in high). Steps that differ by a stop count as much as
    8 % of lost pixels; of equal pairs the narrowest is chosen.

    Args:
        small: `(h, w, 3)` frames in [0, 1], from `small_version`.
        values: `(N,)` their stops.
        names: Their file names.
        reference: Name of the reference, or a part that only it has; None: chosen.

    Returns:
        The choice; of frames of equal exposure, only the first or the reference is considered.

    Raises:
        ValueError: There are fewer than three different exposures; or `reference` names no
            photograph, several, or the darkest or brightest one.
    """
    named = None if reference is None else _index_of(reference, names)
    order = _different(values, named)
    listed = ", ".join(f"{n} {v:g}" for n, v in zip(names, values - values.min(), strict=True))
    if len(order) < 3:
        raise ValueError(
            f"A bracket needs three photographs of different exposure. Received: {listed} stops"
        )
    if named is not None and named in {order[0], order[-1]}:
        raise ValueError(
            "The reference must have a darker and a brighter photograph beside it. Received:"
            f" {names[named]} of {listed} stops"
        )
    if named is None:
        named = max(order[1:-1], key=lambda i: _well_exposed(small[i]) - _clipped(small[i]))
    middle = order.index(named)
    low, high = _pair(
        _useful(order[middle - 1 :: -1], values, named),
        _useful(order[middle + 1 :], values, named),
        [_clipped(frame) for frame in small],
        [_black(frame) for frame in small],
        np.abs(values - values[named]),
    )
    notes = _explain((low, named, high), values, names, small[named])
    return Choice(indices=(low, named, high), notes=notes if len(names) > 3 else ())


def _index_of(reference: str, names: Sequence[str]) -> int:
    """Index of the photograph of this name or path, or the only one with this part in its name."""
    wanted = reference.lower().replace("\\", "/").rpartition("/")[2]
    found = [i for i, name in enumerate(names) if name.lower() == wanted]
    found = found or [i for i, name in enumerate(names) if wanted in name.lower()]
    if len(found) != 1:
        raise ValueError(
            f"--reference must be the name, or a part, of one of {', '.join(names)}. Received:"
            f" {reference!r}, which is in {len(found)} of them"
        )
    return found[0]


def _different(values: np.ndarray, preferred: int | None) -> list[int]:
    """Indices by ascending exposure; of equal ones only the first or the preferred."""
    kept: list[int] = []
    for index in map(int, np.argsort(values, kind="stable")):
        if not kept or values[index] - values[kept[-1]] >= SMALLEST_DIFFERENCE:
            kept.append(index)
        elif index == preferred:
            kept[-1] = index
    return kept


def _useful(candidates: Sequence[int], values: np.ndarray, reference: int) -> list[int]:
    """The frames of one side, nearest first, that are one to four stops away.

    If all are nearer, the widest; if all are beyond, the nearest.
    """
    steps = {index: abs(values[index] - values[reference]) for index in candidates}
    useful = [i for i, step in steps.items() if _SMALLEST_USEFUL_STEP <= step <= LARGEST_STEP]
    near = [index for index, step in steps.items() if step <= LARGEST_STEP]
    return useful or near[-1:] or [candidates[0]]


def _pair(
    lows: Sequence[int],
    highs: Sequence[int],
    clipped: Sequence[float],
    black: Sequence[float],
    steps: np.ndarray,
) -> tuple[int, int]:
    """The low and high frame of the lowest cost: lost pixels and unequal steps."""

    def cost(pair: tuple[int, int]) -> tuple[float, float]:
        low, high = pair
        lost = sum(share for share in (clipped[low], black[high]) if share > _FEW)
        apart = float(abs(steps[low] - steps[high]))
        return lost + _UNEVEN * apart, float(steps[low] + steps[high])

    return min(itertools.product(lows, highs), key=cost)


def _well_exposed(small: np.ndarray) -> float:
    return float(((small.min(-1) > _DARK) & (small.max(-1) < _BRIGHT)).mean())


def _clipped(small: np.ndarray) -> float:
    return float((small.max(-1) >= _CLIPPED).mean())


def _black(small: np.ndarray) -> float:
    return float((small.max(-1) <= _BLACK).mean())


def _explain(
    indices: tuple[int, int, int], values: np.ndarray, names: Sequence[str], small: np.ndarray
) -> tuple[str, ...]:
    low, reference, high = indices
    return (
        f"Of {len(names)} photographs these are used: {names[low]}"
        f" ({values[low] - values[reference]:+.1f} stops), {names[reference]} (reference,"
        f" {100 * _well_exposed(small):.0f}% of its pixels well exposed,"
        f" {100 * _clipped(small):.0f}% clipped), {names[high]}"
        f" ({values[high] - values[reference]:+.1f} stops); --reference NAME chooses another.",
    )
