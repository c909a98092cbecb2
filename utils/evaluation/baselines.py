"""Methods without networks, to compare results and aligned frames with.

Those that merge are given more than the networks: the true response curve and, for OpenCV's two
methods, the truth, to which the result is scaled. Those that align get the same frames.
"""

from collections.abc import Callable

import cv2
import numpy as np
from skimage.exposure import match_histograms

from utils.camera_motion.prealignment import prealigned
from utils.radiometry.bracket import MID_FRAME, SOURCE_FRAMES
from utils.radiometry.levels import ldr_to_float, to_8bit
from utils.radiometry.radiance import ldr_to_hdr
from utils.scenes.scene import Scene, SceneError

# Black is half a level, because Debevec's method takes logarithms.
_RESPONSE = ldr_to_hdr(np.maximum(np.arange(256, dtype=np.float32), 0.5) / 255, 1.0)

_MOST_HALVINGS = 6  # AlignMTB's default; a small picture allows fewer
_SMALLEST = 16  # pixels a side; with 3 AlignMTB reads outside the picture, with 8 the flow does
_HIDDEN = (0.01, 0.5)  # share of the squared flow, and squared pixels; see `along_flow`


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


def sources(scene: Scene) -> np.ndarray:
    """Low and high as they are, `(2, H, W, 3)` float32 LDR in [0, 1] like all that follow."""
    return ldr_to_float(scene.ldr[[*SOURCE_FRAMES]])


def shifted(scene: Scene) -> np.ndarray:
    """Low and high shifted by AlignMTB; border pixels are repeated."""
    frames, greys, mtb = sources(scene), _greys(scene), _align_mtb(scene)
    for frame, index in zip(frames, SOURCE_FRAMES, strict=True):
        shift = mtb.calculateShift(greys[MID_FRAME], greys[index])
        matrix = np.column_stack([np.eye(2), shift])
        size = frame.shape[1::-1]
        frame[...] = cv2.warpAffine(frame, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return frames


def by_homography(scene: Scene) -> np.ndarray:
    """Low and high warped by one homography each, wherever one is found; see `prealigned`."""
    return sources(prealigned(scene, "on"))


def along_flow(scene: Scene) -> np.ndarray:
    """Low and high warped along OpenCV's dense flow (DIS) from the reference.

    The flow is that of grey frames, the source's histogram matched to the reference's. Pixels that
    the source does not show stay as they are: the flow there and back ends elsewhere (Sundaram,
    Brox, Keutzer, ECCV 2010: `|f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5`) or leaves the picture.
    """
    frames, greys = sources(scene), _greys(scene)
    height, width = greys[MID_FRAME].shape
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    for frame, index in zip(frames, SOURCE_FRAMES, strict=True):
        source = np.rint(match_histograms(greys[index], greys[MID_FRAME])).astype(np.uint8)
        there = dis.calc(greys[MID_FRAME], source, np.zeros_like(grid)).copy()
        back = dis.calc(source, greys[MID_FRAME], np.zeros_like(grid))
        place = grid + there
        x, y = cv2.split(place)
        back = cv2.remap(back, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        squares = [np.square(flow).sum(-1) for flow in (there + back, there, back)]
        hidden = squares[0] > _HIDDEN[0] * (squares[1] + squares[2]) + _HIDDEN[1]
        hidden |= ((place < 0) | (place > [width - 1, height - 1])).any(-1)
        warped = cv2.remap(frame, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        frame[~hidden] = np.clip(warped[~hidden], 0, 1)
    return frames


ALIGNMENTS: dict[str, Callable[[Scene], np.ndarray]] = {
    "source as it is": sources,
    "AlignMTB": shifted,
    "homography": by_homography,
    "optical flow": along_flow,
}


def _frames(scene: Scene) -> list[np.ndarray]:
    """The frames as `(H, W, 3)` uint8, for OpenCV.

    Raises:
        SceneError: The scene is so small that OpenCV would crash.
    """
    height, width = scene.ldr.shape[1:3]
    if min(height, width) < _SMALLEST:
        raise SceneError(
            f"Scene {scene.name}: OpenCV aligns pictures of {_SMALLEST}x{_SMALLEST} or more."
            f" Received: {width}x{height}"
        )
    return [np.ascontiguousarray(frame) for frame in to_8bit(scene.ldr)]


def _greys(scene: Scene) -> list[np.ndarray]:
    """The frames as `(H, W)` uint8."""
    return [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in _frames(scene)]


def _align_mtb(scene: Scene) -> cv2.AlignMTB:
    """OpenCV's AlignMTB with as many halvings as the picture allows."""
    return cv2.createAlignMTB(min(_MOST_HALVINGS, int(np.log2(min(scene.ldr.shape[1:3]))) - 1))


def _merge(scene: Scene, method: cv2.MergeExposures) -> np.ndarray:
    """Aligns by median threshold bitmaps and merges with the true response and times.

    The result is scaled by the median ratio to the truth, if there is one, and clipped to [0, 1].

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].

    Raises:
        SceneError: The scene is so small that OpenCV would crash.
    """
    frames = _frames(scene)
    _align_mtb(scene).process(frames, frames)
    response = np.repeat(_RESPONSE[:, None, None], 3, axis=2)
    # Robertson's weights need a response of about 1 in the middle; the scale is set below.
    merged = method.process(frames, scene.exposure_times, response / _RESPONSE[128])
    merged = np.nan_to_num(merged, nan=0.0, posinf=1.0, neginf=0.0)
    if scene.hdr is not None:
        lit = (merged > 0) & (scene.hdr > 0) & (scene.hdr < 1)
        if lit.any():
            merged *= np.median(scene.hdr[lit] / merged[lit])
    return np.clip(merged, 0, 1).astype(np.float32)
