"""Defines the scene: a bracket, its exposures and an optional ground truth."""

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

from utils.files import one_line, printable


class SceneError(ValueError):
    """A folder is not a readable scene; the message names scene, file and value."""


SCENE_FAILURES = (
    *(ValueError, OSError, ArithmeticError, LookupError, RuntimeError, AttributeError),
    *(MemoryError, cv2.error),
)
"""Errors of this project and of libraries that end one scene and not the run."""


def failure(name: str, error: Exception) -> str:
    """One line about a scene that failed: its name and the reason."""
    # Messages of this project are of these two kinds and may quote a name with a line end.
    ours = isinstance(error, (ValueError, OSError))
    reason, name = printable(str(error) if ours else one_line(error)), printable(name)
    return reason if not name or f"Scene {name}" in reason else f"Scene {name}: {reason}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class OtherFrame:
    """A frame of a bracket that the networks do not see."""

    exposure_time: float
    """Relative to the low frame's."""
    read: Callable[[], tuple[np.ndarray, np.ndarray | None]]
    """`(H, W, 3)` frame from the reference's view: uint8, uint16, or float32 in [0, 1]; and gaps as
    in `Scene.gaps`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scene:
    """One bracket with an optional ground truth."""

    name: str
    """Path of its folder below that of all scenes, `EXTRA/001`; also that of its results."""
    ldr: np.ndarray
    """`(3, H, W, 3)` RGB frames, darkest first: uint8 or uint16; float32 in [0, 1] where a
    protocol has resized or rescaled them."""
    exposure_values: np.ndarray
    """`(3,)` float32 stops, ascending from 0."""
    hdr: np.ndarray | None
    """`(H, W, 3)` float32 truth: radiance, at least 0, in [0, 1] in Kalantari's data."""
    gaps: tuple[np.ndarray | None, np.ndarray | None] = (None, None)
    """Of low and high: `(H, W)`, True where the frame showed nothing and was filled; or None."""
    others: tuple[OtherFrame, ...] = ()
    """Frames beyond three, of brackets of photographs."""
    notes: tuple[str, ...] = ()
    """Findings and decisions of reading, a line each."""

    @property
    def exposure_times(self) -> np.ndarray:
        """`(3,)` float32 relative exposure times `2 ** ev`, ascending from 1."""
        return np.exp2(self.exposure_values)
