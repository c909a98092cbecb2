"""Bodies of moving objects: polygons that change from frame to frame.

Coordinates are relative to the object's height, from its centre, x right and y down. A body stays
within 0.8 of the centre.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np


@dataclasses.dataclass(frozen=True, kw_only=True)
class Limb:
    """A rounded part of a figure, rotating about one end."""

    joint: tuple[float, float] | int
    """Position of that end; or the index of the limb that it is attached to."""
    length: float
    thickness: float
    angle: float
    """Radians from straight down."""
    swing: float
    """Rotation from one frame to the next, in radians."""
    tint: np.ndarray
    """`(3,)` factor of the texture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wave:
    """A closed curve: radius `1 + sum of amplitude cos(k angle + phase + drift * time)`."""

    amplitudes: np.ndarray
    phases: np.ndarray
    drifts: np.ndarray
    corners: int
    """Corners of the drawn polygon; few make it angular."""
    stretch: float
    """Width / height."""


def random_wave(rng: np.random.Generator, corners: int) -> Wave:
    """A random closed curve."""
    harmonics = np.arange(1, 8)
    return Wave(
        amplitudes=rng.normal(0, 0.35, 7) / harmonics,
        phases=rng.uniform(0, 2 * np.pi, 7),
        drifts=rng.normal(0, 0.25, 7),
        corners=corners,
        stretch=rng.uniform(0.6, 1.5),
    )


def polygons(body: Sequence[Limb] | Wave, time: float) -> list[tuple[np.ndarray, np.ndarray]]:
    """The parts of a body at one moment, back to front.

    Args:
        body: A figure's limbs, or a closed curve.
        time: Moment, in frames from the reference.

    Returns:
        Corners `(N, 2)` and tint `(3,)` of each part.
    """
    if isinstance(body, Wave):
        return [(_wave_corners(body, time), np.ones(3))]
    parts, ends = [], []
    for limb in body:
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
    # A power below 1 turns the ellipse into a capsule, like arms and trunks.
    across = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** 0.5 * limb.thickness / 2
    right = np.array([down[1], -down[0]])
    return joint + along[:, None] * down + across[:, None] * right


HEAD = (0.0, -0.44)
"""Start of a figure's head."""

_FIGURE = (  # joint, length, thickness, kind of rotation, clothes
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
    """A person: legs and arms of two parts, neck, trunk and head, all swinging."""
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
