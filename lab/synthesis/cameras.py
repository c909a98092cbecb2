"""Cameras of synthetic scenes: the sensor, and defects found in photographs.

A clean camera has a gamma of 2.2, exposures as stated and no compression. The others have the
defects of people's photographs; the truth then follows the reference frame (`reference_radiance`).
"""

import dataclasses

import cv2
import numpy as np

from lab.settings import CameraKind
from utils.radiometry import bracket
from utils.radiometry.radiance import hdr_to_ldr, ldr_to_hdr


@dataclasses.dataclass(frozen=True, kw_only=True)
class Defects:
    """Defects of one camera; the defaults are those of a clean one."""

    curve: float = 0.0
    """Strength of an S-curve after the gamma, in (-1, 1); above 0: more contrast."""
    exposure_errors: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Stops of exposure beyond what is stated, per frame; 0 for the reference."""
    chroma_noise: float = 0.0
    """Standard deviation of colour blotches in the stored frame, white being 1."""
    quality: int | None = None
    """JPEG quality; None: uncompressed."""


CLEAN = Defects()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cameras:
    """The cameras and brackets that scenes are drawn from; numbers are drawn log-uniformly."""

    full_well: tuple[float, float]
    """Electrons that saturate a pixel."""
    read_noise: tuple[float, float]
    """Standard deviation, in shares of saturation."""
    exposure_error: float
    """Standard deviation of the stops beyond what is stated, of the low and the high frame."""
    steps: dict[tuple[float, float], float]
    """Stops from the low to the middle and to the high frame, and their probabilities."""


_STEPS: dict[tuple[float, float], float] = {
    (1, 2): 0.08,
    (1, 3): 0.05,
    (1.5, 3): 0.07,
    (2, 4): 0.35,
    (2, 5): 0.05,
    (3, 5): 0.05,
    (3, 6): 0.35,
}  # mostly those of Kalantari's data
_WIDE_STEPS = {**_STEPS, (2, 4): 0.3, (3, 6): 0.32, (4, 8): 0.08}

CAMERAS: dict[CameraKind, Cameras] = {
    "noisy": Cameras(
        full_well=(2e3, 3e4), read_noise=(2e-4, 2e-3), exposure_error=0.0, steps=_STEPS
    ),
    "clean": Cameras(
        full_well=(3e4, 1.2e5), read_noise=(2e-5, 2e-4), exposure_error=0.05, steps=_WIDE_STEPS
    ),
    "all": Cameras(
        full_well=(2e3, 1.2e5), read_noise=(2e-5, 2e-3), exposure_error=0.05, steps=_WIDE_STEPS
    ),
}

_QUALITY = (85, 97)
_CURVE = (-0.15, 0.45)  # slope 0.85 to 1.22 in the middle, 1.15 to 0.55 at the ends
_LOG_CHROMA = np.log([0.003, 0.015])
_EXPOSURE_ERROR = 0.5  # stops, at most
_SHARES = (0.6, 0.6, 0.4, 0.5)  # of JPEG, curve, chroma noise, errors, among cameras with defects


def random_defects(rng: np.random.Generator, share: float) -> Defects:
    """A clean camera, or with probability `share` one with some of the defects."""
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
    """Radiance read from the reference, assuming a gamma of 2.2.

    Includes the camera's tone curve, except where the reference clips.

    Args:
        radiance: `(H, W, 3)` true radiance.
        time: Relative exposure time of the reference.
        curve: Strength for `tone_curve`.
    """
    if not curve:
        return radiance
    told = ldr_to_hdr(tone_curve(hdr_to_ldr(radiance, time), curve), time)
    return np.where(radiance * time >= 1, radiance, told)


def other_gamma(times: np.ndarray, spread: float, rng: np.random.Generator) -> np.ndarray:
    """Apparent exposure times of a camera with another gamma, read with a gamma of 2.2.

    Another gamma scales the distance to the reference in stops.
    """
    if not spread:
        return times
    return times[1] * (times / times[1]) ** np.exp(rng.normal(0, spread))


def exposure_errors(cameras: Cameras, defects: Defects, rng: np.random.Generator) -> np.ndarray:
    """`(3,)` stops of exposure beyond what is stated, per frame; 0 for the reference."""
    errors = np.array(defects.exposure_errors)
    if cameras.exposure_error:
        errors[[0, 2]] += rng.normal(0, cameras.exposure_error, 2)
    return errors


def sense(
    radiance: np.ndarray,
    times: np.ndarray,
    rng: np.random.Generator,
    cameras: Cameras,
    defects: Defects = CLEAN,
) -> np.ndarray:
    """Takes the photographs, with one camera at one ISO.

    Args:
        radiance: `(3, H, W, 3)`, one per frame; 1 saturates at exposure time 1.
        times: `(3,)` relative exposure times.
        rng: Source of the noise and of its strength.
        cameras: Ranges of its strength.
        defects: The camera's defects.

    Returns:
        `(3, H, W, 3)` uint8 frames.
    """
    full_well = float(np.exp(rng.uniform(*np.log(cameras.full_well))))
    read_noise = float(np.exp(rng.uniform(*np.log(cameras.read_noise))))
    light = radiance * bracket.per_frame(times)
    deviation = np.sqrt(light / full_well + read_noise**2)
    noisy = light + deviation * rng.standard_normal(light.shape, np.float32)
    return store(hdr_to_ldr(noisy, 1.0), defects, rng)


def store(ldr: np.ndarray, defects: Defects, rng: np.random.Generator) -> np.ndarray:
    """Applies the tone curve, colour noise, rounding to 8 bits and JPEG compression.

    Args:
        ldr: `(3, H, W, 3)` float32 frames in [0, 1], gamma-encoded.
        defects: The camera's defects.
        rng: Source of the noise; unused for a clean camera.

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
    """Adds colour noise at constant luma, about two pixels wide, weaker in bright areas."""
    height, width = frame.shape[:2]
    noise = rng.standard_normal((height // 2 + 1, width // 2 + 1, 2), np.float32)
    noise = cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC)
    red, blue = noise[..., 0], noise[..., 1]
    # Luma of Rec. 601, as in JPEG: green cancels the luma of red and blue.
    colour = np.dstack([red, -(0.299 * red + 0.114 * blue) / 0.587, blue])
    amount = np.float32(deviation) * (1.25 - frame.max(-1, keepdims=True))
    visible = (frame > 0) & (frame < 1)  # a clipped channel stays clipped
    return np.clip(frame + colour * amount * visible, 0, 1)


def _compress(frame: np.ndarray, quality: int) -> np.ndarray:
    bgr = cv2.cvtColor(frame, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    decoded = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
