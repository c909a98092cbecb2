"""Warps a frame to the reference's view and fills the gaps at its border.

Gaps are filled from the reference, exposed like the frame and matched to the frame's brightness
beside the gap, so that no edge shows. In a darker frame this fails where the reference is clipped:
a clipped value exposed anew is grey. Clipped channels are filled from the frame instead, with the
brightness of the nearest pixels that the reference clips too. White is filled from white, not from
a sky of which only blue is clipped. Pixels of the frame too dark to be clipped in the reference
have moved; they are ignored.
"""

import dataclasses
import functools
from collections.abc import Callable

import cv2
import numpy as np

from utils.radiometry.radiance import GAMMA

_CLIPPING = (0.9, 0.97)  # LDR: between these the weight of the reference falls from 1 to 0
_COMPARABLE = (0.02, 0.9)  # LDR range in which brightness is compared
_LARGEST_GAIN = 1.6  # of LDR values, 1.5 stops
_SIDE = 640  # pixels of the longer side on which the smooth fields are computed
_QUANTILES = 33
_MOVED = 0.05  # LDR below the expected value from which a pixel has moved
_FEWEST = 500  # comparable pixels needed for a tone curve
_SEAM = 6.0  # such pixels over which the frame's border value fades
_BAND = 256  # rows filled at a time, to bound memory


