"""Says where a table comes from: code, weights, protocols, machine, date and command."""

import datetime as dt
import json
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from utils import files, hardware

PROVENANCE_NAME = "provenance.json"
"""Beside the tables that it is about."""

_ROOT = Path(__file__).parents[2]


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
        "commit": _commit(),
        "protocols": list(protocols),
        "weights_sha256": {str(path): files.sha256(path) for path in weights},
        "machine": hardware.describe(),
    }


def _commit() -> str:
    """Commit of this code, with `-dirty` after it if files differ; `unknown` without history."""
    done = subprocess.run(
        ["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"
