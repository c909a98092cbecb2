"""Says what limits a result: true frames take the place of the aligned ones, one after the other.

    python -m lab.studies.limit SCENES [--weights DIR]

Prints mean PSNR-mu and PSNR-l of the scenes in a folder, of the networks alone (not anchored), and
which share of the squared error after the mu-law lies where the reference clips. Two of the rows
have true values only where the low frame, as the networks get it, shows the right thing, and only
where it does not: there something moved, or the frame has a gap. Then PSNR-mu of the pixels that
the high frame shows right and unclipped: nothing moved there, so a copy of it would do.
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
from utils.inference.pipeline import align_picture, merge_picture, open_networks
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import brightest_channel, hdr_to_ldr, ldr_to_hdr, mu_law
from utils.runs.networks import trained_prealignment
from utils.scenes.folders import find_scenes, read_scene
from utils.scenes.scene import Scene

_CLIPPED = 0.98  # LDR
_BRIGHT, _MOVED = 0.9, 0.06  # LDR of the true high frame; difference of a frame from the true one
_MERGED_OF = (
    "the aligned frames",
    "the true low frame",
    ".. only where nothing moved",
    ".. only where something moved",
    "the true high frame",
    "both true frames",
)


def true_frame(scene: Scene, side: str) -> np.ndarray:
    """`(H, W, 3)` LDR of the truth, exposed as the low or the high frame."""
    return hdr_to_ldr(np.asarray(scene.hdr), scene.exposure_times[SOURCE_FRAME[side]])


def moved(scene: Scene, side: str) -> np.ndarray:
    """`(H, W)`, true where the low or the high frame shows something else than the truth."""
    frame = ldr_to_float(scene.ldr[SOURCE_FRAME[side]])
    return brightest_channel(np.abs(frame - true_frame(scene, side))) >= _MOVED


def with_true_values(scene: Scene, aligned: np.ndarray) -> dict[str, np.ndarray]:
    """Aligned frames, `(2, H, W, 3)` LDR of low and high, some of them or of their pixels true."""
    low, high = aligned
    true_low, true_high = (true_frame(scene, side) for side in (LOW, HIGH))
    elsewhere = moved(scene, LOW)[..., None]
    frames = (
        (low, high),
        (true_low, high),
        (np.where(elsewhere, low, true_low), high),
        (np.where(elsewhere, true_low, low), high),
        (low, true_high),
        (true_low, true_high),
    )
    return {name: np.stack(pair) for name, pair in zip(_MERGED_OF, frames, strict=True)}


def still(scene: Scene, aligned: np.ndarray, merged: np.ndarray) -> dict[str, float]:
    """PSNR-mu, by picture, of the pixels that the high frame shows right; nothing without any.

    Args:
        scene: A scene with truth, as the networks got it.
        aligned: `(2, H, W, 3)` LDR, low and high.
        merged: `(H, W, 3)` radiance.
    """
    truth, times = np.asarray(scene.hdr), scene.exposure_times
    frames = [ldr_to_float(frame) for frame in scene.ldr]
    place = SOURCE_FRAME[HIGH]
    shown = (brightest_channel(true_frame(scene, HIGH)) < _BRIGHT) & ~moved(scene, HIGH)
    if not shown.any():
        return {}
    pictures = {
        "the reference": ldr_to_hdr(frames[MID_FRAME], times[MID_FRAME]),
        "the high frame": ldr_to_hdr(frames[place], times[place]),
        "the aligned high frame": ldr_to_hdr(aligned[1], times[place]),
        "merged": merged,
    }
    return {
        name: psnr(mu_law(picture[shown]), mu_law(truth[shown]))
        for name, picture in pictures.items()
    }


def main() -> None:
    """Prints a row for each choice of true frames, and one for each picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path)
    parser.add_argument("--weights", type=Path, default=paths.WEIGHTS_DIR / "esbn-64")
    arguments = parser.parse_args()
    config = ReconstructionConfig(
        run=arguments.weights, weights=arguments.weights, precision="bfloat16"
    )
    networks = open_networks(config)
    if networks.merging is None:
        parser.error(f"The weights must have a merging network. Received: {arguments.weights}")
    protocol = configured("full", None, trained_prealignment(config))
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in _MERGED_OF}
    of_still: dict[str, list[float]] = {}
    for folder in tqdm(find_scenes(arguments.scenes), unit="scene"):
        scene = prealigned(read_scene(folder, arguments.scenes), protocol.prealign)
        scene = protocol.prepare(scene)
        truth = np.asarray(scene.hdr)
        clipped = brightest_channel(ldr_to_float(scene.ldr[MID_FRAME])) >= _CLIPPED
        aligned = align_picture(networks, scene, protocol)
        for name, frames in with_true_values(scene, aligned).items():
            merged = merge_picture(networks.merging, scene, frames, protocol)
            score = protocol.score(merged, truth)
            error = np.square(mu_law(merged) - mu_law(truth)).sum(axis=-1)
            share = float(error[clipped].sum() / error.sum())
            rows[name].append((score.psnr_mu, score.psnr_l, share))
            if name == _MERGED_OF[0]:
                for picture, value in still(scene, aligned, merged).items():
                    of_still.setdefault(picture, []).append(value)
    print("| merged of | PSNR-mu | PSNR-l | error where clipped |\n|---|---:|---:|---:|")  # noqa: T201
    for name, values in rows.items():
        psnr_mu, psnr_l, share = np.mean(values, axis=0)
        print(f"| {name} | {psnr_mu:.2f} | {psnr_l:.2f} | {share:.0%} |")  # noqa: T201
    print("\n| where the high frame is right | PSNR-mu |\n|---|---:|")  # noqa: T201
    for picture, values in of_still.items():
        print(f"| {picture} | {np.mean(values):.2f} |")  # noqa: T201


if __name__ == "__main__":
    main()
