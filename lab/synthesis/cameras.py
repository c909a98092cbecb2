"""Cameras of synthetic scenes: a clean one, and defects that photographs have.

A clean camera has the gamma that is assumed, exposures as they are stated and no compression. The
others differ in what people's photographs differ in; the truth stays what the reference says.
"""

import dataclasses

import cv2
import numpy as np

from utils.radiometry.radiance import hdr_to_ldr, ldr_to_hdr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Defects:
    """Deviations of one camera; the defaults are a clean one's."""

    curve: float = 0.0
    """Strength of an S-curve after the gamma, in (-1, 1); above 0: more contrast."""
    exposure_errors: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Stops that the frames were exposed longer than stated; the reference's is 0."""
    chroma_noise: float = 0.0
    """Standard deviation of blotches of colour, of white, in the frame as it is stored."""
    quality: int | None = None
    """JPEG quality; None: not compressed."""


CLEAN = Defects()

_QUALITY = (85, 97)
_CURVE = (-0.15, 0.45)  # f' of the S-curve from 0.85 to 1.22 amid, from 1.15 to 0.55 at the ends
_LOG_CHROMA = np.log([0.003, 0.015])
_EXPOSURE_ERROR = 0.5  # stops, at most
_SHARES = (0.6, 0.6, 0.4, 0.5)  # of JPEG, curve, chroma noise, errors, among cameras with defects


def random_defects(rng: np.random.Generator, share: float) -> Defects:
    """A clean camera, or with a probability of `share` one with some of the defects."""
    if rng.random() >= share:
        return CLEAN
    jpeg, curve, chroma, errors = rng.random(4) < _SHARES
    low, high = rng.uniform(-_EXPOSURE_ERROR, _EXPOSURE_ERROR, 2) * errors
    return Defects(
        curve=rng.uniform(*_CURVE) * curve,
        exposure_errors=(float(low), 0.0, float(high)),
        chroma_noise=float(np.exp(rng.uniform(*_LOG_CHROMA)) * chroma),
        quality=int(rng.integers(_QUALITY[0], _QUALITY[1] + 1)) if jpeg else None,
    )


def tone_curve(ldr: np.ndarray, curve: float) -> np.ndarray:
    """S-curve `y + curve * y (1 - y) (2 y - 1)`: rises from 0 through 1/2 to 1.

    Args:
        ldr: Values in [0, 1], any shape.
        curve: Strength in (-1, 1).
    """
    return ldr + curve * ldr * (1 - ldr) * (2 * ldr - 1)


def reference_radiance(radiance: np.ndarray, time: float, curve: float) -> np.ndarray:
    """Radiance as the reference tells it when a gamma of 2.2 is assumed.

    Where the reference clips, the radiance itself; elsewhere what its tone curve makes of it.

    Args:
        radiance: `(H, W, 3)` true radiance.
        time: Relative exposure time of the reference.
        curve: Of `tone_curve`.
    """
    if not curve:
        return radiance
    told = ldr_to_hdr(tone_curve(hdr_to_ldr(radiance, time), curve), time)
    return np.where(radiance * time >= 1, radiance, told)


def store(ldr: np.ndarray, defects: Defects, rng: np.random.Generator) -> np.ndarray:
    """The frames as the camera stores them.

    Args:
        ldr: `(3, H, W, 3)` float32 frames in [0, 1], gamma-encoded.
        defects: The camera's.
        rng: Source of its noise; a clean camera takes nothing from it.

    Returns:
        `(3, H, W, 3)` uint8.
    """
    if defects.curve:
        ldr = tone_curve(ldr, defects.curve)
    if defects.chroma_noise:
        ldr = np.stack([_blotch(frame, defects.chroma_noise, rng) for frame in ldr])
    stored = np.rint(255 * ldr).astype(np.uint8)
    if defects.quality is not None:
        stored = np.stack([_compress(frame, defects.quality) for frame in stored])
    return stored


def _blotch(frame: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Adds noise of colour at constant luma, of about two pixels, less of it where it is bright."""
    height, width = frame.shape[:2]
    noise = rng.standard_normal((height // 2 + 1, width // 2 + 1, 2), np.float32)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    red, blue = noise[..., 0], noise[..., 1]
    # Luma of Rec. 601, which JPEG separates colour by: the green takes back what the others add.
    colour = np.dstack([red, -(0.299 * red + 0.114 * blue) / 0.587, blue])
    amount = np.float32(deviation) * (1.25 - frame.max(-1, keepdims=True))
    visible = (frame > 0) & (frame < 1)  # a clipped channel stays clipped
    return np.clip(frame + colour * amount * visible, 0, 1)


def _compress(frame: np.ndarray, quality: int) -> np.ndarray:
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
