"""Shows which alignment limits a result, by replacing aligned frames with true ones.

    python -m lab.studies.limit SCENES [--weights DIR]

Prints mean PSNR-mu and PSNR-l of the scenes in a folder, without agreement, and the share of the
squared error (after the mu-law) where the reference clips. In two rows only a part of the low frame
is true: the pixels where it shows the scene correctly, or those where something moved or the frame
has a gap.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import ReconstructionConfig
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import PROTOCOLS
from utils.inference.pipeline import align_picture, merge_picture, open_networks
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr, mu_law
from utils.scenes.folders import find_scenes, read_scene
from utils.scenes.scene import Scene

_CLIPPED = 0.98  # LDR
_MOVED = 0.06  # LDR difference from the true low frame


def with_true_values(scene: Scene, aligned: np.ndarray) -> dict[str, np.ndarray]:
    """Aligned frames, `(2, H, W, 3)` LDR of low and high, partly replaced by true ones."""
    low, high = aligned
    true_low, true_high = (
        hdr_to_ldr(np.asarray(scene.hdr), scene.exposure_times[SOURCE_FRAME[side]])
        for side in (LOW, HIGH)
    )
    frame = ldr_to_float(scene.ldr[SOURCE_FRAME[LOW]])
    moved = brightest_channel(np.abs(frame - true_low))[..., None] >= _MOVED
    return {
        "the aligned frames": np.stack([low, high]),
        "the true low frame": np.stack([true_low, high]),
        ".. only where nothing moved": np.stack([np.where(moved, low, true_low), high]),
        ".. only where something moved": np.stack([np.where(moved, true_low, low), high]),
        "the true high frame": np.stack([low, true_high]),
        "both true frames": np.stack([true_low, true_high]),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--weights", type=Path, default=paths.WEIGHTS_DIR / "esbn-64")
    arguments = parser.parse_args()
    config = ReconstructionConfig(weights=arguments.weights, precision="bfloat16")
    networks = open_networks(config)
    if networks.merging is None:
        parser.error(f"The weights must have a merging network. Received: {arguments.weights}")
    protocol = PROTOCOLS["full"]
    rows: dict[str, list[tuple[float, float, float]]] = {}
    for folder in tqdm(find_scenes(arguments.scenes), unit="scene"):
        scene = prealigned(read_scene(folder, arguments.scenes), config.prealign)
        truth = np.asarray(scene.hdr)
        clipped = brightest_channel(ldr_to_float(scene.ldr[MID_FRAME])) >= _CLIPPED
        aligned = align_picture(networks, scene, protocol)
        for name, frames in with_true_values(scene, aligned).items():
            merged = merge_picture(networks.merging, scene, frames, protocol)
            score = protocol.score(merged, truth)
            error = np.square(mu_law(merged) - mu_law(truth)).sum(axis=-1)
            share = float(error[clipped].sum() / error.sum())
            rows.setdefault(name, []).append((score.psnr_mu, score.psnr_l, share))
    tqdm.write("| merged from | PSNR-mu | PSNR-l | error where clipped |\n|---|---:|---:|---:|")
    for name, values in rows.items():
        psnr_mu, psnr_l, share = np.mean(values, axis=0)
        tqdm.write(f"| {name} | {psnr_mu:.2f} | {psnr_l:.2f} | {share:.0%} |")


if __name__ == "__main__":
    main()
