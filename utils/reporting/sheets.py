"""Composes sheets that show frames, results and errors of a scene side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from utils.images.drawing import ERROR_RANGE, colour, error_picture, shrink, strip, write_text
from utils.inference.pipeline import Reconstruction
from utils.radiometry.bracket import SOURCE_FRAMES
from utils.radiometry.levels import to_8bit, to_display
from utils.radiometry.radiance import hdr_to_ldr, mu_law
from utils.scenes.scene import Scene

_NARROWEST_PANEL = 320  # the longest caption


def comparison_sheet(
    scene: Scene,
    reconstruction: Reconstruction,
    title: Sequence[str],
    shown: np.ndarray,
    tone_map: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:
    """Composes the sheet of a scene.

    Columns: low, reference and high frame, above aligned low, result and aligned high; then, if
    there is a ground truth, the truth above the error; then result and truth after the mu-law, as
    papers show them. The error is the mean over the channels of the
    absolute difference after the mu-law, on the same scale in every sheet.

    Args:
        scene: The scene as it was reconstructed.
        reconstruction: Its aligned frames and HDR image.
        title: Lines above the panels.
        shown: `(H, W, 3)` uint8, the tone-mapped result.
        tone_map: Tone-maps radiance `(H, W, 3)` to uint8, for `truth`.

    Returns:
        `(h, w, 3)` uint8 RGB; a panel has at most 480 pixels a side.
    """
    frames = to_8bit(scene.ldr)
    aligned_low, aligned_high = to_display(reconstruction.aligned)
    low, mid, high = (f"{time:g}x" for time in scene.exposure_times)
    result_mu = _panel("result, mu-law", _after_mu_law(reconstruction.hdr))
    columns = [
        [_panel(f"low, {low}", frames[0]), _panel("aligned low", aligned_low)],
        [_panel(f"reference, {mid}", frames[1]), _panel("result", shown)],
        [_panel(f"high, {high}", frames[2]), _panel("aligned high", aligned_high)],
    ]
    if scene.hdr is None:
        columns.append([result_mu, np.full_like(result_mu, 255)])
    else:
        truth = _panel("truth", tone_map(scene.hdr))
        columns.append([truth, _error_panel(reconstruction.hdr, scene.hdr)])
        truth_mu = _panel("truth, mu-law", _after_mu_law(scene.hdr))
        columns.append([result_mu, truth_mu])
    panels = np.hstack([np.vstack(column) for column in columns])
    return np.vstack([*(strip(line, panels.shape[1]) for line in title), panels])


def alignment_sheet(
    scene: Scene, aligned: Mapping[str, np.ndarray], merged: Mapping[str, np.ndarray]
) -> np.ndarray:
    """Composes a sheet of several alignments: low, high and what they merge to, one below another.

    Args:
        scene: A scene with a ground truth, which is the first column.
        aligned: Method's name to `(2, H, W, 3)` LDR in [0, 1], low and high.
        merged: The same name to `(H, W, 3)` radiance, shown after the mu-law.

    Returns:
        `(h, w, 3)` uint8 RGB; a panel has at most 480 pixels a side.
    """
    truth = scene.hdr
    exposed = [hdr_to_ldr(truth, scene.exposure_times[index]) for index in SOURCE_FRAMES]
    columns: dict[str, tuple[Any, ...]] = {"truth": (*exposed, truth)}
    columns |= {name: (*frames, merged[name]) for name, frames in aligned.items()}
    stacks = [
        np.vstack(
            [
                _panel(f"low: {name}", to_display(low)),
                _panel(f"high: {name}", to_display(high)),
                _panel(f"merged: {name}", _after_mu_law(hdr)),
            ]
        )
        for name, (low, high, hdr) in columns.items()
    ]
    return np.hstack(stacks)


def _after_mu_law(hdr: np.ndarray) -> np.ndarray:
    return to_display(mu_law(np.clip(hdr, 0.0, 1.0)))


def _error_panel(result: np.ndarray, truth: np.ndarray) -> np.ndarray:
    panel = _panel("error after mu-law: 0", error_picture(result, truth))
    panel[8:22, 150:230] = colour(np.linspace(0, 1, 80)[None])
    return write_text(panel, f"{ERROR_RANGE:g}", 236)


def _panel(caption: str, image: np.ndarray) -> np.ndarray:
    """A shrunk image under its caption, with a white margin if the caption is wider."""
    image = shrink(image)
    margin = max(_NARROWEST_PANEL - image.shape[1], 0) + 8
    image = np.pad(image, ((0, 8), (0, margin), (0, 0)), constant_values=255)
    return np.vstack([strip(caption, image.shape[1]), image])
