"""Moving objects of a synthetic scene: radiance maps cut out by an outline.

An object is drawn on a square canvas at 1.5 times its final size. Its outline changes from frame to
frame (limbs swing, blobs wobble); its texture does not.
"""

import cv2
import numpy as np

from lab.synthesis.objects.strands import Matted, parts
from lab.synthesis.views import View
from utils.radiometry.radiance import brightest_channel

OVERSAMPLING = 1.5  # canvas pixels per frame pixel: keeps pasted objects sharp
_ROUNDED = 0.03  # width of the darker edge, of the object's height
_SHIFT = 4  # fractional bits of cv2's polygon corners


def draw_sprite(
    texture: np.ndarray,
    outline: Matted,
    time: float,
    height: float,
    roundness: float = 0.0,
) -> np.ndarray:
    """Draws an object on its canvas at one moment.

    Args:
        texture: `(S, S, 3)` radiance.
        outline: The object's outline.
        time: Moment, in frames from the reference.
        height: Height of the object in canvas pixels.
        roundness: Darkening of the edges, in [0, 1].

    Returns:
        `(S, S, 4)` float32: radiance times coverage, and coverage in [0, 1].
    """
    size = texture.shape[0]
    tint = np.ones_like(texture)
    mask = np.zeros((size, size), np.uint8)
    for part in parts(outline, time):
        points = np.rint((part.corners * height + (size - 1) / 2) * 2**_SHIFT).astype(np.int32)
        cv2.fillPoly(mask, [points], 255 * part.covers, cv2.LINE_AA, _SHIFT)
        cv2.fillPoly(tint, [points], part.tint.tolist(), cv2.LINE_8, _SHIFT)
    # Softer than the polygons' antialiasing, like the edges of a lens image.
    alpha = cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), 0.5 * OVERSAMPLING)
    tint = cv2.GaussianBlur(tint, (0, 0), 0.7 * OVERSAMPLING)
    if roundness:
        reach = 2 * int(_ROUNDED * height) + 1
        inside = np.clip(2 * cv2.blur(cv2.blur(alpha, (reach, reach)), (reach, reach)) - 1, 0, 1)
        tint *= 1 - np.float32(roundness) * (1 - inside[..., None])
    return np.dstack([texture * tint * alpha[..., None], alpha])


def canvas_size(height: float) -> int:
    """Side of the square canvas for an object of this height, in the same pixels."""
    return int(np.ceil(1.6 * height))


def paste(frame: np.ndarray, sprite: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Pastes an object in front of a frame.

    Args:
        frame: `(H, W, 3)` radiance.
        sprite: `(S, S, 4)`, from `draw_sprite`.
        pose: `(4,)` centre x, y in pixels, rotation in radians, logarithm of scale.

    Returns:
        `(H, W, 3)` radiance.
    """
    x, y, angle, log_scale = pose
    scale = np.exp(log_scale) / OVERSAMPLING
    centre = (sprite.shape[0] - 1) / 2
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array(
        [[cos, -sin, x - cos * centre + sin * centre], [sin, cos, y - sin * centre - cos * centre]]
    )
    h, w = frame.shape[:2]
    warped = cv2.warpAffine(sprite, matrix, (w, h), flags=cv2.INTER_LINEAR)
    return frame * (1 - warped[..., 3:]) + warped[..., :3]


def texture_of(view: View, size: int, median: float, rng: np.random.Generator) -> np.ndarray:
    """A square texture of random contrast, shaded from one side to the other.

    Args:
        view: The view to cut from.
        size: Side in pixels.
        median: Median of the brightest channel, in radiance of the scene.
        rng: Source of randomness.

    Returns:
        `(size, size, 3)` float32, positive; highlights up to about 12 times the median.
    """
    texture = view.render(size, size)
    texture /= np.median(brightest_channel(texture))
    # Full contrast makes an object look like a hole in the scene.
    texture = np.minimum(texture, 12) ** np.float32(rng.uniform(0.3, 1.0))
    ramp = np.linspace(-1, 1, size, dtype=np.float32)
    angle = rng.uniform(0, 2 * np.pi)
    stops = rng.uniform(0, 1.2) * (np.cos(angle) * ramp + np.sin(angle) * ramp[:, None])
    return np.float32(median) * texture * np.exp2(stops, dtype=np.float32)[..., None]
