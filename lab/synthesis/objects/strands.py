"""Outlines with fine edges: a body, holes, and strands such as hairs, leaves and bars.

Coordinates as in lab/synthesis/objects/outlines.py. A strand is a ribbon along a bent line. All
parts become polygons, drawn back to front.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from lab.synthesis.objects.outlines import Limb, Wave, polygons

_REACH = 0.75  # from the centre: just inside the canvas
_ALONG = np.linspace(0, 1, 9)

Profile = Literal["hair", "leaf", "bar"]
_PROFILES: dict[Profile, np.ndarray] = {  # half width, relative to the thickness
    "hair": 0.5 * (1 - _ALONG) ** 0.7,
    "leaf": 0.5 * np.sin(np.pi * (0.04 + 0.96 * _ALONG)) ** 0.8,
    "bar": np.full_like(_ALONG, 0.5),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Strand:
    """A ribbon along a bent line: a hair, a leaf, a twig, a bar."""

    root: tuple[float, float] | int
    """Start point; or the index of a corner of the body's wave."""
    angle: float
    """Radians from straight down at the root, clockwise."""
    length: float
    thickness: float
    """At the thickest point."""
    bend: float = 0.0
    """Change of direction from root to tip, in radians."""
    flutter: float = 0.0
    """Rotation about the root from one frame to the next, in radians."""
    profile: Profile = "hair"
    """`hair`: thinner towards the tip; `leaf`: thickest in the middle; `bar`: constant."""
    tint: np.ndarray = dataclasses.field(default_factory=lambda: np.ones(3))
    """`(3,)` factor of the texture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Matted:
    """A body with holes, and strands in front."""

    body: Sequence[Limb] | Wave | None = None
    holes: Sequence[tuple[np.ndarray, float, Wave]] = ()
    """Centre, size and curve of each."""
    strands: Sequence[Strand] = ()
    sway: float = 0.0
    """Shift of the top to the right from one frame to the next; the foot stays."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part:
    """One polygon of an outline at one moment."""

    corners: np.ndarray
    """`(N, 2)`."""
    tint: np.ndarray
    """`(3,)` factor of the texture."""
    covers: bool = True
    """False: a hole."""


def parts(outline: Matted, time: float) -> Iterator[Part]:
    """The polygons of an outline, back to front, `time` frames from the reference."""
    body = polygons(outline.body, time) if outline.body is not None else []
    holes = [(centre + size * polygons(wave, time)[0][0]) for centre, size, wave in outline.holes]
    edge = body[0][0] if isinstance(outline.body, Wave) else np.zeros((1, 2))
    lean = outline.sway * time
    for corners, tint in body:
        yield Part(corners=_leant(corners, lean), tint=tint)
    for corners in holes:
        yield Part(corners=_leant(corners, lean), tint=np.ones(3), covers=False)
    ribbons = _leant(_ribbons(outline.strands, edge, time), lean)
    for strand, corners in zip(outline.strands, ribbons, strict=True):
        yield Part(corners=corners, tint=strand.tint)


def along(strand: Strand, at: float) -> tuple[float, float]:
    """Point of a strand at a fraction of its length."""
    ribbon = _ribbons([strand], np.zeros((1, 2)), 0)[0]
    line = (ribbon[: len(_ALONG)] + ribbon[: len(_ALONG) - 1 : -1]) / 2
    x, y = (np.interp(at, _ALONG, line[:, axis]) for axis in range(2))
    return float(x), float(y)


def _leant(corners: np.ndarray, lean: float) -> np.ndarray:
    """Corners `(.., 2)` with the top shifted to the right, clipped to the canvas."""
    right = lean * (0.5 - corners[..., 1:]) ** 2 * np.array([1, 0])
    return np.clip(corners + right, -_REACH, _REACH)


def _ribbons(strands: Sequence[Strand], edge: np.ndarray, time: float) -> np.ndarray:
    """Corners `(count, N, 2)` of strands; integer roots refer to an edge `(M, 2)`."""
    if not strands:
        return np.zeros((0, 2 * len(_ALONG), 2))
    roots = [
        edge[strand.root % len(edge)] if isinstance(strand.root, int) else strand.root
        for strand in strands
    ]
    start, bend, length = (
        np.array(values)[:, None]
        for values in (
            [strand.angle + strand.flutter * time for strand in strands],
            [strand.bend for strand in strands],
            [strand.length for strand in strands],
        )
    )
    angle = start + bend * _ALONG  # (count, points)
    across = np.stack([np.cos(angle), np.sin(angle)], -1)
    along = np.stack([-np.sin(angle), np.cos(angle)], -1) * length[..., None]
    line = np.cumsum(along, axis=1) - along[:, :1]
    line = np.array(roots)[:, None] + line / (len(_ALONG) - 1)
    half = [strand.thickness * _PROFILES[strand.profile] for strand in strands]
    right = across * np.array(half)[..., None]
    return np.concatenate([line + right, (line - right)[:, ::-1]], axis=1)
