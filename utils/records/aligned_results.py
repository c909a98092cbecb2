"""Reads the aligned frames of reconstruction_align2.py, for `make_tfrecord.py --aligned`."""

import dataclasses
from pathlib import Path

import numpy as np

from configs import paths
from utils.images import frames
from utils.radiometry import levels
from utils.radiometry.bracket import MID_FRAME
from utils.scenes.scene import Scene, SceneError


def find(results: Path, name: str) -> tuple[Path, Path]:
    """Files of a scene's aligned low and high frame.

    Raises:
        SceneError: One is missing.
    """
    low, high = (paths.aligned_file(results, name, side) for side in paths.ALIGNMENT)
    for path in (low, high):
        if not path.is_file():
            raise SceneError(
                f"Scene {name} has not been aligned; reconstruction_align2.py does it."
                f" Received: no {path}"
            )
    return low, high


def with_aligned(scene: Scene, aligned: tuple[Path, Path]) -> Scene:
    """The scene in 8 bits, with its low and high frame replaced by aligned ones.

    Raises:
        SceneError: An aligned frame has another size, or not 8 bits.
    """
    low, high = (frames.read_ldr(path) for path in aligned)
    mid = levels.to_8bit(scene.ldr[MID_FRAME])
    for path, frame in zip(aligned, (low, high), strict=True):
        if frame.shape != mid.shape or frame.dtype != mid.dtype:
            raise SceneError(
                f"Scene {scene.name}: an aligned frame must have 8 bits and the scene's size"
                f" {mid.shape[1]}x{mid.shape[0]}. Received: {path},"
                f" {frame.shape[1]}x{frame.shape[0]} {frame.dtype}"
            )
    return dataclasses.replace(scene, ldr=np.stack([low, mid, high]))
