"""Says which weights are used, how far they were trained, and whether that is enough for pictures.

The shipped weights are the result of tens of thousands of steps (docs/weights.md). Networks of far
fewer steps make pictures that look broken, magenta most of all, and that is no fault of the
photographs.
"""

import contextlib
import logging
import math
from collections.abc import Iterable
from pathlib import Path

import tqdm

from configs import paths
from utils.runs import checkpoints
from utils.runs.settings import CHECKPOINTS_NAME, read_settings

VALIDATION_NAME = "validation.csv"

SHIPPED = {
    paths.WEIGHTS_DIR: "42,650 steps, validation PSNR-mu 40.6 dB",
    paths.SMALL_WEIGHTS_DIR: "33,000 steps, validation PSNR-mu 41.2 dB",
}
"""History of the shipped weights, as docs/weights.md and docs/small_weights.md have it."""

FEWEST_STEPS = 5_000
"""Steps of the stages together, from a start without weights, below which a run is warned about;
the preset `quick` makes 6,000."""

LOWEST_PSNR_MU = 30.0
"""dB on the validation scenes below which a run is warned about; the shipped weights have 40.6."""

_PSNR_MU = "psnr_mu"
_STARTS = ("start_weights", "release_checkpoint")

_LOG = logging.getLogger(__name__)


def say_folder(folder: Path) -> None:
    """Says that a folder of weights is used."""
    history = SHIPPED.get(folder.absolute())
    origin = f" that come with this code: {history}" if history else ""
    tqdm.tqdm.write(f"Weights: {folder}{origin}")


def in_words(folder: Path) -> str:
    """A folder of weights, for a reader: shipped ones are called so."""
    shipped = {
        paths.WEIGHTS_DIR: "those that come with this code",
        paths.SMALL_WEIGHTS_DIR: "the small ones that come with this code",
    }
    return shipped.get(folder.absolute(), str(folder))


def say_stages(stages: Iterable[Path]) -> None:
    """Says which stages of a run are used, one line, and warns of those that are hardly trained.

    Args:
        stages: Folders of trained stages, all of one run.
    """
    stages = list(stages)
    tqdm.tqdm.write(f"Weights: {'; '.join(_describe(stage) for stage in stages)}")
    if reasons := _immature(stages):
        _LOG.warning(
            "these weights were trained less than those that come with this code (%s): %s."
            " Colours may be wrong; --weights %s takes the others.",
            SHIPPED[paths.WEIGHTS_DIR],
            ", ".join(reasons),
            paths.WEIGHTS_DIR,
        )


def _describe(stage: Path) -> str:
    psnr = _psnr_mu(stage)
    score = "" if psnr is None else f", validation PSNR-mu {psnr:.2f} dB"
    return f"{stage}, {_steps(stage):,} steps{score}"


def _immature(stages: list[Path]) -> list[str]:
    """Reasons to expect bad pictures; none where a stage began with weights of unknown history."""
    reasons = []
    run = stages[0].parent
    every = [paths.stage_dir(run, name) for name in (*paths.ALIGNMENT.values(), paths.FUSION)]
    total = sum(_steps(stage) for stage in every)
    begun = [read_settings(stage).get(name) for stage in stages for name in _STARTS]
    if total < FEWEST_STEPS and not any(begun):
        reasons.append(f"{total:,} steps in all stages")
    scores = [score for score in map(_psnr_mu, stages) if score is not None]
    if scores and min(scores) < LOWEST_PSNR_MU:
        reasons.append(f"validation PSNR-mu {min(scores):.2f} dB, below {LOWEST_PSNR_MU:g}")
    return reasons


def _steps(stage: Path) -> int:
    return checkpoints.last_step(stage / CHECKPOINTS_NAME) or 0


def _psnr_mu(stage: Path) -> float | None:
    """The last validation of the whole at or before the newest checkpoint; None without one.

    Lines that are damaged are passed over: nothing depends on them.
    """
    path = stage / VALIDATION_NAME
    if not path.is_file():
        return None
    heading, *lines = path.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    names = heading.split(",")
    found = None
    for line in lines:
        row = dict(zip(names, line.split(","), strict=False))
        with contextlib.suppress(ValueError, KeyError):
            if int(row["step"]) <= _steps(stage) and math.isfinite(float(row[_PSNR_MU])):
                found = float(row[_PSNR_MU])
    return found
