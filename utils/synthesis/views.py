"""Views of radiance maps: a random perspective camera in a panorama, a random crop of a photograph.

A view is sampled from its map once for every frame, so that a frame of a moving camera is no
blurrier than the reference and never runs over an edge. Interpolation is cubic on the logarithm
of radiance: the overshoot beside a lamp stays positive.
"""

import dataclasses
from typing import Literal

import cv2
import numpy as np

from utils.radiometry.radiance import brightest_channel

_DARKEST = 1e-6  # of a map whose 99th percentile is 1; also takes the place of negative values
_ZOOM = (0.9, 1.7)  # pixels of a view for each pixel of its map, where there is a choice
_FIELD_OF_VIEW = (45.0, 100.0)  # degrees, along the width
_CROP_SHARE = 0.9  # of a photograph, so that a moving camera finds something beside the crop


def prepare_map(radiance: np.ndarray) -> np.ndarray:
    """Logarithm of a radiance map that is scaled so that its 99th percentile is 1.

    Args:
        radiance: `(H, W, 3)` in any scale. Negative values (colours outside the file's gamut)
            and zeros become a small positive value.

    Returns:
        `(H, W, 3)` float32, what `random_view` takes.

    Raises:
        ValueError: A value is not finite, or the map is black.
    """
    if not np.isfinite(radiance).all():
        raise ValueError(
            f"A radiance map must be finite. Received: {radiance[~np.isfinite(radiance)][0]}"
        )
    white = np.percentile(brightest_channel(radiance), 99)
    if white <= 0:
        raise ValueError(f"A radiance map must not be black. Received: 99th percentile {white}")
    return np.log(np.maximum(radiance / white, _DARKEST), dtype=np.float32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """A camera that looks at a map."""

    log_map: np.ndarray
    """`(h, w, 3)` float32 logarithm of radiance, shrunk where the view would skip pixels."""
    to_map: np.ndarray
    """`(3, 3)`: from homogeneous pixels of the view to rays (panorama) or pixels of the map."""
    kind: Literal["panorama", "photograph"]

    def render(self, height: int, width: int, homography: np.ndarray | None = None) -> np.ndarray:
        """Radiance at each pixel.

        Args:
            height: Height in pixels.
            width: Width in pixels.
            homography: `(3, 3)` from pixels of this frame to pixels of the view; None: identity.

        Returns:
            `(height, width, 3)` float32, positive, in the map's scale.
        """
        matrix = self.to_map if homography is None else self.to_map @ homography
        y, x = np.mgrid[:height, :width].astype(np.float32)
        a, b, c = (row[0] * x + row[1] * y + row[2] for row in matrix.astype(np.float32))
        if self.kind == "panorama":
            h, w = self.log_map.shape[:2]
            u = (np.arctan2(a, c) / (2 * np.pi) + 0.5) * w - 0.5
            v = (np.arctan2(b, np.hypot(a, c)) / np.pi + 0.5) * h - 0.5
            border = cv2.BORDER_WRAP
        else:
            u, v, border = a / c, b / c, cv2.BORDER_REFLECT_101
        return np.exp(cv2.remap(self.log_map, u, v, cv2.INTER_CUBIC, borderMode=border))


def random_view(log_map: np.ndarray, height: int, width: int, rng: np.random.Generator) -> View:
    """Points a camera at a random part of a map; a panorama is twice as wide as high.

    Args:
        log_map: `(h, w, 3)`, of `prepare_map`.
        height: Height of the view in pixels.
        width: Width of the view in pixels.
        rng: Source of randomness.
    """
    h, w = log_map.shape[:2]
    if abs(w - 2 * h) <= 0.01 * w:
        return _look_around(log_map, height, width, rng)
    return _crop(log_map, height, width, rng)


def _look_around(log_map: np.ndarray, height: int, width: int, rng: np.random.Generator) -> View:
    per_radian = log_map.shape[1] / (2 * np.pi)
    widest, narrowest = (
        width / 2 / np.tan(np.radians(angle) / 2) for angle in reversed(_FIELD_OF_VIEW)
    )
    focal = np.clip(per_radian * rng.uniform(*_ZOOM), widest, narrowest)
    yaw = rng.uniform(0, 2 * np.pi)
    pitch = np.radians(np.clip(rng.normal(2, 9), -25, 25))
    roll = np.radians(rng.normal(0, 1.5))
    to_ray = np.array(
        [
            [1 / focal, 0, -(width - 1) / 2 / focal],
            [0, 1 / focal, -(height - 1) / 2 / focal],
            [0, 0, 1],
        ]
    )
    rotation = _rotation(1, yaw) @ _rotation(0, pitch) @ _rotation(2, roll)
    return View(
        log_map=_shrink(log_map, per_radian / focal), to_map=rotation @ to_ray, kind="panorama"
    )


def _crop(log_map: np.ndarray, height: int, width: int, rng: np.random.Generator) -> View:
    size = np.array(log_map.shape[1::-1])
    view = np.array([width, height])
    least = np.max(view / (_CROP_SHARE * size))
    zoom = rng.uniform(max(0.5, least), max(_ZOOM[1], least))
    shrunk = _shrink(log_map, 1 / zoom)
    ratio = shrunk.shape[1] / size[0] / zoom  # pixels of the shrunk map for one of the view
    room = np.array(shrunk.shape[1::-1]) - ratio * view
    left, top = room * rng.uniform(0.05, 0.95, 2)
    to_map = np.array([[ratio, 0, left], [0, ratio, top], [0, 0, 1]])
    return View(log_map=shrunk, to_map=to_map, kind="photograph")


def _shrink(log_map: np.ndarray, skipped: float) -> np.ndarray:
    if skipped <= 1.2:
        return log_map
    return cv2.resize(log_map, None, fx=1 / skipped, fy=1 / skipped, interpolation=cv2.INTER_AREA)


def _rotation(axis: int, angle: float) -> np.ndarray:
    return cv2.Rodrigues(np.eye(3)[axis] * angle)[0]
