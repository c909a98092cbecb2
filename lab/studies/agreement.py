"""Shows what each part of agreement gives, beside the networks alone and a plain merge.

    python -m lab.studies.agreement SCENES [SCENES ..] [--weights DIR] [--tripod 2 3]

Prints mean PSNR-mu and PSNR-l of the scenes with truth in each folder, in float32. `--tripod`
replaces the frames by the truth, exposed with these steps in stops and compressed as JPEG: nothing
moves. The plain merge is the mean of the linearised frames, weighted by exposure time below
clipping.
"""

import argparse
import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import ReconstructionConfig
from lab.synthesis import cameras
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import PROTOCOLS
from utils.inference.agreement import agree, frames_of
from utils.inference.pipeline import Reconstruction, open_networks, reconstruct_picture
from utils.radiometry import bracket
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr, ldr_to_hdr
from utils.scenes.folders import find_scenes, read_scene
from utils.scenes.scene import Scene

_CLIPPING = (0.9, 0.98)  # LDR; between them the weight of the plain merge falls to 0
_JPEG = cameras.Defects(quality=95)

Method = Callable[[Reconstruction, Scene], np.ndarray]


def plain_merge(scene: Scene) -> np.ndarray:
    """`(H, W, 3)` mean of the linearised frames: what anyone can do where nothing moves."""
    ldr, times = ldr_to_float(scene.ldr), scene.exposure_times
    low, high = _CLIPPING
    weights = np.stack([np.clip((high - brightest_channel(x)) / (high - low), 0, 1) for x in ldr])
    weights = weights[..., None] * bracket.per_frame(times)
    weights[0] = np.maximum(weights[0], 1e-3)  # nothing tells more about what the low frame clips
    radiance = ldr_to_hdr(ldr, bracket.per_frame(times))
    return (weights * radiance).sum(0) / weights.sum(0)


def _with(*sides: str) -> Method:
    """Agreement of the reference with some of the other frames."""

    def method(result: Reconstruction, scene: Scene) -> np.ndarray:
        reference, low, high = frames_of(scene)
        others = [frame for side, frame in (("low", low), ("high", high)) if side in sides]
        return agree(result.hdr, result.aligned[0], reference, others)

    return method


METHODS: dict[str, Method] = {
    "networks alone": lambda result, _: result.hdr,
    "and the reference's pixels": _with(),
    "and the low frame's": _with("low"),
    "and the high frame's (agreement)": _with("low", "high"),
    "plain merge": lambda _, scene: plain_merge(scene),
}


def on_tripod(scene: Scene, step: float) -> Scene:
    """A bracket of the scene's truth in which nothing moves."""
    values = np.array([0, step, 2 * step], np.float32)
    ldr = hdr_to_ldr(np.stack(3 * [np.asarray(scene.hdr)]), bracket.per_frame(np.exp2(values)))
    stored = cameras.store(ldr.astype(np.float32), _JPEG, np.random.default_rng())
    return dataclasses.replace(scene, ldr=stored, exposure_values=values)


def _scenes(folder: Path, steps: list[float]) -> Iterator[Scene]:
    for path in find_scenes(folder):
        scene = read_scene(path, folder)
        if scene.hdr is None:
            continue
        yield from (on_tripod(scene, step) for step in steps) if steps else [scene]


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path, nargs="+")
    parser.add_argument("--weights", type=Path, default=paths.WEIGHTS_DIR / "esbn-24")
    parser.add_argument("--tripod", type=float, nargs="+", default=[])
    arguments = parser.parse_args()
    networks = open_networks(ReconstructionConfig(weights=arguments.weights, precision="float32"))
    full = PROTOCOLS["full"]
    for folder in arguments.scenes:
        scores: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
        for read in tqdm(list(_scenes(folder, arguments.tripod)), desc=str(folder), unit="scene"):
            scene = prealigned(read, "auto")
            result = reconstruct_picture(networks, scene, full)
            for name, method in METHODS.items():
                score = full.score(method(result, scene), np.asarray(scene.hdr))
                scores[name].append((score.psnr_mu, score.psnr_l))
        tqdm.write(f"\n| {folder.name} | PSNR-mu | PSNR-l |\n| --- | ---: | ---: |")
        for name, found in scores.items():
            psnr_mu, psnr_l = np.mean(found, 0)
            tqdm.write(f"| {name} | {psnr_mu:.2f} | {psnr_l:.2f} |")


if __name__ == "__main__":
    main()
