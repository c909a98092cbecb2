"""Views of radiance maps: a random perspective camera in a panorama, a random crop of a photograph.

A view is sampled from its map once for every frame, so that a frame of a moving camera is no
blurrier than the reference and never runs over an edge. Of large maps, held at half precision, only
the part that a view shows is touched (`sharp_view`). Interpolation is cubic on the logarithm of
radiance: the overshoot beside a lamp stays positive.
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
_SHARP_ZOOM = (0.75, 1.3)  # where a view shall be as sharp as its map
_SHARP_FIELD_OF_VIEW = (28.0, 95.0)
_ALIASED = 1.2  # pixels of the map for each of a view, from which on it is shrunk
_MARGIN = 3  # pixels of a map about a view, for cubic interpolation


def prepare_map(radiance: np.ndarray, dtype: type[np.floating] = np.float32) -> np.ndarray:
    """Logarithm of a radiance map that is scaled so that its 99th percentile is 1.

    Args:
        radiance: `(H, W, 3)` in any scale. Negative values (colours outside the file's gamut)
            and zeros become a small positive value.
        dtype: Of the result; float16 is exact to 0.4 % of a radiance.

    Returns:
        `(H, W, 3)` of `dtype`, what `random_view` takes.

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
    if dtype == np.float16:
        white = np.float32(white)  # 200 MB less for a map of 4096x2048
    log_map = np.log(np.maximum(radiance / white, _DARKEST), dtype=np.float32)
    return log_map.astype(dtype, copy=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class View:
    """A camera that looks at a map."""

    log_map: np.ndarray
    """`(h, w, 3)` logarithm of radiance."""
    to_map: np.ndarray
    """`(3, 3)`: from homogeneous pixels of the view to rays (panorama) or pixels of the map."""
    kind: Literal["panorama", "photograph"]
    first_column: int = 0
    """Column of the map that counts as its first: turns a panorama by whole pixels."""
    skipped: float = 1.0
    """Pixels of the map for each pixel of the view, where the part shown must be shrunk first."""
    zoom: float = 1.0
    """Pixels of the view for each pixel of the map, in its middle."""
    windowed: bool = False
    """Take only the part of the map that is seen; coordinates round differently."""

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
        window = self.log_map
        if self.windowed:
            window, u, v = self._window(u, v)
        return np.exp(cv2.remap(window, u, v, cv2.INTER_CUBIC, borderMode=border))

    def _window(self, u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The part of the map at these columns and rows, float32; and them within it."""
        h, w = self.log_map.shape[:2]
        left, top = int(np.floor(u.min())) - _MARGIN, int(np.floor(v.min())) - _MARGIN
        columns = np.arange(left, int(np.ceil(u.max())) + _MARGIN + 1)
        rows = np.arange(top, int(np.ceil(v.max())) + _MARGIN + 1)
        if self.kind == "panorama":
            rows, columns = rows % h, (columns + self.first_column) % w
        else:
            rows, columns = _reflect(rows, h), _reflect(columns, w)
        window = _taken(_taken(self.log_map, rows, 0), columns, 1).astype(np.float32, copy=False)
        u, v = u - np.float32(left), v - np.float32(top)
        if self.skipped > 1:
            size = np.array(window.shape[1::-1])
            small = np.ceil(size / self.skipped).astype(int)
            # Light adds up, not its logarithm.
            mean = cv2.resize(np.exp(window), small.tolist(), interpolation=cv2.INTER_AREA)
            window = np.log(mean)
            across, down = (small / size).astype(np.float32)
            u, v = (u + 0.5) * across - 0.5, (v + 0.5) * down - 0.5
        return window, u, v


def _taken(array: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    """The rows or columns of an index, without a copy if they follow each other."""
    if index[-1] - index[0] == len(index) - 1:
        chosen = slice(index[0], index[-1] + 1)
        return array[chosen] if axis == 0 else array[:, chosen]
    return array.take(index, axis)


def _reflect(index: np.ndarray, size: int) -> np.ndarray:
    """Indices beyond an edge to those mirrored about the outermost pixel."""
    index = np.abs(index) % (2 * size - 2)
    return np.minimum(index, 2 * size - 2 - index)


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


def sharp_view(
    log_map: np.ndarray, height: int, width: int, rng: np.random.Generator, *, zoom: float = 1.0
) -> View:
    """Points a camera at a random part of a map, about as sharp as the map itself.

    Args:
        log_map: `(h, w, 3)`, of `prepare_map`.
        height: Height of the view in pixels.
        width: Width of the view in pixels.
        rng: Source of randomness.
        zoom: Pixels of the view for each pixel of its map, give or take a third, where the map is
            large enough.
    """
    h, w = log_map.shape[:2]
    zoom *= np.exp(rng.uniform(*np.log(_SHARP_ZOOM)))
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
            windowed=True,
        )
    per_radian = w / (2 * np.pi)
    focal = np.clip(per_radian * zoom, *_focal_lengths(width, _SHARP_FIELD_OF_VIEW))
    return View(
        log_map=log_map,
        to_map=_turned(rng, 0.0, 11.0) @ _pinhole(focal, height, width),
        kind="panorama",
        first_column=int(rng.integers(w)),
        skipped=_skipped(per_radian / focal),
        zoom=focal / per_radian,
        windowed=True,
    )


def _look_around(log_map: np.ndarray, height: int, width: int, rng: np.random.Generator) -> View:
    per_radian = log_map.shape[1] / (2 * np.pi)
    focal = np.clip(per_radian * rng.uniform(*_ZOOM), *_focal_lengths(width, _FIELD_OF_VIEW))
    to_map = _turned(rng, rng.uniform(0, 2 * np.pi), 9.0) @ _pinhole(focal, height, width)
    return View(log_map=_shrink(log_map, per_radian / focal), to_map=to_map, kind="panorama")


def _focal_lengths(width: int, fields: tuple[float, float]) -> tuple[float, float]:
    """Shortest and longest, in pixels, of narrowest and widest field of view in degrees."""
    narrow, wide = fields
    return width / 2 / np.tan(np.radians(wide) / 2), width / 2 / np.tan(np.radians(narrow) / 2)


def _pinhole(focal: float, height: int, width: int) -> np.ndarray:
    """`(3, 3)` from pixels to rays."""
    return np.array(
        [
            [1 / focal, 0, -(width - 1) / 2 / focal],
            [0, 1 / focal, -(height - 1) / 2 / focal],
            [0, 0, 1],
        ]
    )


def _turned(rng: np.random.Generator, yaw: float, pitch_deviation: float) -> np.ndarray:
    """`(3, 3)` rotation of a camera that is held about level."""
    pitch = np.radians(np.clip(rng.normal(2, pitch_deviation), -25, 25))
    roll = np.radians(rng.normal(0, 1.5))
    return _rotation(1, yaw) @ _rotation(0, pitch) @ _rotation(2, roll)


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


def _skipped(pixels: float) -> float:
    return pixels if pixels > _ALIASED else 1.0


def _shrink(log_map: np.ndarray, skipped: float) -> np.ndarray:
    if skipped <= _ALIASED:
        return log_map
    return cv2.resize(log_map, None, fx=1 / skipped, fy=1 / skipped, interpolation=cv2.INTER_AREA)


def _rotation(axis: int, angle: float) -> np.ndarray:
    return cv2.Rodrigues(np.eye(3)[axis] * angle)[0]
