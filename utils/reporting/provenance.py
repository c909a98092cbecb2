"""Provenance of tables: command, code, weights, protocols, machine and date."""

import datetime as dt
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils import files, hardware
from utils.reporting.version import program_version


def write(folder: Path, protocols: Sequence[str], weights: Sequence[Path]) -> None:
    """Writes `provenance.json` beside the tables of an evaluation.

    Args:
        folder: Folder of the tables.
        protocols: Titles of the protocols.
        weights: Files of the networks; empty if predictions were scored.
    """
    text = json.dumps(describe(protocols, weights), indent=2)
    files.write_text(folder / "provenance.json", f"{text}\n")


def describe(protocols: Sequence[str], weights: Sequence[Path]) -> dict[str, Any]:
    """The contents of `provenance.json`."""
    return {
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "commit": program_version(),
        "protocols": list(protocols),
        "weights_sha256": {str(path): files.sha256(path) for path in weights},
        "machine": hardware.describe(),
    }
