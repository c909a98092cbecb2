"""Renders the frames of a moving scene: a background, objects in front of it, motion blur."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from lab.synthesis.motion import Track, homography
from lab.synthesis.objects.foregrounds import draw_sprite, paste
from lab.synthesis.objects.strands import Matted
from lab.synthesis.views import View

_LONGEST_BLUR = 16.0  # pixels
_BLUR_STEP = 1.4  # pixels between the sharp renderings of a blurred frame


@dataclasses.dataclass(frozen=True, kw_only=True)
class MovingObject:
    """An object in front of the background."""

    texture: np.ndarray
    outline: Matted
    height: float
    """In pixels of its canvas."""
    track: Track
    """Poses for `foregrounds.paste`."""
    roundness: float = 0.0
    """See `foregrounds.draw_sprite`."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenery:
    """Everything in front of the camera, and the camera's own motion."""

    background: View
    scale: float
    camera: Track
    objects: Sequence[MovingObject]
    size: tuple[int, int]

    def bracket(self, times: np.ndarray, shutter: float) -> np.ndarray:
        """Radiance `(3, H, W, 3)` of a bracket.

        Args:
            times: `(3,)` relative exposure times.
            shutter: The longest exposure, in intervals between frames.
        """
        return np.stack(
            [self.shot(frame, shutter * time / times[2]) for frame, time in enumerate(times)]
        )

    def shot(self, frame: int, duration: float) -> np.ndarray:
        """Mean radiance `(H, W, 3)` of a frame over an exposure of `duration` frame intervals."""
        tracks = [self.camera, *(thing.track for thing in self.objects)]
        fastest = max(np.hypot(*track.rate[:2]) for track in tracks)
        blur = min(fastest * duration, _LONGEST_BLUR)
        count = max(1, int(np.ceil(blur / _BLUR_STEP)))
        span = blur / fastest if fastest else 0.0
        time = frame - 1 if fastest else 0
        sprites = [
            draw_sprite(thing.texture, thing.outline, time, thing.height, thing.roundness)
            for thing in self.objects
        ]
        moments = span * ((np.arange(count) + 0.5) / count - 0.5)
        return np.mean([self._sharp(sprites, frame, moment) for moment in moments], axis=0)

    def _sharp(self, sprites: Sequence[np.ndarray], frame: int, moment: float) -> np.ndarray:
        view = homography(self.camera.at(frame, moment), self.size)
        image = self.background.render(*self.size, view) * np.float32(self.scale)
        for sprite, thing in zip(sprites, self.objects, strict=True):
            image = paste(image, sprite, thing.track.at(frame, moment))
        return image
