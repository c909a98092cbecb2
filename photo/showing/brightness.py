"""Gives the results of several brackets one brightness, for panoramas."""

import dataclasses

import numpy as np

from photo.reading.exif import Exposure, exposure_values
from photo.reading.folder import Photographs
from photo.showing.fusion import SIDE
from utils.images.drawing import shrink
from utils.inference.pipeline import Reconstruction
from utils.scenes.scene import Scene, SceneError


class SharedBrightness:
    """The scale of radiance and the tone mapping of one scene, for all scenes."""

    like: np.ndarray | None = None
    """`(h, w, 3)` radiance of that scene, reduced; None: each scene has its own brightness."""

    def __init__(self, name: str | None) -> None:
        """Takes the name of the scene, which has to come first; None: nothing is shared."""
        self._name = name
        self._exposure = Exposure()

    def scaled(self, scene: Scene, reconstruction: Reconstruction) -> Reconstruction:
        """The result on the radiance scale of the named scene, by the exposures in EXIF.

        Raises:
            SceneError: An exposure is not in EXIF, or the named scene was not merged.
        """
        if self._name is None:
            return reconstruction
        own = scene.exposure if isinstance(scene, Photographs) else Exposure()
        if scene.name == self._name:
            self._exposure, self.like = own, shrink(reconstruction.hdr, SIDE)
        first, stops = exposure_values([self._exposure, own])
        if first is None or stops is None:
            raise SceneError(
                f"Scene {scene.name}: --exposure-of compares exposures, which must be in EXIF."
                f" Received: {own.describe()}; of {self._name}, if it could be merged,"
                f" {self._exposure.describe()}"
            )
        scale = np.float32(2.0 ** (first - stops))
        return dataclasses.replace(reconstruction, hdr=scale * reconstruction.hdr)
