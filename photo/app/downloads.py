"""A bracket's result on the page: files to download, and two pictures for the slider.

Radiance is written once; the pictures of another tone mapping are made from its file.
"""

import dataclasses
from pathlib import Path
from typing import Self

import numpy as np

from configs.settings import ToneName
from photo.reading.folder import Photographs
from photo.showing.exif_pictures import exr_attributes, write_picture
from photo.showing.tone import tone_map
from photo.showing.ultra_hdr import fits_ultra_hdr, write_ultra_hdr
from utils.images.drawing import shrink
from utils.images.radiance_maps import read_radiance, write_exr, write_radiance
from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.levels import to_8bit

_SHOWN_SIDE = 1600  # pixels; the files have the picture's own size


@dataclasses.dataclass(frozen=True, kw_only=True)
class Downloads:
    """The files of one result."""

    folder: Path
    """Holds nothing else."""
    name: str
    """First part of the names of the files to download."""
    exif: bytes
    """For the pictures."""

    @classmethod
    def write(cls, folder: Path, name: str, scene: Photographs, hdr: np.ndarray) -> Self:
        """Writes the radiance of a scene, `(H, W, 3)`, and the reference of the slider."""
        write_radiance(folder / f"{name}.hdr", hdr)
        write_exr(folder / f"{name}.exr", hdr, **exr_attributes(scene.exif))
        write_picture(folder / "reference.jpg", shrink(to_8bit(scene.ldr[MID_FRAME]), _SHOWN_SIDE))
        return cls(folder=folder, name=name, exif=scene.exif)

    def files(self, tone: ToneName) -> list[Path]:
        """The files to download: radiance, and pictures of a tone mapping, made if missing.

        Raises:
            OSError: They were removed, or cannot be written.
        """
        radiance = [self.folder / f"{self.name}{suffix}" for suffix in (".hdr", ".exr")]
        picture, ultra = (self.folder / f"{self.name}_{x}.jpg" for x in (tone, f"{tone}_ultrahdr"))
        if not picture.is_file():
            if not radiance[1].is_file():
                raise FileNotFoundError(
                    "Results are kept for an hour; make the picture again."
                    f" Received: no {radiance[1].name}"
                )
            hdr = read_radiance(radiance[1])
            shown = tone_map(hdr, tone)
            if fits_ultra_hdr(hdr):
                write_ultra_hdr(ultra, shown, hdr, self.exif)
            write_picture(self._shown(tone), shrink(shown, _SHOWN_SIDE))
            write_picture(picture, shown, self.exif)  # last: it stands for all
        return [path for path in (picture, ultra, *radiance) if path.is_file()]

    def slider(self, tone: ToneName) -> tuple[Path, Path]:
        """Reference and picture of a tone mapping, of `files` called before."""
        return self.folder / "reference.jpg", self._shown(tone)

    def _shown(self, tone: ToneName) -> Path:
        return self.folder / f"shown_{tone}.jpg"
