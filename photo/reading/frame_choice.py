"""Chooses three of a bracket's photographs from thumbnails and exposures."""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from utils.images.drawing import shrink
from utils.radiometry.levels import ldr_to_float

LARGEST_STEP = 4.0
"""Stops; frames further apart share hardly any well-exposed pixel."""

SMALLEST_DIFFERENCE = 0.1
"""Stops; exposures closer than this are equal."""

_SMALL = 384  # pixels of a small frame's longer side
_CLIPPED = 0.98  # LDR value from which a pixel is clipped
_BLACK = 0.04  # LDR value up to which a pixel is lost in noise and quantisation
_NOISY = 0.1  # LDR value up to which a pixel is noisy
_FEW = 1e-3  # share of clipped or black pixels that is ignored
_USEFUL = 1.0, LARGEST_STEP  # stops from the reference to low and high, if there is a choice
_BEST = 2.0, 3.0  # stops; nearer frames add little range, wider ones share few pixels

# Shares of lost pixels that count as much as ..
_UNEVEN = 0.04  # .. one stop between the two steps
_UNUSUAL = 0.04  # .. one stop between a step and the best ones
_OFF_MIDDLE = 0.025  # .. one place between the reference and the middle of the exposures
_FILLED = 0.25  # .. one pixel of the reference that low or high has to fill


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

    Of all brackets of three that are one to four stops apart, the one of the lowest cost is taken:

    - the share of pixels that are lost in all three, clipped in low or black in high;
    - a quarter of the share that is lost in the reference, clipped or black, and has to be filled
      from a frame in which things may have moved; noisy dark pixels count half of these;
    - 4 % for each stop by which a step is below two or above three stops, or the two steps differ;
    - 2.5 % for each place between the reference and the middle of the exposures.

    Of equal brackets the narrowest is taken.

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
    references = order[1:-1] if named is None else [named]
    losses = [_Losses.of(frame) for frame in small]

    def cost(chosen: tuple[int, int, int]) -> tuple[float, float]:
        low, mid, high = chosen
        steps = values[mid] - values[low], values[high] - values[mid]
        lost = losses[low].clipped, losses[high].black
        return (
            sum(share for share in lost if share > _FEW)
            + _FILLED * losses[mid].filled
            + _UNEVEN * abs(steps[1] - steps[0])
            + _UNUSUAL * sum(max(_BEST[0] - step, step - _BEST[1], 0.0) for step in steps)
            + _OFF_MIDDLE * abs(order.index(mid) - (len(order) - 1) / 2)
        ), sum(steps)

    low, named, high = min(_brackets(order, references, values), key=cost)
    notes = _explain((low, named, high), values, names, losses[named])
    return Choice(indices=(low, named, high), notes=notes if len(names) > 3 else ())


def _index_of(reference: str, names: Sequence[str]) -> int:
    """Index of the photograph of this name or path, or the only one with this part in its name."""
    wanted = reference.lower().replace("\\", "/").rpartition("/")[2]
    found = [i for i, name in enumerate(names) if name.lower() == wanted]
    found = found or [i for i, x in enumerate(names) if x.lower().rpartition(".")[0] == wanted]
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


def _brackets(
    order: Sequence[int], references: Sequence[int], values: np.ndarray
) -> Iterator[tuple[int, int, int]]:
    """Low, reference and high at useful distances."""
    for mid in references:
        place = order.index(mid)
        lows = _useful(order[place - 1 :: -1], values, mid)
        highs = _useful(order[place + 1 :], values, mid)
        yield from ((low, mid, high) for low in lows for high in highs)


def _useful(candidates: Sequence[int], values: np.ndarray, reference: int) -> list[int]:
    """The frames of one side, nearest first, that are one to four stops away.

    If all are nearer, the widest; if all are beyond, the nearest.
    """
    steps = {index: abs(values[index] - values[reference]) for index in candidates}
    nearest, widest = _USEFUL
    useful = [index for index, step in steps.items() if nearest <= step <= widest]
    near = [index for index, step in steps.items() if step <= widest]
    return useful or near[-1:] or [candidates[0]]


class _Losses(NamedTuple):
    """Shares of a frame's pixels that show little."""

    clipped: float
    black: float
    noisy: float
    """Dark pixels that are not black."""

    @classmethod
    def of(cls, small: np.ndarray) -> Self:
        brightest = small.max(-1)
        clipped, black, dark = (
            float(mask.mean())
            for mask in (brightest >= _CLIPPED, brightest <= _BLACK, brightest <= _NOISY)
        )
        return cls(clipped, black, dark - black)

    @property
    def filled(self) -> float:
        """The share that other frames have to fill, where this one is the reference."""
        return self.clipped + self.black + self.noisy / 2


def _explain(
    indices: tuple[int, int, int], values: np.ndarray, names: Sequence[str], losses: _Losses
) -> tuple[str, ...]:
    low, reference, high = indices
    return (
        f"Of {len(names)} photographs these are used: {names[low]}"
        f" ({values[low] - values[reference]:+.1f} stops), {names[reference]} (reference,"
        f" {100 * losses.clipped:.0f}% of its pixels clipped,"
        f" {100 * losses.black:.0f}% black), {names[high]}"
        f" ({values[high] - values[reference]:+.1f} stops); --reference NAME chooses another.",
    )
