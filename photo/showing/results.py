"""Writes the results of a scene: radiance, pictures and the comparison sheet, in one folder."""

import dataclasses
import functools
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import PictureName, ToneName
from photo.reading.folder import Photographs
from photo.showing.exif_pictures import exr_attributes, write_picture
from photo.showing.tone import tone_map, tone_mapped
from photo.showing.ultra_hdr import LARGEST_SIDE, SMALLEST_SIDE, fits_ultra_hdr, write_ultra_hdr
from utils.evaluation.psnr_ssim import Metrics
from utils.files import printable, updated_folder
from utils.images.radiance_maps import write_exr, write_radiance
from utils.inference.pipeline import Reconstruction
from utils.radiometry.levels import to_16bit, to_display
from utils.reporting.results import rounded
from utils.reporting.sheets import comparison_sheet
from utils.scenes.scene import Scene

NAMES = (
    *("radiance.hdr", "radiance.exr", "picture.png", "picture.jpg", "picture.tif"),
    *("ultrahdr.jpg", "sheet.png"),
)
"""Files of a scene's folder; it has one of the pictures."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written:
    """The tone-mapped picture of a scene and the paths of its files."""

    shown: np.ndarray
    """`(H, W, 3)` uint8."""
    picture: str
    """Path of a file that shows it, below the results folder, with `/`."""
    files: tuple[str, ...]
    """Paths of all files, as `picture`."""


def write_reconstruction(
    results: Path,
    scene: Scene,
    reconstruction: Reconstruction,
    title: str,
    metrics: Metrics | None,
    *,
    tone: ToneName = "fusion",
    picture: PictureName = "png",
    like: np.ndarray | None = None,
) -> Written:
    """Writes the folder of a scene, all of its files or none.

    It holds `radiance.hdr`, `radiance.exr`, `picture.png`, `.jpg` or `.tif` (tone-mapped, with the
    camera's EXIF), `sheet.png` and, if the format allows the picture's size, `ultrahdr.jpg`.
    Aligned frames in the folder are kept.

    Args:
        results: Results folder; made if missing.
        scene: The scene as it was reconstructed; its name is the path of its folder.
        reconstruction: Its aligned frames and HDR image.
        title: Protocol and processing, for the sheet.
        metrics: Its scores; None without a ground truth.
        tone: Operator of the tone mapping.
        picture: Format of the tone-mapped picture.
        like: Radiance of another scene, whose brightness the pictures have; None: their own.

    Raises:
        ValueError: The radiance is not finite.
        OSError: A file cannot be written; the old folder stays.
    """
    hdr = reconstruction.hdr
    bad = int((~np.isfinite(hdr)).sum())
    if bad:
        raise ValueError(
            f"Scene {scene.name}: the networks' radiance must be finite; nothing is written."
            f" Received: {bad} values that are not finite"
        )
    lines = [f"{scene.name}, protocol {title}"]
    if metrics is not None:
        lines.append(", ".join(f"{name} {text}" for name, text in rounded(metrics).items()))
    operator = functools.partial(tone_map, operator=tone, like=like)
    exif = scene.exif if isinstance(scene, Photographs) else b""
    mapped = tone_mapped(hdr, tone, like)
    shown = to_display(mapped)
    sheet = comparison_sheet(scene, reconstruction, lines, shown, operator)
    place = paths.scene_dir(results, scene.name)
    with updated_folder(place, NAMES) as folder:
        write_radiance(folder / "radiance.hdr", hdr)
        write_exr(folder / "radiance.exr", hdr, **exr_attributes(exif))
        pixels = to_16bit(mapped) if picture == "tif" else shown
        write_picture(folder / f"picture.{picture}", pixels, exif)
        write_picture(folder / "sheet.png", sheet)
        if fits_ultra_hdr(hdr):
            write_ultra_hdr(folder / "ultrahdr.jpg", shown, hdr, exif, like)
        else:
            tqdm.write(
                f"{printable(scene.name)}: no Ultra HDR, which has {SMALLEST_SIDE} to"
                f" {LARGEST_SIDE} pixels a side. Received: {hdr.shape[1]}x{hdr.shape[0]}"
            )
        written = [name for name in NAMES if (folder / name).is_file()]
    # Browsers show no TIFF.
    linked = (
        "ultrahdr.jpg" if picture == "tif" and "ultrahdr.jpg" in written else f"picture.{picture}"
    )
    return Written(
        shown=shown,
        picture=(place / linked).relative_to(results).as_posix(),
        files=tuple((place / name).relative_to(results).as_posix() for name in written),
    )
