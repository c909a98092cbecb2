"""Defines the scene: one bracket, its exposures and perhaps its ground truth."""

import dataclasses

import numpy as np


class SceneError(ValueError):
    """A folder is no readable scene; the message names scene, file and value."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """One bracket and, if there is one, its ground truth."""

    name: str
    """Its folder below that of all scenes, `EXTRA/001`; results lie in the same tree."""
    ldr: np.ndarray
    """`(3, H, W, 3)` RGB frames, darkest first: uint8 or uint16; float32 in [0, 1] where a
    protocol has resized or rescaled them."""
    exposure_values: np.ndarray
    """`(3,)` float32 stops, ascending from 0."""
    hdr: np.ndarray | None
    """`(H, W, 3)` float32 truth: radiance, at least 0, in [0, 1] in Kalantari's data."""

    @property
    def exposure_times(self) -> np.ndarray:
        """`(3,)` float32 relative exposure times `2 ** ev`, ascending from 1."""
        return np.exp2(self.exposure_values)
