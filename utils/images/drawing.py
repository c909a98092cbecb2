"""Shrinks pictures, writes captions, arranges grids and colours errors."""

from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from utils.files import printable
from utils.radiometry.levels import to_display
from utils.radiometry.radiance import mu_law

LARGEST_PANEL = 480  # pixels a side
ERROR_RANGE = 0.1  # an error of 20 dB PSNR-mu is bright
LINE_HEIGHT = 28  # pixels

_FONT_SIZE = 15  # pixels


def shrink(image: np.ndarray, side: int = LARGEST_PANEL) -> np.ndarray:
    """Shrinks a picture by area averaging; a small one is returned unchanged.

    Args:
        image: `(H, W)` or `(H, W, C)`, any dtype.
        side: Most pixels of the longer side.

    Returns:
        The same dtype, at most `side` pixels a side, at least one.
    """
    scale = min(1.0, side / max(image.shape[:2]))
    size = [max(1, round(scale * length)) for length in image.shape[1::-1]]
    return image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def strip(text: str, width: int) -> np.ndarray:
    """A line of black text on white: `(28, width, 3)` uint8."""
    return write_text(np.full((LINE_HEIGHT, width, 3), 255, np.uint8), text, 4)


def write_text(image: np.ndarray, text: str, left: int) -> np.ndarray:
    """A copy of a `(H, W, 3)` uint8 picture with black text in its uppermost 28 pixels.

    Unprintable characters are escaped; text that does not fit is cut off.
    """
    canvas = Image.fromarray(image)
    font = ImageFont.load_default(_FONT_SIZE)
    place = (left, LINE_HEIGHT // 2)
    ImageDraw.Draw(canvas).text(place, printable(text), (0, 0, 0), font, anchor="lm")
    return np.array(canvas)


def grid(panels: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Arranges `(H, W, 3)` pictures of one size and type in rows; empty cells are black."""
    empty = [np.zeros_like(panels[0])] * (-len(panels) % columns)
    filled = [*panels, *empty]
    rows = [np.hstack(filled[i : i + columns]) for i in range(0, len(filled), columns)]
    return np.vstack(rows)


def error_map(result: np.ndarray, truth: np.ndarray, side: int = LARGEST_PANEL) -> np.ndarray:
    """Mean over the channels of the absolute difference after the mu-law, shrunk.

    Args:
        result: `(H, W, 3)` radiance, clipped to [0, 1] here.
        truth: The same of the ground truth.
        side: Most pixels of the longer side.

    Returns:
        `(h, w)` in [0, 1].
    """
    result_mu, truth_mu = (mu_law(np.clip(x, 0.0, 1.0)) for x in (result, truth))
    return shrink(np.abs(result_mu - truth_mu).mean(axis=-1), side)


def error_picture(result: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The error map in colours, `(h, w, 3)` uint8 RGB: black is 0, bright 0.1 and more."""
    return colour(error_map(result, truth) / ERROR_RANGE)


def colour(values: np.ndarray) -> np.ndarray:
    """`(H, W)` values from 0 (black) to 1 (bright), to uint8 RGB."""
    return cv2.applyColorMap(to_display(np.clip(values, 0.0, 1.0)), cv2.COLORMAP_INFERNO)[..., ::-1]
