"""The course of a training stage as a picture: losses and validation scores against steps."""

import csv
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from utils.journal import LOG_NAME, VALIDATION_NAME

CURVES_NAME = "curves.png"

_LOSSES = {name: name for name in ("loss", "low", "high", "merging")}
_SCORES = {
    "psnr_mu": "PSNR-μ",
    "psnr_l": "PSNR-l",
    "psnr_aligned_low": "PSNR of aligned low",
    "psnr_aligned_high": "PSNR of aligned high",
}


def draw(path: Path, folders: Sequence[Path]) -> None:
    """Draws the losses above the validation scores.

    Args:
        path: A .png file; its folder exists.
        folders: Folders of stages, each begun with the weights of the one before: their steps are
            counted on, and a line marks where the next begins.
    """
    figure = Figure(figsize=(8, 7), layout="constrained")
    losses, scores = figure.subplots(2, 1, sharex=True)
    first = 0
    for folder in folders:
        steps, columns = _read(folder / LOG_NAME)
        _plot(losses, first, steps, columns, _LOSSES)
        end = first + max(steps, default=0)
        steps, columns = _read(folder / VALIDATION_NAME)
        _plot(scores, first, steps, columns, _SCORES)
        if first:
            for axes in (losses, scores):
                axes.axvline(first, color="grey", linewidth=0.8, linestyle=":")
        first = end
    losses.set_yscale("log")
    losses.set_ylabel("training losses")
    scores.set_ylabel("validation scenes, mean PSNR in dB")
    scores.set_xlabel("steps")
    for axes in (losses, scores):
        axes.grid(alpha=0.3)
        if axes.lines:
            axes.legend(fontsize=8)
    partial = path.with_name(f".{path.stem}.partial.png")
    FigureCanvasAgg(figure).print_figure(partial, dpi=110)
    partial.replace(path)


def _plot(
    axes: Axes,
    first: int,
    steps: list[int],
    columns: dict[str, list[float]],
    labels: dict[str, str],
) -> None:
    """Draws those columns that have a label, in its colour, and names each once."""
    place = [first + step for step in steps]
    named = {line.get_label() for line in axes.lines}
    for index, (name, label) in enumerate(labels.items()):
        if name in columns:
            shown = "_" if label in named else label
            axes.plot(place, columns[name], color=f"C{index}", linewidth=1, label=shown)


def _read(path: Path) -> tuple[list[int], dict[str, list[float]]]:
    """Steps and columns of a CSV file of the journal's; both are empty without one."""
    if not path.exists():
        return [], {}
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else {}) if name != "step"]
    columns = {name: [float(row[name]) for row in rows] for name in names}
    return [int(row["step"]) for row in rows], columns
