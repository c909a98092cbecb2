"""Counts where taking out camera motion helps or hurts: `python -m lab.studies.prealignment`.

The table of docs/photographs.md. Scenes are made as lab/make_scenes.py makes them, whose cameras
are known: what counts is how far the background is from where the reference sees it, in pixels.
"""

import argparse
import dataclasses
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from configs import paths
from lab.settings import ScenesConfig
from lab.synthesis.dynamic_scene import random_scene
from lab.synthesis.maps import find_maps, keep_maps
from utils.camera_motion.homography import Fit, Reference

SIZES = {(384, 512): 40, (256, 256): 20}
"""Height and width: how many scenes."""

_NOTICEABLE = 0.1  # pixels by which the mean displacement must change to count
_STATIC_EVERY = 10
_GAMMA_SPREAD = 0.05


@dataclasses.dataclass(frozen=True, kw_only=True)
class Side:
    """One frame's way to the reference."""

    size: tuple[int, int]
    name: str
    before: float
    """Mean displacement of the background in pixels."""
    after: float
    """The same with the homography that was fitted; infinite if none was."""
    worthwhile: bool
    """Whether `auto` uses it."""

    def left(self, mode: str) -> float:
        """Mean displacement that is left in a mode."""
        used = np.isfinite(self.after) and (mode == "on" or self.worthwhile)
        return self.after if used else self.before


def displacement(fit: Fit | None, true: np.ndarray, size: tuple[int, int]) -> float:
    """Mean distance in pixels between where a fit and where the true homography send pixels.

    Args:
        fit: The fit; None: nothing is moved.
        true: `(3, 3)` from pixels of the frame to those of the reference.
        size: Height and width.
    """
    rows, columns = np.mgrid[: size[0] : 16, : size[1] : 16]
    places = np.stack([columns.ravel(), rows.ravel()], -1).astype(float)[None]
    ours = places if fit is None else cv2.perspectiveTransform(places, fit.homography)
    return float(np.linalg.norm(ours - cv2.perspectiveTransform(places, true), axis=-1).mean())


def study(radiance: Path, seed: int = 77) -> Iterator[Side]:
    """Fits low and high of every scene."""
    maps = find_maps(ScenesConfig(radiance=(radiance,)))
    load = keep_maps(maps, 2**29)
    for size, count in SIZES.items():
        for index in range(count):
            scene = random_scene(
                load,
                len(maps),
                np.random.default_rng([seed, size[1], index]),
                height=size[0],
                width=size[1],
                static=index % _STATIC_EVERY == _STATIC_EVERY - 1,
                gamma_spread=_GAMMA_SPREAD,
            )
            reference = Reference(scene.ldr[1])
            for name, frame in (("low", 0), ("high", 2)):
                fit, true = reference.fit(scene.ldr[frame]), scene.homographies[frame]
                yield Side(
                    size=size,
                    name=name,
                    before=displacement(None, true, size),
                    after=np.inf if fit is None else displacement(fit, true, size),
                    worthwhile=fit is not None and fit.worthwhile,
                )


def _rows(sides: list[Side]) -> Iterator[str]:
    for (height, width), name in dict.fromkeys((side.size, side.name) for side in sides):
        chosen = [s for s in sides if s.size == (height, width) and s.name == name]
        before = np.array([side.before for side in chosen])
        for mode in ("auto", "on"):
            left = np.array([side.left(mode) for side in chosen])
            helped, hurt = left < before - _NOTICEABLE, left > before + _NOTICEABLE
            counts = (helped.sum(), len(chosen) - helped.sum() - hurt.sum(), hurt.sum())
            numbers = (before.mean(), left.mean(), np.median(left), np.quantile(left, 0.9))
            cells = [f"{width}x{height}", name, mode, *map(str, counts)]
            yield " | ".join([*cells, *(f"{number:.2f}" for number in numbers)])


def main(arguments: list[str] | None = None) -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--radiance", type=Path, default=paths.DATA_DIR / "radiance")
    sides = list(study(parser.parse_args(arguments).radiance))
    heading = "scenes | side | mode | helped | as before | hurt | before | mean | median | 90 %"
    for row in (heading, " | ".join(["---"] * 3 + ["---:"] * 7), *_rows(sides)):
        sys.stdout.write(f"| {row} |\n")


if __name__ == "__main__":
    main()
