"""Commands of pages and recipes: read from a page, parsed, run in this process."""

import importlib
import shlex
from pathlib import Path
from typing import Any

from configs import presets
from lab import settings as lab_settings
from utils import command
from utils.runs import settings

_PRESETS = {
    "ablation": lab_settings.ablation,
    "device_check": lab_settings.device_check,
    "make_scenes": lab_settings.scenes,
    "make_tfrecord": presets.records,
    "training_align_high": presets.alignment,
    "training_align_low": presets.alignment,
    "training_fusion": presets.fusion,
    "reconstruction_align2": presets.reconstruction,
    "reconstruction_fusion": presets.reconstruction,
    "evaluate": presets.evaluation,
    "export": presets.export,
    "paper_table": lab_settings.paper_table,
    "narrow_weights": lab_settings.narrowing,
    "average_weights": lab_settings.average,
}


def of_page(page: Path, section: str) -> list[list[str]]:
    """The `python` lines below a heading of a Markdown page: each a script or module, and flags."""
    _, _, text = page.read_text().partition(f"\n## {section}\n")
    lines = text.partition("\n## ")[0].splitlines()
    commands = [shlex.split(line)[1:] for line in lines if line.startswith("    python ")]
    return [words[words[0] == "-m" :] for words in commands]


def has_settings(script: str) -> bool:
    """Whether `parse` knows a script or module."""
    return _module(script).rpartition(".")[2] in _PRESETS


def parse(script: str, *flags: str) -> Any:
    """A script's settings under some flags."""
    name = _module(script).rpartition(".")[2]
    stage = name.removeprefix("training_")
    like = settings.like(stage) if stage != name else None
    return command.parse(_PRESETS[name], None, flags, like)


def run(script: str, *flags: str) -> int:
    """Runs a script; returns its exit code."""
    return importlib.import_module(_module(script)).main(parse(script, *flags)) or 0


def _module(script: str) -> str:
    return script.removesuffix(".py")
