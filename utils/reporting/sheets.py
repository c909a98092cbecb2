"""Pictures to look at: radiance tone-mapped, and everything about one scene side by side."""

from collections.abc import Sequence

import cv2
import numpy as np

from utils.hdr import mu_law
from utils.inference import Reconstruction
from utils.scenes import Scene, to_8bit

_LARGEST_PANEL = 480  # pixels a side
_NARROWEST_PANEL = 320  # the longest caption
_ERROR_RANGE = 0.1  # an error of 20 dB PSNR-mu is bright


def tone_map(hdr: np.ndarray) -> np.ndarray:
    """`(H, W, 3)` radiance, clipped to [0, 1], to uint8 by the mu-law, as the release shows it."""
    return to_display(mu_law(np.clip(hdr, 0.0, 1.0)))


def comparison_sheet(
    scene: Scene, reconstruction: Reconstruction, title: Sequence[str]
) -> np.ndarray:
    """Puts everything about one scene side by side.

    Columns: low, reference and high, each above what was made of it (aligned low, result, aligned
    high); then, where there is a truth, the truth above the error. Radiance is shown after the
    mu-law. The error is the mean over the channels of the absolute difference after the mu-law,
    on the same scale in every sheet.

    Args:
        scene: The scene as it was reconstructed.
        reconstruction: Its aligned frames and HDR image.
        title: Lines above the panels.

    Returns:
        `(h, w, 3)` uint8 RGB; a panel has at most 480 pixels a side.
    """
    frames = to_8bit(scene.ldr)
    aligned_low, aligned_high = to_display(reconstruction.aligned)
    low, mid, high = (f"{time:g}x" for time in scene.exposure_times)
    columns = [
        [_panel(f"low, {low}", frames[0]), _panel("aligned low", aligned_low)],
        [_panel(f"reference, {mid}", frames[1]), _panel("result", tone_map(reconstruction.hdr))],
        [_panel(f"high, {high}", frames[2]), _panel("aligned high", aligned_high)],
    ]
    if scene.hdr is not None:
        truth = _panel("truth", tone_map(scene.hdr))
        columns.append([truth, _error_panel(reconstruction.hdr, scene.hdr)])
    panels = np.hstack([np.vstack(column) for column in columns])
    return np.vstack([*(_strip(line, panels.shape[1]) for line in title), panels])


def error_map(result: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean over the channels of the absolute difference after the mu-law, as colours.

    Args:
        result: `(H, W, 3)` radiance.
        truth: The same of the ground truth.

    Returns:
        `(h, w, 3)` uint8 RGB of at most 480 pixels a side: black is 0, bright 0.1 and more.
    """
    result_mu, truth_mu = (mu_law(np.clip(x, 0.0, 1.0)) for x in (result, truth))
    error = _shrink(np.abs(result_mu - truth_mu).mean(axis=-1))
    return _colour(error / _ERROR_RANGE)


def _error_panel(result: np.ndarray, truth: np.ndarray) -> np.ndarray:
    panel = _panel("error after mu-law: 0", error_map(result, truth))
    panel[8:22, 150:230] = _colour(np.linspace(0, 1, 80)[None])
    return _write(panel, f"{_ERROR_RANGE:g}", 236)


def _panel(caption: str, image: np.ndarray) -> np.ndarray:
    """A shrunk image under its caption; white where the caption is wider."""
    image = _shrink(image)
    margin = max(_NARROWEST_PANEL - image.shape[1], 0) + 8
    image = np.pad(image, ((0, 8), (0, margin), (0, 0)), constant_values=255)
    return np.vstack([_strip(caption, image.shape[1]), image])


def _strip(text: str, width: int) -> np.ndarray:
    """A line of black text on white, 28 pixels high."""
    return _write(np.full((28, width, 3), 255, np.uint8), text, 4)


def _write(image: np.ndarray, text: str, left: int) -> np.ndarray:
    return cv2.putText(image, text, (left, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)


def _shrink(image: np.ndarray) -> np.ndarray:
    scale = min(1.0, _LARGEST_PANEL / max(image.shape[:2]))
    size = [max(1, round(scale * side)) for side in image.shape[1::-1]]
    return image if scale == 1 else cv2.resize(image, size, interpolation=cv2.INTER_AREA)


def _colour(values: np.ndarray) -> np.ndarray:
    """`(H, W)` values, shown as from 0 (black) to 1 (bright), to uint8 RGB."""
    return cv2.applyColorMap(to_display(np.clip(values, 0.0, 1.0)), cv2.COLORMAP_INFERNO)[..., ::-1]


def to_display(x: np.ndarray) -> np.ndarray:
    """Values in [0, 1], any shape, rounded to uint8."""
    return np.rint(255.0 * x).astype(np.uint8)
