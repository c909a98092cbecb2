"""Counts where taking out camera motion helps: `python -m lab.studies.prealignment`.

Makes scenes with known camera motion. Prints, for the low and the high frame, the mean distance in
pixels of the background from its place in the reference, and how many frames changed by more than a
tenth of a pixel.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from configs import paths
from lab.settings import ScenesConfig
from lab.synthesis.dynamic_scene import random_scene
from lab.synthesis.maps import Kind, cached_maps, find_maps, kind_of
from utils.camera_motion.homography import Fit, Reference

SIZES = {(384, 512): 40, (256, 256): 20}
"""Height and width: number of scenes."""

_NOTICEABLE = 0.1  # pixels of mean displacement
_STATIC_EVERY = 10
_COLUMNS = ("scenes", "side", "mode", "helped", "as before", "hurt", "before", "mean", "median")


def displacement(fit: Fit | None, true: np.ndarray, size: tuple[int, int]) -> float:
    """Mean distance in pixels between the places that a fit and the true homography map to.

    Args:
        fit: The fit; None: the identity.
        true: `(3, 3)` from pixels of the frame to those of the reference.
        size: Height and width.
    """
    rows, columns = np.mgrid[: size[0] : 16, : size[1] : 16]
    places = np.stack([columns.ravel(), rows.ravel()], -1).astype(float)[None]
    ours = places if fit is None else cv2.perspectiveTransform(places, fit.homography)
    return float(np.linalg.norm(ours - cv2.perspectiveTransform(places, true), axis=-1).mean())


def study(radiance: Path, size: tuple[int, int], count: int) -> Iterator[dict[str, np.ndarray]]:
    """Displacement of low and high frame, `(2,)` pixels, before and after in modes auto and on."""
    maps = find_maps(ScenesConfig(radiance=(radiance,)))
    load = cached_maps(maps, 2**29)
    kinds: list[Kind] = [kind_of(path) for path in maps]
    for index in range(count):
        scene = random_scene(
            load,
            kinds,
            np.random.default_rng([77, size[1], index]),
            height=size[0],
            width=size[1],
            static=index % _STATIC_EVERY == _STATIC_EVERY - 1,
            gamma_spread=0.05,
        )
        reference = Reference(scene.ldr[1])
        fits = [reference.fit(scene.ldr[frame]) for frame in (0, 2)]
        modes = {
            "before": [None, None],
            "auto": [fit if fit and fit.worthwhile else None for fit in fits],
            "on": fits,
        }
        true = scene.homographies[[0, 2]]
        yield {
            mode: np.array([displacement(used[i], true[i], size) for i in range(2)])
            for mode, used in modes.items()
        }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--radiance", type=Path, default=paths.DATA_DIR / "radiance")
    radiance = parser.parse_args().radiance
    lines = [_COLUMNS, ["---"] * 3 + ["---:"] * 6]
    for size, count in SIZES.items():
        found = list(study(radiance, size, count))
        for side, mode in ((side, mode) for side in (0, 1) for mode in ("auto", "on")):
            before, after = (np.array([row[m][side] for row in found]) for m in ("before", mode))
            helped, hurt = after < before - _NOTICEABLE, after > before + _NOTICEABLE
            counts = (helped.sum(), count - helped.sum() - hurt.sum(), hurt.sum())
            numbers = (before.mean(), after.mean(), np.median(after))
            label = [f"{size[1]}x{size[0]}", ("low", "high")[side], mode]
            lines.append([*label, *map(str, counts), *(f"{number:.2f}" for number in numbers)])
    sys.stdout.writelines(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    main()
