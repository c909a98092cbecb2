"""Outlines of moving objects: polygons that change from frame to frame.

Coordinates are in heights of the object, from its centre, x right and y down; an outline stays
within 0.8 of the centre.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limb:
    """A rounded part of a figure that turns about one end."""

    joint: tuple[float, float] | int
    """Where that end is, in figure heights from the figure's centre, x right, y down; or the
    number of the limb at whose far end it is."""
    length: float
    """In figure heights."""
    thickness: float
    """In figure heights."""
    angle: float
    """Radians from straight down."""
    swing: float
    """Radians it turns from one frame to the next."""
    tint: np.ndarray
    """`(3,)` factor of its texture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wave:
    """A closed curve: radius `1 + sum of amplitude cos(k angle + phase + drift * time)`."""

    amplitudes: np.ndarray
    phases: np.ndarray
    drifts: np.ndarray
    corners: int
    """Number of corners of the drawn polygon: few make it angular."""
    stretch: float
    """Width over height."""


Outline = Sequence[Limb] | Wave


def random_outline(rng: np.random.Generator) -> Outline:
    """A standing figure (most often), a smooth blob or a polygon."""
    kind = rng.choice(["figure", "blob", "polygon"], p=[0.6, 0.25, 0.15])
    if kind == "figure":
        return random_figure(rng)
    return random_wave(rng, 96 if kind == "blob" else None)


def random_wave(rng: np.random.Generator, corners: int | None) -> Wave:
    """A closed curve of that many corners; None: of four to eight."""
    harmonics = np.arange(1, 8)
    return Wave(
        amplitudes=rng.normal(0, 0.35, 7) / harmonics,
        phases=rng.uniform(0, 2 * np.pi, 7),
        drifts=rng.normal(0, 0.25, 7),
        corners=corners or int(rng.integers(4, 9)),
        stretch=rng.uniform(0.6, 1.5),
    )


def polygons(outline: Outline, time: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parts of an outline at one moment, back to front.

    Args:
        outline: The outline.
        time: Moment, in frames from the reference.

    Returns:
        Corners `(N, 2)` and tint `(3,)` of every part.
    """
    if isinstance(outline, Wave):
        return [(_wave_corners(outline, time), np.ones(3))]
    parts, ends = [], []
    for limb in outline:
        joint = ends[limb.joint] if isinstance(limb.joint, int) else np.array(limb.joint)
        angle = limb.angle + limb.swing * time
        down = np.array([-np.sin(angle), np.cos(angle)])
        ends.append(joint + (limb.length - limb.thickness / 2) * down)
        parts.append((_limb_corners(limb, joint, down), limb.tint))
    return parts


def _wave_corners(wave: Wave, time: float) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, wave.corners, endpoint=False)[:, None]
    k = np.arange(1, len(wave.amplitudes) + 1)
    radius = 1 + np.sum(wave.amplitudes * np.cos(k * angle + wave.phases + wave.drifts * time), -1)
    radius = np.clip(radius, 0.35, 1.6) / 1.6 / 2
    return radius[:, None] * np.hstack([wave.stretch * np.cos(angle), np.sin(angle)])


def _limb_corners(limb: Limb, joint: np.ndarray, down: np.ndarray) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    along = (1 - np.cos(turn)) / 2 * (limb.length + limb.thickness / 2) - limb.thickness / 2
    # A power below 1 fills the ellipse towards a capsule, as arms and trunks are.
    across = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.5 * limb.thickness / 2
    right = np.array([down[1], -down[0]])
    return joint + along[:, None] * down + across[:, None] * right


HEAD = (0.0, -0.44)
"""Where a figure's head begins."""

_FIGURE = (  # joint, length, thickness, which turn it takes, which clothes
    ((-0.05, 0.02), 0.27, 0.11, "thigh", 0),
    (0, 0.27, 0.085, "shin", 0),
    ((0.05, 0.02), 0.27, 0.11, "thigh", 0),
    (2, 0.27, 0.085, "shin", 0),
    ((-0.09, -0.27), 0.19, 0.07, "upper arm", 1),
    (4, 0.19, 0.055, "forearm", 2),
    ((0.09, -0.27), 0.19, 0.07, "upper arm", 1),
    (6, 0.19, 0.055, "forearm", 2),
    ((0.0, -0.36), 0.09, 0.07, "trunk", 2),
    ((0.0, -0.24), 0.29, 0.2, "trunk", 1),
    (HEAD, 0.1, 0.11, "trunk", 2),
)


def random_figure(rng: np.random.Generator) -> list[Limb]:
    """A person of sorts: legs and arms of two parts, neck, trunk and head, all swinging."""
    clothes = np.exp(rng.normal(0, 0.6, (3, 1)) + rng.normal(0, 0.2, (3, 3)))
    wide = rng.uniform(0.8, 1.3)
    spread = {"thigh": 0.35, "shin": 0.3, "upper arm": 0.6, "forearm": 0.6, "trunk": 0.06}
    limbs: list[Limb] = []
    for joint, length, thickness, part, tint in _FIGURE:
        start = limbs[joint].angle if isinstance(joint, int) else 0.0
        limbs.append(
            Limb(
                joint=joint if isinstance(joint, int) else (joint[0] * wide, joint[1]),
                length=length,
                thickness=thickness * wide,
                angle=start + rng.normal(0, spread[part]),
                swing=rng.normal(0, 0.6 * spread[part]),
                tint=clothes[tint],
            )
        )
    return limbs
