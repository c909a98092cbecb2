"""Methods without networks, to compare results with.

They are given more than the networks: the true response curve and, for OpenCV's two methods, the
truth, to which the result is scaled.
"""

from collections.abc import Callable

import cv2
import numpy as np

from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.levels import ldr_to_float, to_8bit
from utils.radiometry.radiance import ldr_to_hdr
from utils.scenes.scene import Scene, SceneError

# Black is half a level, because Debevec's method takes logarithms.
_RESPONSE = ldr_to_hdr(np.maximum(np.arange(256, dtype=np.float32), 0.5) / 255, 1.0)

_MOST_HALVINGS = 6  # AlignMTB's default; a small picture allows fewer
_SMALLEST = 16  # pixels a side; with 2 or 3 AlignMTB reads outside the picture


def reference_alone(scene: Scene) -> np.ndarray:
    """The linearised reference frame: no ghosts, but clipped highlights.

    Returns:
        `(H, W, 3)` float32 radiance.
    """
    return ldr_to_hdr(ldr_to_float(scene.ldr[MID_FRAME]), scene.exposure_times[MID_FRAME])


def debevec(scene: Scene) -> np.ndarray:
    """OpenCV's AlignMTB, then MergeDebevec; see `_merge`."""
    return _merge(scene, cv2.createMergeDebevec())


def robertson(scene: Scene) -> np.ndarray:
    """OpenCV's AlignMTB, then MergeRobertson; see `_merge`."""
    return _merge(scene, cv2.createMergeRobertson())


BASELINES: dict[str, Callable[[Scene], np.ndarray]] = {
    "reference": reference_alone,
    "opencv-debevec": debevec,
    "opencv-robertson": robertson,
}


def _merge(scene: Scene, method: cv2.MergeExposures) -> np.ndarray:
    """Aligns by median threshold bitmaps and merges with the true response and times.

    The result is scaled by the median ratio to the truth, if there is one, and clipped to [0, 1].

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].

    Raises:
        SceneError: The scene is so small that OpenCV would crash.
    """
    height, width = scene.ldr.shape[1:3]
    if min(height, width) < _SMALLEST:
        raise SceneError(
            f"Scene {scene.name}: OpenCV aligns pictures of {_SMALLEST}x{_SMALLEST} or more."
            f" Received: {width}x{height}"
        )
    frames = [np.ascontiguousarray(frame) for frame in to_8bit(scene.ldr)]
    halvings = min(_MOST_HALVINGS, int(np.log2(min(height, width))) - 1)
    cv2.createAlignMTB(max_bits=halvings).process(frames, frames)
    response = np.repeat(_RESPONSE[:, None, None], 3, axis=2)
    # Robertson's weights need a response of about 1 in the middle; the scale is set below.
    merged = method.process(frames, scene.exposure_times, response / _RESPONSE[128])
    merged = np.nan_to_num(merged, nan=0.0, posinf=1.0, neginf=0.0)
    if scene.hdr is not None:
        lit = (merged > 0) & (scene.hdr > 0) & (scene.hdr < 1)
        if lit.any():
            merged *= np.median(scene.hdr[lit] / merged[lit])
    return np.clip(merged, 0, 1).astype(np.float32)
