"""Scores and preview pictures of a stage on the held-out scenes."""

import dataclasses

import numpy as np
import tensorflow as tf

from utils.evaluation.psnr_ssim import psnr
from utils.images.drawing import grid, strip
from utils.radiometry.bracket import MERGING, SOURCE_FRAME, per_frame
from utils.radiometry.levels import (
    SIZE_MULTIPLE,
    from_network,
    ldr_to_float,
    network_input,
    to_display,
)
from utils.radiometry.radiance import hdr_to_ldr, mu_law
from utils.records.selection import validation_scenes
from utils.scenes.scene import Scene
from utils.training.stages import Stage

Pictures = dict[str, np.ndarray]

_COLUMNS = 3


class Validator:
    """Runs a stage on the validation scenes, cropped about their centres."""

    def __init__(self, stage: Stage, records: str, crop: int) -> None:
        """Reads the validation scenes of a folder of records."""
        self._scenes = [_centre_crop(scene, crop) for scene in validation_scenes(records)]
        self._outputs = tf.function(stage.outputs, reduce_retracing=True, autograph=False)

    def run(self) -> tuple[dict[str, float], np.ndarray] | None:
        """Runs the networks on every scene.

        Returns:
            Mean scores, PSNR in dB: `psnr_aligned_low` and `_high` of the aligned frames against
            the re-exposed truth, `psnr_mu` and `psnr_l` of the merged radiance; and a sheet of the
            first scene, `(h, w, 3)` uint8. None without scenes.
        """
        scores: list[dict[str, float]] = []
        sheet = None
        for scene in self._scenes:
            frames = network_input(ldr_to_float(scene.ldr), per_frame(scene.exposure_times))
            outputs = self._outputs(frames[None], scene.exposure_times[None])
            pictures = {name: from_network(x.numpy()[0]) for name, x in outputs.items()}
            targets = {name: _target(scene, name) for name in pictures}
            scores.append(_scores(pictures, targets))
            if sheet is None:
                sheet = _sheet(scene, pictures, targets, scores[0])
        if sheet is None:
            return None
        return {name: float(np.mean([s[name] for s in scores])) for name in scores[0]}, sheet


def _target(scene: Scene, name: str) -> np.ndarray:
    """Target of a network for a scene: the truth, or the truth exposed like its frame."""
    truth = np.asarray(scene.hdr)  # of a record, so never None
    if name == MERGING:
        return truth
    return hdr_to_ldr(truth, scene.exposure_times[SOURCE_FRAME[name]])


def _scores(pictures: Pictures, targets: Pictures) -> dict[str, float]:
    scores: dict[str, float] = {}
    for name, picture in pictures.items():
        if name == MERGING:
            scores["psnr_mu"] = psnr(mu_law(picture), mu_law(targets[name]))
            scores["psnr_l"] = psnr(picture, targets[name])
        else:
            scores[f"psnr_aligned_{name}"] = psnr(picture, targets[name])
    return scores


def _sheet(
    scene: Scene, pictures: Pictures, targets: Pictures, scores: dict[str, float]
) -> np.ndarray:
    """Frames, then outputs, then targets, three in a row, below a line of scores."""
    panels = list(ldr_to_float(scene.ldr))
    for group in (pictures, targets):
        panels += [mu_law(x) if name == MERGING else x for name, x in group.items()]
    sheet = grid([to_display(np.clip(panel, 0.0, 1.0)) for panel in panels], _COLUMNS)
    text = ", ".join(f"{name} {score:.2f} dB" for name, score in scores.items())
    return np.vstack([strip(text, sheet.shape[1]), sheet])


def _centre_crop(scene: Scene, crop: int) -> Scene:
    """The centre of a scene, at most `crop` pixels a side, multiples of 8."""
    rows, columns = (_centre(length, crop) for length in scene.ldr.shape[1:3])
    ldr, hdr = scene.ldr[:, rows, columns], np.asarray(scene.hdr)[rows, columns]
    return dataclasses.replace(scene, ldr=ldr, hdr=hdr)


def _centre(length: int, crop: int) -> slice:
    size = min(length, crop) // SIZE_MULTIPLE * SIZE_MULTIPLE
    start = (length - size) // 2
    return slice(start, start + size)
