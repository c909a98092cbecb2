"""Random views of radiance maps: a perspective camera in a panorama, a crop of a photograph.

A view is sampled from its map once per frame, so a frame of a moving camera is as sharp as the
reference and never reaches an edge. Maps are kept at half precision; only the visible part is
converted. Cubic interpolation on log radiance keeps the overshoot beside a lamp positive.
"""

import dataclasses
from typing import Literal

import cv2
import numpy as np

from utils.radiometry.radiance import brightest_channel

_DARKEST = 1e-6  # of a map whose 99th percentile is 1; replaces negative values
_CROP_SHARE = 0.9  # of a photograph: leaves room for a moving camera
_ZOOM = (0.75, 1.3)  # pixels of the view per pixel of the map, times the requested zoom
_FIELD_OF_VIEW = (28.0, 95.0)  # degrees, horizontal
_ALIASED = 1.2  # map pixels per view pixel from which the map is shrunk first
_MARGIN = 3  # map pixels around a view, for cubic interpolation


def prepare_map(radiance: np.ndarray) -> np.ndarray:
    """Logarithm of a radiance map, scaled so that its 99th percentile is 1.

    Args:
        radiance: `(H, W, 3)` in any scale. Negative values (colours outside the file's gamut)
            and zeros become a small positive value.

    Returns:
        `(H, W, 3)` float16, exact to 0.4 % of a radiance.

    Raises:
        ValueError: A value is not finite, or the map is black.
    """
    if not np.isfinite(radiance).all():
        raise ValueError(
            f"A radiance map must be finite. Received: {radiance[~np.isfinite(radiance)][0]}"
        )
    white = np.float32(np.percentile(brightest_channel(radiance), 99))
    if white <= 0:
        raise ValueError(f"A radiance map must not be black. Received: 99th percentile {white}")
    log_map = np.log(np.maximum(radiance / white, _DARKEST), dtype=np.float32)
    return log_map.astype(np.float16)


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """A camera looking at a map."""

    log_map: np.ndarray
    """`(h, w, 3)` log radiance."""
    to_map: np.ndarray
    """`(3, 3)`: homogeneous pixels of the view to rays (panorama) or pixels of the map."""
    kind: Literal["panorama", "photograph"]
    first_column: int = 0
    """Map column used as the first: turns a panorama by whole pixels."""
    skipped: float = 1.0
    """Map pixels per view pixel; above 1 the visible part is shrunk first."""
    zoom: float = 1.0
    """View pixels per map pixel, at the centre."""

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
        window, u, v = self._window(u, v)
        return np.exp(cv2.remap(window, u, v, cv2.INTER_CUBIC, borderMode=border))

    def _window(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The visible part of the map, float32, and columns and rows within it."""
        h, w = self.log_map.shape[:2]
        left, top = int(np.floor(u.min())) - _MARGIN, int(np.floor(v.min())) - _MARGIN
        columns = np.arange(left, int(np.ceil(u.max())) + _MARGIN + 1)
        rows = np.arange(top, int(np.ceil(v.max())) + _MARGIN + 1)
        if self.kind == "panorama":
            rows, columns = rows % h, (columns + self.first_column) % w
        else:
            rows, columns = _reflect(rows, h), _reflect(columns, w)
        window = _take(_take(self.log_map, rows, 0), columns, 1).astype(np.float32, copy=False)
        u, v = u - np.float32(left), v - np.float32(top)
        if self.skipped > 1:
            size = np.array(window.shape[1::-1])
            small = np.ceil(size / self.skipped).astype(int)
            # Averages light, not its logarithm.
            mean = cv2.resize(np.exp(window), small.tolist(), interpolation=cv2.INTER_AREA)
            window = np.log(mean)
            across, down = (small / size).astype(np.float32)
            u, v = (u + 0.5) * across - 0.5, (v + 0.5) * down - 0.5
        return window, u, v


def random_view(
    log_map: np.ndarray, height: int, width: int, rng: np.random.Generator, *, zoom: float = 1.0
) -> View:
    """Points a camera at a random part of a map; a panorama is twice as wide as high.

    Args:
        log_map: `(h, w, 3)`, from `prepare_map`.
        height: Height of the view in pixels.
        width: Width of the view in pixels.
        rng: Source of randomness.
        zoom: View pixels per map pixel, varied by a third, where the map is large enough.
    """
    h, w = log_map.shape[:2]
    zoom *= np.exp(rng.uniform(*np.log(_ZOOM)))
    if abs(w - 2 * h) > 0.01 * w:
        size, view = np.array([w, h]), np.array([width, height])
        zoom = max(zoom, np.max(view / (_CROP_SHARE * size)))
        left, top = (size - view / zoom) * rng.uniform(0.05, 0.95, 2)
        return View(
            log_map=log_map,
            to_map=np.array([[1 / zoom, 0, left], [0, 1 / zoom, top], [0, 0, 1]]),
            kind="photograph",
            skipped=_skipped(1 / zoom),
            zoom=zoom,
        )
    per_radian = w / (2 * np.pi)
    narrow, wide = (width / 2 / np.tan(np.radians(field) / 2) for field in _FIELD_OF_VIEW)
    focal = np.clip(per_radian * zoom, wide, narrow)
    # The order of random draws determines a scene's bytes: rotation first.
    return View(
        log_map=log_map,
        to_map=_random_rotation(rng) @ _pinhole(focal, height, width),
        kind="panorama",
        first_column=int(rng.integers(w)),
        skipped=_skipped(per_radian / focal),
        zoom=focal / per_radian,
    )


def _pinhole(focal: float, height: int, width: int) -> np.ndarray:
    """`(3, 3)` from pixels to rays."""
    return np.array(
        [
            [1 / focal, 0, -(width - 1) / 2 / focal],
            [0, 1 / focal, -(height - 1) / 2 / focal],
            [0, 0, 1],
        ]
    )


def _random_rotation(rng: np.random.Generator) -> np.ndarray:
    """`(3, 3)` rotation of a camera held about level; `View.first_column` turns it around."""
    pitch = np.radians(np.clip(rng.normal(2, 11.0), -25, 25))
    roll = np.radians(rng.normal(0, 1.5))
    return _rotation(0, pitch) @ _rotation(2, roll)


def _rotation(axis: int, angle: float) -> np.ndarray:
    return cv2.Rodrigues(np.eye(3)[axis] * angle)[0]


def _skipped(pixels: float) -> float:
    return pixels if pixels > _ALIASED else 1.0


def _take(array: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    """Rows or columns by index, without a copy if they are consecutive."""
    if index[-1] - index[0] == len(index) - 1:
        chosen = slice(index[0], index[-1] + 1)
        return array[chosen] if axis == 0 else array[:, chosen]
    return array.take(index, axis)


def _reflect(index: np.ndarray, size: int) -> np.ndarray:
    """Mirrors indices beyond an edge about the outermost pixel."""
    index = np.abs(index) % (2 * size - 2)
    return np.minimum(index, 2 * size - 2 - index)
