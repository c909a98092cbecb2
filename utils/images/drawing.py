"""Draws on pictures: shrinks to a side, captions, puts in rows, shows errors in colours."""

import cv2
import numpy as np

from utils.radiometry.levels import to_display
from utils.radiometry.radiance import mu_law

LARGEST_PANEL = 480  # pixels a side
ERROR_RANGE = 0.1  # an error of 20 dB PSNR-mu is bright


def error_map(result: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean over the channels of the absolute difference after the mu-law, as colours.

    Args:
        result: `(H, W, 3)` radiance.
        truth: The same of the ground truth.

    Returns:
        `(h, w, 3)` uint8 RGB of at most 480 pixels a side: black is 0, bright 0.1 and more.
    """
    result_mu, truth_mu = (mu_law(np.clip(x, 0.0, 1.0)) for x in (result, truth))
    error = shrink(np.abs(result_mu - truth_mu).mean(axis=-1))
    return colour(error / ERROR_RANGE)


def strip(text: str, width: int) -> np.ndarray:
    """A line of black text on white, 28 pixels high."""
    return write_text(np.full((28, width, 3), 255, np.uint8), text, 4)


def write_text(image: np.ndarray, text: str, left: int) -> np.ndarray:
    """Writes a line of black text into a picture, in place, 20 pixels below its top."""
    return cv2.putText(image, text, (left, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)


def shrink(image: np.ndarray) -> np.ndarray:
    """`(H, W)` or `(H, W, C)`, any dtype, at most 480 pixels a side by area averaging."""
    scale = min(1.0, LARGEST_PANEL / max(image.shape[:2]))
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    return image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def colour(values: np.ndarray) -> np.ndarray:
    """`(H, W)` values, shown as from 0 (black) to 1 (bright), to uint8 RGB."""
    return cv2.applyColorMap(to_display(np.clip(values, 0.0, 1.0)), cv2.COLORMAP_INFERNO)[..., ::-1]
