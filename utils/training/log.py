"""Logs a training stage: CSV files, TensorBoard events, preview pictures and curves."""

import contextlib
import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from utils import files
from utils.images.frames import write_ldr
from utils.radiometry.bracket import HIGH, LOW, MERGING
from utils.runs.provenance import VALIDATION_NAME

LOG_NAME = "log.csv"
PREVIEWS_NAME = "previews"

_STEP = "step"


class Log:
    """Writes a stage's numbers and pictures; entries after the step it starts from are dropped.

    A stage that was stopped between two checkpoints makes the same steps again, so what was noted
    of them is taken out first: every step stands once in the CSV files.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        """Opens the diary of the stage in `folder`, which has made `first_step` steps."""
        self._folder = folder
        with self._events_written():
            self._events = tf.summary.create_file_writer(str(folder))
        for name in (LOG_NAME, VALIDATION_NAME):
            _drop_after(folder / name, first_step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # What ended the run may be why they cannot be closed.
        with contextlib.suppress(*[OSError] if kind else []), self._events_written():
            self._events.close()

    def log(self, step: int, values: dict[str, float]) -> None:
        """Notes training losses and the like at a step."""
        self._note(LOG_NAME, "training", step, values)

    def validation(self, step: int, scores: dict[str, float]) -> None:
        """Notes scores on the held-out scenes at a step."""
        self._note(VALIDATION_NAME, "validation", step, scores)

    def preview(self, step: int, picture: np.ndarray) -> None:
        """Writes a preview, `(H, W, 3)` uint8."""
        folder = self._folder / PREVIEWS_NAME
        folder.mkdir(exist_ok=True)
        write_ldr(folder / f"{step:06d}.png", picture)
        with self._events_written(), self._events.as_default():
            tf.summary.image("preview", picture[None], step=step)

    def _note(self, name: str, group: str, step: int, values: dict[str, float]) -> None:
        path = self._folder / name
        new = not path.exists() or not path.stat().st_size
        with files.named(path), path.open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow([_STEP, *values])
            writer.writerow([step, *(f"{value:.6g}" for value in values.values())])
        with self._events_written(), self._events.as_default():
            for key, value in values.items():
                tf.summary.scalar(f"{group}/{key}", value, step=step)
            self._events.flush()

    @contextlib.contextmanager
    def _events_written(self) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            raise OSError(
                "Cannot write the events for TensorBoard; name another --run folder or make room."
                f" Received: {self._folder}, {files.one_line(error)}"
            ) from error


def _drop_after(path: Path, step: int) -> None:
    """Keeps the lines up to a step; one that a kill cut short is of a later one, or not whole.

    Whatever line ends were before, they are line feeds then. Below a heading that is not whole
    nobody knows what the numbers are: the file begins anew; they are in the events still.
    """
    if not path.exists():
        return
    text = path.read_text(encoding="utf-8", errors="replace")  # zeros, after a power cut
    heading, *lines = text.splitlines(keepends=True) or [""]
    columns = heading.count(",")
    # At step 0 nothing has been trained: a stage that never saved a checkpoint begins anew.
    kept = [
        line
        for line in lines
        if step and line.endswith("\n") and line.count(",") == columns and _step_of(line) <= step
    ]
    first, *others = heading.removesuffix("\n").split(",")
    whole = heading.endswith("\n") and first == _STEP and all(map(str.isidentifier, others))
    files.write_text(path, "".join([heading, *kept] if kept and whole else []))


def _step_of(line: str) -> float:
    """The step of a line of numbers; infinity if it is none."""
    try:
        step, *values = line.split(",")
        [float(value) for value in values]
        return int(step)
    except ValueError:
        return math.inf


CURVES_NAME = "curves.png"
_LOSSES = {name: name for name in ("loss", LOW, HIGH, MERGING)}
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
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(picture, dpi=110)
    files.write_bytes(path, picture.getvalue())


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
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = [name for name in (rows[0] if rows else {}) if name != "step"]
    columns = {name: [float(row[name]) for row in rows] for name in names}
    return [int(row["step"]) for row in rows], columns
