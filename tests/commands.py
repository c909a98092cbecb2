"""Command lines as pages and recipes have them: read from a page, parsed, run in this process."""

import importlib
import shlex
from pathlib import Path
from typing import Any

from configs import presets
from utils import command

_PRESETS = {
    "make_scenes": presets.scenes,
    "make_tfrecord": presets.records,
    "training_align_high": presets.alignment,
    "training_align_low": presets.alignment,
    "training_fusion": presets.fusion,
    "reconstruction_align2": presets.reconstruction,
    "reconstruction_fusion": presets.reconstruction,
    "evaluate": presets.evaluation,
    "export": presets.export,
    "narrow_weights": presets.narrowing,
}


def of_page(page: Path) -> list[list[str]]:
    """The `python` lines of a Markdown page, each a script and its flags."""
    lines = page.read_text().splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("    python ")]


def parse(script: str, *flags: str) -> Any:
    """A script's config under some flags."""
    return command.parse(_PRESETS[Path(script).stem], None, flags)


def run(script: str, *flags: str) -> int:
    """Runs a script; returns its exit code."""
    return importlib.import_module(Path(script).stem).main(parse(script, *flags)) or 0
