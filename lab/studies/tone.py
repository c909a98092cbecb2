"""Compares the ways to tone-map: percentiles of grey, and the pictures side by side.

    python -m lab.studies.tone MAP.hdr ... [--pictures FOLDER]

Reads radiance maps; prints a table; writes `<number>.png` of each map to a named folder.
"""

import argparse
from pathlib import Path
from typing import get_args

import cv2
import numpy as np

from configs.settings import ToneName
from photo.showing.tone import tone_map
from utils.images.drawing import grid, shrink
from utils.images.frames import write_ldr
from utils.images.radiance_maps import read_radiance

_PERCENTILES = (1, 50, 99)


def main() -> None:
    """Prints a row for each map and operator."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("maps", nargs="+", type=Path)
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    heading = [f"{percentile} %" for percentile in _PERCENTILES]
    print(f"| map | tone | {' | '.join(heading)} |\n|---|---|---:|---:|---:|")  # noqa: T201
    for number, path in enumerate(arguments.maps, start=1):
        hdr, panels = read_radiance(path), []
        for tone in get_args(ToneName):
            shown = tone_map(hdr, tone)
            panels.append(shrink(shown, 800))
            grey = np.percentile(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), _PERCENTILES)
            cells = " | ".join(f"{value:.0f}" for value in grey)
            print(f"| {path} | {tone} | {cells} |")  # noqa: T201
        if arguments.pictures:
            write_ldr(arguments.pictures / f"{number}.png", grid(panels, 2))


if __name__ == "__main__":
    main()
