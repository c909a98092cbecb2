"""Tiny scenes in the layouts of the field's data sets."""

from pathlib import Path

import cv2
import numpy as np

from utils.images import radiance_maps
from utils.images.frames import write_ldr
from utils.radiometry.levels import to_16bit
from utils.radiometry.radiance import hdr_to_ldr

STOPS = (0, 2, 4)


def pictures(seed: int = 0, height: int = 24, width: int = 40, stops=STOPS):
    """Three 16-bit frames of one radiance map, and the map, `(height, width, 3)` in [0, 1]."""
    generator = np.random.default_rng(seed)
    radiance = generator.random((height, width, 3), np.float32) ** 3
    frames = [hdr_to_ldr(radiance, 2.0 ** (stop - stops[0])) for stop in stops]
    return [to_16bit(frame) for frame in frames], radiance


def write(root: Path, layout: str, name: str, seed: int = 0) -> Path:
    """Writes one scene in a layout; returns its folder."""
    frames, radiance = pictures(seed)
    files, exposures, truth = LAYOUTS[layout]
    folder = root / files[1].format(name=name)
    for pattern, frame in zip(files, frames, strict=True):
        path = root / pattern.format(name=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_ldr(path, frame)
    file, values = exposures
    (folder.parent / file).write_text("".join(f"{value}\n" for value in values))
    if truth:
        radiance_maps.write_radiance(folder.parent / truth, radiance)
    return folder.parent


def write_map(path: Path, seed: int = 0) -> None:
    """Writes a radiance map of 64x128 pixels, smooth noise over three decades."""
    noise = np.random.default_rng(seed).random((8, 16, 3), np.float32) ** 4
    smooth = cv2.resize(noise, (128, 64), interpolation=cv2.INTER_CUBIC)
    path.parent.mkdir(parents=True, exist_ok=True)
    radiance_maps.write_radiance(path, np.maximum(smooth, 1e-3))


LAYOUTS = {
    "Kalantari": (
        ("{name}/262A0943.tif", "{name}/262A0944.tif", "{name}/262A0945.tif"),
        ("exposure.txt", STOPS),
        "HDRImg.hdr",
    ),
    "Tel": (
        ("{name}/input_1.tif", "{name}/input_2.tif", "{name}/input_3.tif"),
        ("exposure.txt", STOPS),
        "HDRImg.hdr",
    ),
    "Hu": (
        ("{name}/input_1_aligned.tif", "{name}/input_2_aligned.tif", "{name}/input_3_aligned.tif"),
        ("input_exp.txt", STOPS),
        "ref_hdr_aligned_linear.hdr",
    ),
    "DeepHDR mirror": (
        ("{name}/input_1_aligned.tif", "{name}/input_2_aligned.tif", "{name}/input_3_aligned.tif"),
        ("input_exp.txt", (-2, 0, 2)),
        "ref_hdr_aligned.hdr",
    ),
    "Challenge123": (
        ("{name}_1/ldr_img_1.tif", "{name}_2/ldr_img_2.tif", "{name}_3/ldr_img_3.tif"),
        ("exposure.txt", STOPS),
        "hdr_img.hdr",
    ),
    "Sen": (
        ("{name}/a.tif", "{name}/b.tif", "{name}/c.tif"),
        ("exposures.txt", STOPS),
        None,
    ),
    "Tursun": (
        ("{name}/1.tiff", "{name}/2.tiff", "{name}/3.tiff"),
        ("exposure.txt", (0.01, 0.04, 0.16)),
        None,
    ),
}
