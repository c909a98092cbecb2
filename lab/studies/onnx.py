"""Compares an ONNX export with the scripts' own result, in float32, on the bundled samples.

python -m lab.studies.onnx FILE --weights DIR

Prints for each sample the largest difference of radiance, and PSNR-mu.
"""

import argparse
from pathlib import Path

import numpy as np
import onnxruntime
from tqdm import tqdm

from configs import paths
from configs.settings import ReconstructionConfig
from tests.photos import ROOT
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import configured
from utils.evaluation.psnr_ssim import psnr
from utils.inference.pipeline import open_networks, reconstruct_picture
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import mu_law
from utils.runs.networks import trained_prealignment
from utils.scenes.folders import find_scenes, read_scene


def main() -> None:
    """Prints a line for each sample."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path, help="what export.py --onnx wrote")
    parser.add_argument("--weights", type=Path, default=paths.WEIGHTS_DIR / "esbn-64")
    arguments = parser.parse_args()
    config = ReconstructionConfig(
        run=arguments.weights, weights=arguments.weights, precision="float32"
    )
    networks, prealign = open_networks(config), trained_prealignment(config)
    protocol = configured("full", None, prealign)  # not anchored, as an export is not
    session = onnxruntime.InferenceSession(arguments.file, providers=["CPUExecutionProvider"])
    for folder in find_scenes(ROOT / "samples"):
        scene = protocol.prepare(prealigned(read_scene(folder), protocol.prealign))
        frames = ldr_to_float(scene.ldr)[None]
        times = np.asarray(scene.exposure_times, np.float32)[None]
        (radiance,) = session.run(None, {"ldr": frames, "exposure_time": times})
        ours = reconstruct_picture(networks, scene, protocol).hdr
        largest = np.abs(radiance[0] - ours).max()
        tqdm.write(f"{scene.name}: {largest:.1e}, {psnr(mu_law(radiance[0]), mu_law(ours)):.1f} dB")


if __name__ == "__main__":
    main()
