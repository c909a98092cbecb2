"""Compares what fills gaps of the low frame with the truth: `python -m lab.studies.gap SCENES`.

Counts values that the reference clips where the low frame, the camera's motion taken out, shows
nothing of its view. The figures are in docs/photographs.md.
"""

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from utils.camera_motion.gap_filling import seen_from
from utils.camera_motion.homography import Reference
from utils.evaluation.psnr_ssim import psnr
from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import hdr_to_ldr, ldr_to_hdr, mu_law
from utils.scenes.folders import find_scenes, read_scene
from utils.scenes.scene import Scene

_CLIPPED = 0.97  # LDR
_FEWEST = 300  # values in the gap from which a scene counts

Values = tuple[np.ndarray, np.ndarray]
"""LDR values that were filled in, and true ones."""


def compare(scene: Scene) -> dict[str, Values]:
    """What a scene's gap is filled with, by the way it is filled; nothing if there are too few."""
    low, mid = scene.ldr[0], scene.ldr[MID_FRAME]
    height, width = mid.shape[:2]
    fit = Reference(mid).fit(low)
    if fit is None or not fit.worthwhile or scene.hdr is None:
        return {}
    whole = np.full((height, width), 255, np.uint8)
    gap = cv2.warpPerspective(whole, fit.homography, (width, height)) < 255
    place = gap[..., None] & (ldr_to_float(mid) >= _CLIPPED)
    if place.sum() < _FEWEST:
        return {}
    times = scene.exposure_times
    truth = hdr_to_ldr(scene.hdr, times[0])[place]
    exposed = hdr_to_ldr(ldr_to_hdr(ldr_to_float(mid), times[MID_FRAME]), times[0])[place]
    filled = seen_from(low, mid, fit.homography, float(times[0] / times[MID_FRAME]))
    return {
        "the reference, exposed anew": (exposed, truth),
        "utils/camera_motion/gap_filling.py": (ldr_to_float(filled)[place], truth),
    }


def main() -> None:
    """Prints a row for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    root = parser.parse_args().scenes
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for folder in tqdm(find_scenes(root), unit="scene"):
        for name, (filled, truth) in compare(read_scene(folder, root)).items():
            mu_filled, mu_truth = (mu_law(ldr_to_hdr(values, 1.0)) for values in (filled, truth))
            mean_error = float((filled - truth).mean())
            rows.setdefault(name, []).append(
                (psnr(filled, truth), psnr(mu_filled, mu_truth), mean_error)
            )
    sys.stdout.write("| filled with | scenes | PSNR of LDR | PSNR-mu | mean error |\n")
    sys.stdout.write("|---|---:|---:|---:|---:|\n")
    for name, values in rows.items():
        ldr, mu, error = np.mean(values, axis=0)
        sys.stdout.write(f"| {name} | {len(values)} | {ldr:.2f} | {mu:.2f} | {error:+.3f} |\n")


if __name__ == "__main__":
    main()
