"""Says what anchoring to the reference gains, by the size of the squares that it compares.

    python -m lab.studies.anchor SCENES [--weights DIR]

Prints mean PSNR-mu and PSNR-l of the scenes in a folder, and how many of them have more PSNR-mu
than without.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import ReconstructionConfig
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import configured
from utils.evaluation.psnr_ssim import psnr
from utils.inference.anchoring import anchor
from utils.inference.pipeline import open_networks, reconstruct_picture
from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.radiance import mu_law
from utils.runs.networks import trained_prealignment
from utils.scenes.folders import find_scenes, read_scene

_CELLS = (0, 1, 2, 4, 8, 16)
"""Pixels; 0: the networks' result as it is."""


def main() -> None:
    """Prints a row for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--weights", type=Path, default=paths.WEIGHTS_DIR / "esbn-64")
    arguments = parser.parse_args()
    config = ReconstructionConfig(
        run=arguments.weights, weights=arguments.weights, precision="bfloat16"
    )
    networks = open_networks(config)
    protocol = configured("full", None, trained_prealignment(config))
    scores: dict[int, list[tuple[float, float]]] = {cell: [] for cell in _CELLS}
    for folder in tqdm(find_scenes(arguments.scenes), unit="scene"):
        read = prealigned(read_scene(folder, arguments.scenes), protocol.prealign)
        scene = protocol.prepare(read)
        truth, time = np.asarray(scene.hdr), scene.exposure_times[MID_FRAME]
        merged = reconstruct_picture(networks, scene, protocol).hdr
        for cell, rows in scores.items():
            result = anchor(merged, scene.ldr[MID_FRAME], time, cell) if cell else merged
            rows.append((psnr(mu_law(result), mu_law(truth)), psnr(result, truth)))
    plain = np.array(scores[0])
    for cell, rows in scores.items():
        better = int((np.array(rows) > plain)[:, 0].sum())
        mu, linear = np.mean(rows, axis=0)
        tqdm.write(f"| {cell or 'off'} | {mu:.2f} | {linear:.2f} | {better} of {len(rows)} |")


if __name__ == "__main__":
    main()
