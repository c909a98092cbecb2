"""Figures of an evaluation: scores by scene, error maps."""

import io
import math
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from utils import files
from utils.files import printable
from utils.images.drawing import ERROR_RANGE

_COLUMNS = 5


def scene_bars(path: Path, by_protocol: Mapping[str, Mapping[str, float]]) -> None:
    """Draws a bar for each scene and protocol, and each protocol's mean as a line.

    Args:
        path: A .png file; its folder exists.
        by_protocol: Protocol to scene to PSNR-mu in dB.
    """
    scenes = list(dict.fromkeys(scene for rows in by_protocol.values() for scene in rows))
    figure = Figure(figsize=(max(6.0, 0.5 * len(scenes) * len(by_protocol)), 4.5))
    axes = figure.subplots()
    width = 0.8 / len(by_protocol)
    for index, (protocol, rows) in enumerate(by_protocol.items()):
        finite = {scene: value for scene, value in rows.items() if math.isfinite(value)}
        places = [scenes.index(scene) + (index + 0.5) * width - 0.4 for scene in finite]
        bars = axes.bar(places, list(finite.values()), width, label=protocol)
        if finite:
            colour = bars.patches[0].get_facecolor()
            axes.axhline(float(np.mean(list(finite.values()))), color=colour, linewidth=0.8)
    axes.set_xticks(
        range(len(scenes)), map(printable, scenes), rotation=60, ha="right", parse_math=False
    )
    axes.set_ylabel("PSNR-μ in dB (line: mean)")
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    _save(figure, path)


def error_maps(path: Path, maps: Mapping[str, np.ndarray], title: str) -> None:
    """Draws the error maps of all scenes on one scale.

    Args:
        path: A .png file; its folder exists.
        maps: Scene to `(h, w)` absolute difference after the mu-law.
        title: Title of the figure.
    """
    columns = min(_COLUMNS, len(maps))
    rows = math.ceil(len(maps) / columns)
    figure = Figure(figsize=(3.2 * columns + 1, 2.6 * rows + 0.6))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    image = None
    for axes, (scene, error) in zip(grid.flat, maps.items(), strict=False):
        image = axes.imshow(error, vmin=0, vmax=ERROR_RANGE, cmap="inferno")
        title_of_one = f"{printable(scene)}, mean {error.mean():.4f}"
        axes.set_title(title_of_one, fontsize=8, parse_math=False)
    if image is not None:
        figure.colorbar(image, ax=list(grid.flat), label="absolute error after the mu-law")
    figure.suptitle(printable(title), fontsize=10, parse_math=False)
    _save(figure, path)


def _save(figure: Figure, path: Path) -> None:
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph", UserWarning)  # letters that the font lacks
        FigureCanvasAgg(figure).print_figure(picture, dpi=120, bbox_inches="tight")
    files.write_bytes(path, picture.getvalue())
