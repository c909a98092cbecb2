"""Log of a training stage: CSV files, TensorBoard events, preview pictures and curves."""

import contextlib
import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import numpy as np
import tensorflow as tf
import tqdm
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from utils import files
from utils.images.frames import write_ldr
from utils.radiometry.bracket import HIGH, LOW, MERGING

LOG_NAME = "log.csv"
VALIDATION_NAME = "validation.csv"
PREVIEWS_NAME = "previews"
CURVES_NAME = "curves.png"

_STEP = "step"
_NUMBER = r"(?:[-+.e\d]+|nan|-?inf)"
_LOSSES = {name: name for name in ("loss", LOW, HIGH, MERGING)}
_SCORES = {
    "psnr_mu": "PSNR-μ",
    "psnr_l": "PSNR-l",
    "psnr_aligned_low": "PSNR of aligned low",
    "psnr_aligned_high": "PSNR of aligned high",
}


class Log:
    """Writes a stage's numbers and pictures.

    A stage that was stopped between two checkpoints repeats the steps since the last one. Opening
    the log drops their lines, so every step has one line in the CSV files.
    """

    def __init__(
        self,
        folder: Path,
        first_step: int,
        score: Callable[[], tuple[dict[str, float], np.ndarray] | None],
    ) -> None:
        """Opens the log of a stage.

        Args:
            folder: The stage's folder.
            first_step: Steps done; later lines of the CSV files are dropped.
            score: Scores the held-out scenes, `utils.training.validation.Validator.run`.
        """
        self._folder = folder
        self._score = score
        self._logged, self._since = first_step, time.perf_counter()
        with self._events_written():
            self._events = tf.summary.create_file_writer(str(folder))
        for name in (LOG_NAME, VALIDATION_NAME):
            _drop_after(folder / name, first_step)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # After an error, such as a full disk, closing may fail for the same reason.
        with contextlib.suppress(*[OSError] if kind else []), self._events_written():
            self._events.close()

    def training(self, step: int, values: dict[str, float]) -> None:
        """Logs losses and the like, and the mean seconds a step since the line before."""
        now = time.perf_counter()
        seconds = (now - self._since) / (step - self._logged)
        self._append(LOG_NAME, "training", step, values | {"seconds": seconds})
        self._logged, self._since = step, now

    def validation(self, step: int) -> None:
        """Logs and prints scores on the held-out scenes, writes a preview and the curves."""
        text = "no validation scenes"
        if found := self._score():
            scores, sheet = found
            folder = self._folder / PREVIEWS_NAME
            folder.mkdir(exist_ok=True)
            write_ldr(folder / f"{step:06d}.png", sheet)
            with self._events_written(), self._events.as_default():
                tf.summary.image("preview", sheet[None], step=step)
            self._append(VALIDATION_NAME, "validation", step, scores)
            text = ", ".join(f"{name} {value:.2f} dB" for name, value in scores.items())
        draw(self._folder / CURVES_NAME, self._folder)
        tqdm.tqdm.write(f"{self._folder.name}: step {step}: {text}")

    def _append(self, name: str, group: str, step: int, values: dict[str, float]) -> None:
        path = self._folder / name
        with files.named(path), files.open_own(path, "a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if not file.tell():
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
    """Keeps the whole lines up to a step; a truncated header starts a new file."""
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace")  # a power cut may leave zeros
    header, *lines = text.splitlines(keepends=True) or [""]
    names = header.removesuffix("\n").split(",")
    whole = header.endswith("\n") and names[0] == _STEP and all(map(str.isidentifier, names))
    row = re.compile(rf"(\d+)(,{_NUMBER}){{{len(names) - 1}}}\n", re.ASCII)
    kept = [line for line in lines if (found := row.fullmatch(line)) and int(found[1]) <= step]
    # A stage at step 0 has no checkpoint and starts anew.
    files.write_text(path, "".join([header, *kept]) if whole and step else "")


def draw(path: Path, folder: Path) -> None:
    """Draws a stage's losses above its validation scores.

    Args:
        path: A .png file; its folder exists.
        folder: Folder of the stage.
    """
    figure = Figure(figsize=(8, 7), layout="constrained")
    losses, scores = figure.subplots(2, 1, sharex=True)
    _plot(losses, folder / LOG_NAME, _LOSSES)
    _plot(scores, folder / VALIDATION_NAME, _SCORES)
    losses.set_yscale("log")
    losses.set_ylabel("training losses")
    scores.set_ylabel("validation scenes, mean PSNR in dB")
    scores.set_xlabel("steps")
    picture = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(picture, dpi=110)
    files.write_bytes(path, picture.getvalue())


def _plot(axes: Axes, path: Path, labels: dict[str, str]) -> None:
    """Draws the labelled columns of a CSV file, if it exists, each always in the same colour."""
    axes.grid(alpha=0.3)
    if not path.is_file():  # reading a pipe would not end
        return
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    steps = [int(row[_STEP]) for row in rows]
    for index, (name, label) in enumerate(labels.items()):
        if rows and name in rows[0]:
            values = [float(row[name]) for row in rows]
            axes.plot(steps, values, color=f"C{index}", linewidth=1, label=label)
    if axes.lines:
        axes.legend(fontsize=8)