def seen_from(
    source: np.ndarray,
    reference: np.ndarray,
    homography: np.ndarray,
    ratio: float,
    gaps: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Warps a frame and fills its gaps.

    Args:
        source: `(H, W, 3)` uint8 or uint16 frame.
        reference: The reference, same shape and type.
        homography: `(3, 3)`, pixels of the source to those of the reference.
        ratio: The source's exposure time in units of the reference's.
        gaps: `(H, W)`, True where the source shows nothing and is filled already; None: nowhere.

    Returns:
        The frame from the reference's view, same shape and type, and all of its gaps.
    """
    height, width = source.shape[:2]
    warped = cv2.warpPerspective(
        source, homography, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    whole = np.full((height, width), 255, np.uint8)
    outside = cv2.warpPerspective(whole, homography, (width, height)) < 255
    if outside.any():
        warped = filled(warped, reference, outside, ratio)
    if gaps is not None:
        whole[gaps] = 0
        outside = cv2.warpPerspective(whole, homography, (width, height)) < 255
    return warped, outside if outside.any() else None


def filled(warped: np.ndarray, reference: np.ndarray, gaps: np.ndarray, ratio: float) -> np.ndarray:
    """Fills the gaps of a frame, in place.

    Args:
        warped: `(H, W, 3)` uint8 or uint16 frame from the reference's view.
        reference: The reference, same shape and type.
        gaps: `(H, W)`, True where the frame shows nothing.
        ratio: The frame's exposure time in units of the reference's.

    Returns:
        The frame.
    """
    largest = np.float32(np.iinfo(warped.dtype).max)
    exposed = np.float32(ratio ** (1 / GAMMA))  # (x^2.2 r)^(1/2.2), without computing radiance
    fields = _fields(warped, reference, gaps, exposed, darker=ratio < 1)
    for top in range(0, len(warped), _BAND):
        band = slice(top, top + _BAND)
        rows, columns = np.nonzero(gaps[band])
        if rows.size == 0:
            continue
        places = rows + top, columns
        sample = functools.partial(_sample, places=places, size=gaps.shape)
        seen = reference[places].astype(np.float32) / largest
        floor = np.minimum(exposed * seen, 1)
        value = _apply(fields.curve, seen) * sample(fields.gain)
        bright = floor
        if ratio < 1:
            border = warped[places].astype(np.float32) / largest
            bright = np.maximum(_light(fields, sample, seen, border, floor), floor)
        value += _clipping(seen) * (bright - value)
        warped[places] = np.rint(largest * np.clip(value, 0, 1)).astype(warped.dtype)
    return warped


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Fields:
    """Values to fill gaps with, at most `_SIDE` pixels a side."""

    curve: np.ndarray
    """`(2, 3, n)` tone curve: LDR of the reference and of the frame, ascending; see `_apply`."""
    gain: np.ndarray
    """`(h, w, 3)` ratio of the frame to the tone curve's value."""
    lights: np.ndarray
    """`(h, w, 3)` LDR where the reference is clipped, by channel."""
    whites: np.ndarray
    """`(h, w, 3)` LDR where all channels are clipped."""
    seam: np.ndarray
    """`(h, w, 1)` weight of the border value: 1 where the gap begins, 0 some pixels further."""


def _fields(
    warped: np.ndarray,
    reference: np.ndarray,
    gaps: np.ndarray,
    exposed: np.float32,
    *,
    darker: bool,
) -> _Fields:
    scale = min(1.0, _SIDE / max(gaps.shape))
    size = [max(1, round(scale * side)) for side in gaps.shape[::-1]]
    frame, seen = (_shrink(image, size) for image in (warped, reference))
    valid = cv2.resize((~gaps).astype(np.uint8), size, interpolation=cv2.INTER_AREA)
    # Pixels that are partly gap do not count: resizing uint8 rounds, so zeros are widened.
    valid = cv2.erode(valid, np.ones((3, 3), np.uint8)).astype(np.float32)
    low, high = _COMPARABLE
    comparable = valid[..., None] * (frame > low) * (frame < high)
    comparable *= (seen > low) & (seen < _CLIPPING[0])
    curve = _tone_curve(frame, seen, comparable > 0, exposed)
    limit = np.log(_LARGEST_GAIN)
    logarithm = np.log(np.maximum(frame, low) / np.maximum(_apply(curve, seen), low))
    gain = np.exp(_extend(np.clip(logarithm, -limit, limit), comparable))
    clipped = valid[..., None] * _clipping(seen) if darker else np.zeros_like(frame)
    clipped *= np.clip((frame - exposed) / _MOVED + 1, 0, 1)
    white = np.repeat(clipped.min(-1, keepdims=True), 3, -1)
    light = frame**GAMMA  # averaged as light, not as LDR
    lights, whites = (_extend(light, weights) for weights in (clipped, white))
    if not white.any():
        whites = lights
    inside = cv2.GaussianBlur(valid, (0, 0), _SEAM, borderType=cv2.BORDER_REPLICATE)
    seam = np.minimum(2 * inside, 1)[..., None]
    return _Fields(
        curve=curve,
        gain=gain,
        lights=np.maximum(lights, 0) ** (1 / GAMMA),
        whites=np.maximum(whites, 0) ** (1 / GAMMA),
        seam=seam,
    )


def _light(
    fields: _Fields,
    sample: Callable[[np.ndarray], np.ndarray],
    seen: np.ndarray,
    border: np.ndarray,
    floor: np.ndarray,
) -> np.ndarray:
    """LDR `(N, 3)` for clipped pixels; near the frame's border, the border's value."""
    white = _clipping(seen).min(-1, keepdims=True)
    lights, whites = sample(fields.lights), sample(fields.whites)
    lights += white * (whites - lights)
    share = sample(fields.seam)
    return lights + share * np.where(border < floor, 0, border - lights)


def _tone_curve(
    frame: np.ndarray, seen: np.ndarray, comparable: np.ndarray, exposed: np.float32
) -> np.ndarray:
    """Quantiles of the reference and of the frame over comparable pixels, by channel.

    A camera's tone curve is not a gamma, so it does not follow from the exposure times.
    """
    quantiles = np.linspace(0.03, 0.97, _QUANTILES)  # without outliers
    curve = np.empty((2, 3, _QUANTILES), np.float32)
    for channel in range(3):
        where = comparable[..., channel]
        if where.sum() < _FEWEST:
            curve[:, channel] = np.outer(np.array([1, exposed]), quantiles)
        else:
            curve[:, channel] = [np.quantile(x[where, channel], quantiles) for x in (seen, frame)]
    return curve


def _apply(curve: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Applies a tone curve to `(.., 3)` values; beyond its ends it continues in proportion."""
    toned = np.empty_like(seen)
    for channel, (x, y) in enumerate(curve.transpose(1, 0, 2)):
        values = seen[..., channel]
        inner = np.interp(values, x, y)
        below, above = (values * (y[end] / max(x[end], _COMPARABLE[0])) for end in (0, -1))
        toned[..., channel] = np.where(values < x[0], below, np.where(values > x[-1], above, inner))
    return toned


def _shrink(image: np.ndarray, size: list[int]) -> np.ndarray:
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(np.iinfo(image.dtype).max)


def _clipping(ldr: np.ndarray) -> np.ndarray:
    """Smooth step: 0 for well exposed values, 1 for clipped ones."""
    low, high = _CLIPPING
    x = np.clip((ldr - low) / (high - low), 0, 1)
    return x * x * (3 - 2 * x)


def _extend(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Smoothly extends values to pixels of weight 0, from the nearest with a weight.

    Push and pull (Gortler et al., The Lumigraph, SIGGRAPH 1996): means of larger neighbourhoods
    fill the holes of smaller ones. If all weights are 0, the result is 0.
    """
    if max(values.shape[:2]) <= 1:
        return np.where(weights > 0, values, 0)
    size = [-(-side // 2) for side in values.shape[1::-1]]
    total = cv2.resize(weights, size, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(weights * values, size, interpolation=cv2.INTER_AREA)
    mean = mean / np.maximum(total, 1e-6)
    coarse = _extend(mean, np.minimum(4 * total, 1))
    coarse = cv2.resize(coarse, values.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return coarse + weights * (values - coarse)


def _sample(
    field: np.ndarray, places: tuple[np.ndarray, np.ndarray], size: tuple[int, ...]
) -> np.ndarray:
    """`(N, C)` values of a small field, interpolated at pixels of the full-size picture."""
    corners, shares = [], []
    for place, full, length in zip(places, size, field.shape, strict=False):
        position = np.clip((place + 0.5) * length / full - 0.5, 0, length - 1)
        first = np.minimum(position.astype(np.intp), max(length - 2, 0))
        corners.append((first, np.minimum(first + 1, length - 1)))
        shares.append((position - first).astype(np.float32)[:, None])
    (top, bottom), (left, right) = corners
    down, across = shares
    upper = field[top, left] * (1 - across) + field[top, right] * across
    lower = field[bottom, left] * (1 - across) + field[bottom, right] * across
    return upper * (1 - down) + lower * down
