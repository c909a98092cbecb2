"""Writes the result files of a scene, all or none, and the metrics of a run."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from configs import paths
from configs.settings import PictureName, PrealignmentName, ToneName
from photo.reading.folder import Photographs
from photo.showing.pictures import write_picture
from photo.showing.tone import tone_map
from photo.showing.ultra_hdr import (
    LARGEST_SIDE,
    SMALLEST_SIDE,
    fits_ultra_hdr,
    write_ultra_hdr,
)
from utils.evaluation.psnr_ssim import AlignmentMetrics, Metrics
from utils.files import Writer, printable, write_text, write_together
from utils.images.frames import write_ldr
from utils.images.radiance_maps import write_exr, write_radiance
from utils.inference.pipeline import Reconstruction
from utils.radiometry.levels import to_display
from utils.reporting.sheets import comparison_sheet
from utils.reporting.tables import Table, to_csv, to_markdown
from utils.scenes.scene import Scene

Row = tuple[str, Metrics | AlignmentMetrics]
"""A scene's name and its numbers; a table holds one kind."""
Kind = type[Metrics] | type[AlignmentMetrics]

MEAN = "mean"

_SHEET, _ULTRA_HDR = "_sheet", "_ultrahdr"
CLASHING: dict[PictureName, str] = {"png": _SHEET, "jpg": _ULTRA_HDR}
"""What a scene's name adds to another's if both would write one file, by the kind of picture."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written:
    """What was written of a scene."""

    shown: np.ndarray
    """`(H, W, 3)` uint8, the tone-mapped picture."""
    picture: str
    """Path of its file below the results folder, with `/`."""
    files: tuple[str, ...]
    """Paths of all files there."""


def write_aligned(results: Path, scene: str, aligned: np.ndarray) -> None:
    """Writes `<scene>/aligned_low.png` and `aligned_high.png`.

    Args:
        results: Folder of the results.
        scene: The scene's name, by which its folder is called; that is made if missing.
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high.
    """
    bad = int((~np.isfinite(aligned)).sum())
    if bad:
        raise ValueError(
            f"Scene {scene}: aligned frames must be finite. Received: {bad} values that are not;"
            " nothing is written"
        )
    for side, frame in zip(paths.ALIGNMENT, aligned, strict=True):
        path = paths.aligned_file(results, scene, side)
        write_ldr(path, to_display(frame))


def write_reconstruction(
    folder: Path,
    scene: Scene,
    reconstruction: Reconstruction,
    title: str,
    metrics: Metrics | None,
    *,
    tone: ToneName = "fusion",
    picture: PictureName = "png",
) -> Written:
    """Writes a scene's results, all of them or none.

    `<scene>.hdr` and `<scene>.exr` (radiance), `<scene>.png` or `.jpg` (tone-mapped, with the
    camera's EXIF), `<scene>_sheet.png`, and `<scene>_ultrahdr.jpg`, which a picture too large or
    too small for it does without; that is said. Those of scene `EXTRA/001` lie in `EXTRA`.

    Args:
        folder: Results folder; made if missing.
        scene: The scene as it was reconstructed.
        reconstruction: What the networks made of it.
        title: Title of the protocol, from `full_title`.
        metrics: Its numbers; None without a truth.
        tone: How the picture is tone-mapped.
        picture: What it is written as.

    Returns:
        The tone-mapped picture and where the files are.

    Raises:
        ValueError: The radiance is not finite.
        OSError: A file cannot be written; then none is.
    """
    hdr = reconstruction.hdr
    bad = int((~np.isfinite(hdr)).sum())
    if bad:
        raise ValueError(
            f"Scene {scene.name}: the networks' radiance must be finite. Received: {bad} values"
            " that are not; nothing is written"
        )
    lines = [f"{scene.name}, protocol {title}"]
    if metrics is not None:
        lines.append(", ".join(f"{name} {text}" for name, text in _rounded(metrics).items()))
    exif = scene.exif if isinstance(scene, Photographs) else b""
    shown, sheet = tone_map(hdr, tone), comparison_sheet(scene, reconstruction, lines, tone)
    writers: dict[str, Writer] = {
        f"{scene.name}.hdr": lambda path: write_radiance(path, hdr),
        f"{scene.name}.exr": lambda path: write_exr(path, hdr, exif),
        f"{scene.name}.{picture}": lambda path: write_picture(path, shown, exif),
        f"{scene.name}{_SHEET}.png": lambda path: write_ldr(path, sheet),
    }
    if fits_ultra_hdr(hdr):
        ultra = f"{scene.name}{_ULTRA_HDR}.jpg"
        writers[ultra] = lambda path: write_ultra_hdr(path, shown, hdr, exif)
    else:
        tqdm.write(
            f"{printable(scene.name)}: no Ultra HDR, which has {SMALLEST_SIDE} to {LARGEST_SIDE}"
            f" pixels a side. Received: {hdr.shape[1]}x{hdr.shape[0]}"
        )
    write_together(folder, writers)
    return Written(shown=shown, picture=f"{scene.name}.{picture}", files=tuple(writers))


def full_title(protocol: str, prealign: PrealignmentName, *, anchored: bool = False) -> str:
    """A protocol's title, and what was done to frames and results besides."""
    motion = "" if prealign == "off" else f", camera motion taken out ({prealign})"
    return f"{protocol}{motion}{', anchored' if anchored else ''}"


def write_metrics(
    path: Path,
    rows: Sequence[Row],
    title: str,
    kind: Kind = Metrics,
) -> None:
    """Writes a CSV file: scene, protocol, the numbers; the last row is the mean of the scenes.

    Args:
        path: The file; its folder is made.
        rows: Scene names with their numbers; without any, only the heading is written.
        title: Title of the protocol.
        kind: Dataclass of the numbers.
    """
    write_text(path, to_csv(_table(rows, title, kind, _exact)))


def markdown_table(rows: Sequence[Row], title: str, kind: Kind = Metrics) -> str:
    """The table of `write_metrics` as Markdown; PSNR in dB with 2 decimals, SSIM with 4."""
    return to_markdown(_table(rows, title, kind, _rounded)).rstrip()


def _table(
    rows: Sequence[Row],
    title: str,
    kind: Kind,
    texts: Callable[[Metrics | AlignmentMetrics], dict[str, str]],
) -> Table:
    """A row for each scene, then their mean; `texts` writes the numbers by their names."""
    return Table(
        heading=["scene", "protocol", *(field.name for field in dataclasses.fields(kind))],
        rows=[
            [scene, title, *texts(numbers).values()] for scene, numbers in _with_mean(rows, kind)
        ],
        notes=[],
        labels=2,
    )


def _exact(numbers: Metrics | AlignmentMetrics) -> dict[str, str]:
    return {name: f"{value:.6f}" for name, value in dataclasses.asdict(numbers).items()}


def _rounded(numbers: Metrics | AlignmentMetrics) -> dict[str, str]:
    return {
        name: f"{value:.2f}" if name.startswith("psnr") else f"{value:.4f}"
        for name, value in dataclasses.asdict(numbers).items()
    }


def _with_mean(rows: Sequence[Row], kind: Kind) -> list[Row]:
    if not rows:
        return []
    columns = [dataclasses.asdict(numbers) for _, numbers in rows]
    mean = {name: float(np.mean([column[name] for column in columns])) for name in columns[0]}
    return [*rows, (MEAN, kind(**mean))]
