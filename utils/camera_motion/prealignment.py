"""Takes the camera's motion out of a bracket, before the networks.

The frames of a hand-held bracket are shifted and rotated against each other. A homography undoes
this where it measurably helps (utils/camera_motion/homography.py); the alignment networks handle
motion in the scene. Gaps of a warped frame are filled (utils/camera_motion/gap_filling.py).
"""

import dataclasses
import functools
from typing import TypeVar

import numpy as np

from configs.settings import PrealignmentName
from utils.camera_motion.gap_filling import seen_from
from utils.camera_motion.homography import Fit, Reference
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import to_16bit
from utils.scenes.scene import OtherFrame, Scene

AnyScene = TypeVar("AnyScene", bound=Scene)


def prealigned(scene: AnyScene, mode: PrealignmentName) -> AnyScene:
    """The scene with its frames warped to the reference by one homography each.

    Args:
        scene: A scene; float32 frames become uint16.
        mode: `auto`: where it measurably helps; `on`: wherever a homography is found; `off`: never.

    Returns:
        The scene with a note for low and for high; the reference and the truth are unchanged.
        Other frames are warped when they are read.
    """
    if mode == "off":
        return scene
    if scene.ldr.dtype == np.float32:
        scene = dataclasses.replace(scene, ldr=to_16bit(scene.ldr))
    ldr, notes, reference = scene.ldr, [], Reference(scene.ldr[MID_FRAME])
    for side in (LOW, HIGH):
        index = SOURCE_FRAME[side]
        frame, time = scene.ldr[index], float(scene.exposure_times[index])
        warped, fit = _warped(frame, time, reference, scene, mode)
        notes.append(_describe(side, fit, use=warped is not frame))
        if warped is not frame:
            ldr = ldr.copy() if ldr is scene.ldr else ldr
            ldr[index] = warped
    others = tuple(
        dataclasses.replace(other, read=functools.partial(_read, other, reference, scene, mode))
        for other in scene.others
    )
    return dataclasses.replace(scene, ldr=ldr, others=others, notes=(*scene.notes, *notes))


def _read(
    other: OtherFrame, reference: Reference, scene: Scene, mode: PrealignmentName
) -> np.ndarray:
    """Another frame, from the reference's view where that helps."""
    return _warped(other.read(), other.exposure_time, reference, scene, mode)[0]


def _warped(
    frame: np.ndarray, time: float, reference: Reference, scene: Scene, mode: PrealignmentName
) -> tuple[np.ndarray, Fit | None]:
    """A frame of an exposure time as the reference sees it, or the same array; and the fit."""
    fit = reference.fit(frame)
    if fit is None or not (mode == "on" or fit.worthwhile):
        return frame, fit
    ratio = time / float(scene.exposure_times[MID_FRAME])
    return seen_from(frame, scene.ldr[MID_FRAME], fit.homography, ratio), fit


def _describe(side: str, fit: Fit | None, *, use: bool) -> str:
    if fit is None:
        return f"Pre-alignment of {side}: none found, left unchanged."
    return (
        f"Pre-alignment of {side}: {fit.grade}, {'used' if use else 'left unchanged'}; it moves the"
        f" corners by up to {fit.shift:.1f} pixels and changes the error from"
        f" {fit.error_before:.4f} to {fit.error_after:.4f}."
    )
