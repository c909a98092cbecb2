"""Says where a table comes from: code, weights, protocols, machine, date and command."""

import datetime as dt
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils import files, hardware
from utils.reporting.version import program_version

PROVENANCE_NAME = "provenance.json"
"""Beside the tables that it is about."""


def write(folder: Path, protocols: Sequence[str], weights: Sequence[Path]) -> None:
    """Writes `provenance.json` beside the tables of an evaluation.

    Args:
        folder: Folder of the tables.
        protocols: Titles of the protocols.
        weights: Files that hold the networks; none where files of another method were scored.
    """
    files.write_text(
        folder / PROVENANCE_NAME, json.dumps(describe(protocols, weights), indent=2) + "\n"
    )


def describe(protocols: Sequence[str], weights: Sequence[Path]) -> dict[str, Any]:
    """Returns what `write` writes: names to texts, numbers and lists of them."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "commit": program_version(),
        "protocols": list(protocols),
        "weights_sha256": {str(path): files.sha256(path) for path in weights},
        "machine": hardware.describe(),
    }
