"""Writes the aligned frames of a scene, and tables of scores."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from configs import paths
from configs.settings import PrealignmentName
from utils.evaluation.psnr_ssim import Metrics
from utils.files import updated_folder, write_text
from utils.images.frames import write_ldr
from utils.radiometry.levels import to_display
from utils.reporting.tables import Table, to_csv, to_markdown

Row = tuple[str, Metrics]
"""A scene's name and its numbers."""

MEAN = "mean"


def write_aligned(results: Path, scene: str, aligned: np.ndarray) -> None:
    """Writes `<scene>/aligned_low.png` and `aligned_high.png`, both or none.

    Args:
        results: Results folder.
        scene: Name of the scene; its folder is made if missing, and other files in it stay.
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high.

    Raises:
        ValueError: A value is not finite.
        OSError: A file cannot be written; the old folder stays.
    """
    bad = int((~np.isfinite(aligned)).sum())
    if bad:
        raise ValueError(
            f"Scene {scene}: aligned frames must be finite; none is written."
            f" Received: {bad} values that are not finite"
        )
    names = [paths.aligned_file(results, scene, side).name for side in paths.ALIGNMENT]
    with updated_folder(paths.scene_dir(results, scene), names) as folder:
        for name, frame in zip(names, aligned, strict=True):
            write_ldr(folder / name, to_display(frame))


def full_title(protocol: str, prealign: PrealignmentName, *, agreement: bool = False) -> str:
    """A protocol's title followed by the `prealign` mode and, if so, `agreement`."""
    motion = "" if prealign == "off" else f", camera motion taken out ({prealign})"
    return f"{protocol}{motion}{', agreement' if agreement else ''}"


def write_metrics(path: Path, rows: Sequence[Row], title: str) -> None:
    """Writes a CSV file: scene, protocol, the numbers; the last row is the mean of the scenes.

    Args:
        path: The file; its folder is made.
        rows: Scene names with their numbers; without any, only the heading is written.
        title: Title of the protocol.
    """
    write_text(path, to_csv(_table(rows, title, _exact)))


def markdown_table(rows: Sequence[Row], title: str) -> str:
    """The table of `write_metrics` as Markdown; PSNR in dB with 2 decimals, SSIM with 4."""
    return to_markdown(_table(rows, title, rounded)).rstrip()


def _table(rows: Sequence[Row], title: str, texts: Callable[[Metrics], dict[str, str]]) -> Table:
    """A row for each scene, then their mean; `texts` writes the numbers by their names."""
    return Table(
        heading=["scene", "protocol", *(field.name for field in dataclasses.fields(Metrics))],
        rows=[[scene, title, *texts(numbers).values()] for scene, numbers in _with_mean(rows)],
        notes=[],
        labels=2,
    )


def _exact(numbers: Metrics) -> dict[str, str]:
    return {name: f"{value:.6f}" for name, value in dataclasses.asdict(numbers).items()}


def rounded(numbers: Metrics) -> dict[str, str]:
    """Scores as text, by name: PSNR in dB with 2 decimals, SSIM with 4."""
    return {
        name: f"{value:.2f}" if name.startswith("psnr") else f"{value:.4f}"
        for name, value in dataclasses.asdict(numbers).items()
    }


def _with_mean(rows: Sequence[Row]) -> list[Row]:
    if not rows:
        return []
    columns = [dataclasses.asdict(numbers) for _, numbers in rows]
    mean = {name: float(np.mean([column[name] for column in columns])) for name in columns[0]}
    return [*rows, (MEAN, Metrics(**mean))]
