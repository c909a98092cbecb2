"""Takes out the camera's own motion before the networks see a bracket.

A hand-held bracket moves as a whole, and what moves in the scene moves besides. The alignment
networks are for the second. A homography undoes the first (utils/camera_motion/homography.py),
where it measurably helps. What the frame then lacks is filled in
(utils/camera_motion/gap_filling.py).
"""

import dataclasses

import numpy as np

from configs.settings import PrealignmentName
from utils.camera_motion.gap_filling import seen_from
from utils.camera_motion.homography import Fit, Reference
from utils.scenes.scene import Scene


def prealign(
    ldr: np.ndarray, exposure_times: np.ndarray, mode: PrealignmentName
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Aligns low and high to the reference as far as one homography each can.

    Args:
        ldr: `(3, H, W, 3)` uint8 or uint16 frames, darkest first.
        exposure_times: `(3,)` relative exposure times.
        mode: `auto`: where it is worthwhile; `on`: wherever a fit is found; `off`: not at all.

    Returns:
        The frames, same shape and type, what a frame does not show of the reference's view filled
        in (utils/camera_motion/gap_filling.py); and a line for people about each side.
    """
    if mode == "off":
        return ldr, ("Pre-alignment is switched off.",)
    frames, notes, reference = ldr, [], Reference(ldr[1])
    for index, side in ((0, "low"), (2, "high")):
        fit = reference.fit(ldr[index])
        use = fit is not None and (mode == "on" or fit.worthwhile)
        notes.append(_describe(side, fit, use=use))
        if fit is None or not use:
            continue
        frames = ldr.copy() if frames is ldr else frames
        ratio = float(exposure_times[index] / exposure_times[1])
        frames[index] = seen_from(ldr[index], ldr[1], fit.homography, ratio)
    return frames, tuple(notes)


def prealigned(scene: Scene, mode: PrealignmentName) -> Scene:
    """A data set's scene with `prealign` applied to its frames; its truth is the reference's."""
    if mode == "off":
        return scene
    ldr, _ = prealign(scene.ldr, scene.exposure_times, mode)
    return dataclasses.replace(scene, ldr=ldr)


def _describe(side: str, fit: Fit | None, *, use: bool) -> str:
    if fit is None:
        return f"Pre-alignment of {side}: no homography fits, left as it is."
    return (
        f"Pre-alignment of {side}: {'used' if use else 'left as it is'}; a homography moves the"
        f" corners by up to {fit.shift:.1f} pixels and changes the error from"
        f" {fit.error_before:.4f} to {fit.error_after:.4f}."
    )
