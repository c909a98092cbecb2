"""Says what limits a result: true frames take the place of the aligned ones, one after the other.

    python -m tests.limit_study SCENES [--weights DIR]

Prints mean PSNR-mu and PSNR-l of the scenes in a folder, and which share of the squared error after
the mu-law lies where the reference clips.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import ReconstructionConfig
from utils.camera_motion.prealignment import prealigned
from utils.inference.pipeline import align_picture, merge_picture, open_networks
from utils.metrics.protocols import configured
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr, mu_law
from utils.runs.networks import trained_prealignment
from utils.scenes.folders import find_scenes, read_scene

_CLIPPED = 0.98  # LDR
_TRUE_FRAMES = {
    "the aligned frames": (),
    "the true low frame": (LOW,),
    "the true high frame": (HIGH,),
    "both true frames": (LOW, HIGH),
}


def main() -> None:
    """Prints a row for each choice of true frames."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--weights", type=Path, default=paths.WEIGHTS_DIR)
    arguments = parser.parse_args()
    config = ReconstructionConfig(
        run=arguments.weights, weights=arguments.weights, precision="bfloat16"
    )
    networks = open_networks(config)
    if networks.merging is None:
        parser.error(f"The weights must have a merging network. Received: {arguments.weights}")
    protocol = configured("full", None, trained_prealignment(config))
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in _TRUE_FRAMES}
    for folder in tqdm(find_scenes(arguments.scenes), unit="scene"):
        scene = prealigned(read_scene(folder, arguments.scenes), protocol.prealign)
        scene = protocol.prepare(scene)
        truth, times = np.asarray(scene.hdr), scene.exposure_times
        clipped = brightest_channel(ldr_to_float(scene.ldr[MID_FRAME])) >= _CLIPPED
        aligned = align_picture(networks, scene, protocol)
        for name, sides in _TRUE_FRAMES.items():
            frames = aligned.copy()
            for side in sides:
                frames[(LOW, HIGH).index(side)] = hdr_to_ldr(truth, times[SOURCE_FRAME[side]])
            merged = merge_picture(networks.merging, scene, frames, protocol)
            score = protocol.score(merged, truth)
            error = np.square(mu_law(merged) - mu_law(truth)).sum(axis=-1)
            share = float(error[clipped].sum() / error.sum())
            rows[name].append((score.psnr_mu, score.psnr_l, share))
    print("| merged of | PSNR-mu | PSNR-l | error where clipped |\n|---|---:|---:|---:|")  # noqa: T201
    for name, values in rows.items():
        psnr_mu, psnr_l, share = np.mean(values, axis=0)
        print(f"| {name} | {psnr_mu:.2f} | {psnr_l:.2f} | {share:.0%} |")  # noqa: T201


if __name__ == "__main__":
    main()
