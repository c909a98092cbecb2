"""How the camera's motion was taken out before reconstruction_align2.py aligned: a note beside it.

make_tfrecord.py --aligned packs the aligned frames and must say it of the records.
"""

import json
from pathlib import Path
from typing import Any, get_args

from configs.settings import PrealignmentName
from utils import files

NOTE_FILE = "prealign.json"

_KEY = "prealign"


def note_prealignment(results: Path, mode: PrealignmentName) -> None:
    """Writes the note, before any aligned frame.

    Args:
        results: Folder of the results; made if missing.
        mode: What the frames are made with.

    Raises:
        ValueError: The folder holds frames that were made with another mode.
    """
    if (results / NOTE_FILE).exists() or list(results.rglob("aligned_*.png")):
        before = read_prealignment(results)
        if before != mode:
            raise ValueError(
                f"{results} holds frames aligned with --prealign {before}; name another folder"
                f" (--results). Received: --prealign {mode}"
            )
    files.write_text(results / NOTE_FILE, json.dumps({_KEY: mode}) + "\n")


def read_prealignment(results: Path) -> PrealignmentName:
    """What the aligned frames of a folder were made with; `off` without a note.

    Raises:
        ValueError: The note is damaged.
    """
    path = results / NOTE_FILE
    if not path.exists():
        return "off"
    mode: Any = files.read_json(path).get(_KEY)
    if mode not in get_args(PrealignmentName):
        raise ValueError(f"{path} must hold auto, on or off. Received: {mode!r}")
    return mode
