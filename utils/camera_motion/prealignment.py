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
        The scene with a note for low and for high, and their gaps; the reference and the truth are
        unchanged. Other frames are warped when they are read.
    """
    if mode == "off":
        return scene
    if scene.ldr.dtype == np.float32:
        scene = dataclasses.replace(scene, ldr=to_16bit(scene.ldr))
    ldr, notes, gaps, reference = scene.ldr, [], {}, Reference(scene.ldr[MID_FRAME])
    mid, mid_time = scene.ldr[MID_FRAME], float(scene.exposure_times[MID_FRAME])
    for side, own in zip((LOW, HIGH), scene.gaps, strict=True):
        index, gaps[side] = SOURCE_FRAME[side], own
        frame, ratio = scene.ldr[index], float(scene.exposure_times[index]) / mid_time
        fit = reference.fit(frame)
        use = _helps(fit, mode)
        if fit is not None and use:
            ldr = ldr.copy() if ldr is scene.ldr else ldr
            ldr[index], gaps[side] = seen_from(frame, mid, fit.homography, ratio, own)
        notes.append(_describe(side, fit, use=use))
    mid = ldr[MID_FRAME]  # the array of before is not kept for the others
    return dataclasses.replace(
        scene,
        ldr=ldr,
        gaps=(gaps[LOW], gaps[HIGH]),
        others=tuple(
            dataclasses.replace(
                other, read=functools.partial(_read, other, reference, mid, mid_time, mode)
            )
            for other in scene.others
        ),
        notes=(*scene.notes, *notes),
    )


def _read(
    other: OtherFrame,
    reference: Reference,
    mid: np.ndarray,
    mid_time: float,
    mode: PrealignmentName,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Another frame, from the reference's view where that helps, and its gaps."""
    frame, gaps = other.read()
    fit = reference.fit(frame)
    if fit is None or not _helps(fit, mode):
        return frame, gaps
    return seen_from(frame, mid, fit.homography, other.exposure_time / mid_time, gaps)


def _helps(fit: Fit | None, mode: PrealignmentName) -> bool:
    return fit is not None and (mode == "on" or fit.worthwhile)


def _describe(side: str, fit: Fit | None, *, use: bool) -> str:
    if fit is None:
        return f"Pre-alignment of {side}: none found, left unchanged."
    return (
        f"Pre-alignment of {side}: {fit.grade}, {'used' if use else 'left unchanged'}; it moves the"
        f" corners by up to {fit.shift:.1f} pixels and changes the error from"
        f" {fit.error_before:.4f} to {fit.error_after:.4f}."
    )
