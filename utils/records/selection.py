"""Selects the scenes of a training run from its records."""

import logging
from collections.abc import Sequence

from configs.settings import SamplingConfig
from utils.records import shards
from utils.records.record import RecordsError
from utils.records.shards import Entry
from utils.scenes.scene import Scene

_LOG = logging.getLogger(__name__)


def training_entries(records_dir: str, sampling: SamplingConfig) -> list[Entry]:
    """The training scenes in the index, without damaged ones if `sampling.skip_damaged`.

    Raises:
        RecordsError: There are no complete records, one is damaged (with `skip_damaged`: all are),
            or a scene is smaller than a patch.
    """
    check = not sampling.skip_damaged
    index = shards.read_index(records_dir, check_shards=check)
    entries = [entry for entry in index if entry.split == "training"]
    if sampling.skip_damaged:
        entries = _undamaged(records_dir, entries)
    for entry in entries:
        if min(entry.height, entry.width) < sampling.patch_size:
            raise RecordsError(
                f"Scene {entry.name} of {records_dir} must have the size of a patch,"
                f" {sampling.patch_size} pixels. Received: {entry.width}x{entry.height}"
            )
    return entries


def require_aligned(records_dir: str, entries: Sequence[Entry], *, aligned: bool) -> None:
    """Raises `RecordsError` unless all scenes have aligned frames, or all the camera's."""
    kinds = {True: "aligned frames (make_tfrecord.py --aligned)", False: "the camera's frames"}
    for entry in entries:
        if entry.aligned != aligned:
            raise RecordsError(
                f"{records_dir} must hold {kinds[aligned]} for this training."
                f" Received: {kinds[not aligned]} of scene {entry.name}"
            )


def validation_scenes(records_dir: str) -> list[Scene]:
    """The held-out scenes, with 8-bit frames and truth.

    Raises:
        RecordsError: There are no complete records.
    """
    entries = shards.read_index(records_dir)
    return [
        shards.read(records_dir, entry).scene() for entry in entries if entry.split == "validation"
    ]


def _undamaged(records_dir: str, entries: Sequence[Entry]) -> list[Entry]:
    """The entries whose records can be read; warns about the others."""
    kept: list[Entry] = []
    for entry in entries:
        try:
            shards.read(records_dir, entry)
            kept.append(entry)
        except RecordsError as error:
            _LOG.warning("Left out: %s", error)
    if not kept:
        raise RecordsError(f"{records_dir} must hold an undamaged scene. Received: none")
    lost = len(entries) - len(kept)
    if lost:
        _LOG.warning("%d of %d training scenes are damaged and left out.", lost, len(entries))
    return kept
