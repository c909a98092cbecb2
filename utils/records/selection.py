"""Chooses the records that a training run takes."""

import logging
from collections.abc import Sequence

from configs.settings import PrealignmentName, SamplingConfig
from utils.records import shards
from utils.records.record import RecordsError
from utils.records.shards import Entry
from utils.scenes.scene import Scene

_LOG = logging.getLogger(__name__)


def training_entries(records_dir: str, sampling: SamplingConfig) -> list[Entry]:
    """The training scenes in the index, without damaged ones if `sampling.skip_damaged`.

    Raises:
        RecordsError: There are no complete records, their frames were prepared in two ways, or a
            scene is smaller than a patch; with `skip_damaged` a damaged record is none of these
            unless all are.
    """
    check = not sampling.skip_damaged
    index = shards.read_index(records_dir, check_shards=check)
    prealignment(records_dir, index)
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
    """Refuses scenes of the wrong kind.

    Args:
        records_dir: Folder of the records.
        entries: The training scenes in the index.
        aligned: Whether all must hold aligned frames, or none may.

    Raises:
        RecordsError: A scene is of the other kind.
    """
    kinds = {True: "aligned frames (make_tfrecord.py --aligned)", False: "the camera's frames"}
    for entry in entries:
        if entry.aligned != aligned:
            raise RecordsError(
                f"{records_dir} must hold {kinds[aligned]} for this training."
                f" Received: {kinds[not aligned]} of scene {entry.name}"
            )


def validation_scenes(records_dir: str) -> list[Scene]:
    """Reads the held-out scenes, with 8-bit frames and truth; none is an empty list.

    Raises:
        RecordsError: There are no complete records.
    """
    entries = shards.read_index(records_dir)
    return [
        shards.read(records_dir, entry).scene() for entry in entries if entry.split == "validation"
    ]


def prealignment(records_dir: str, entries: Sequence[Entry]) -> PrealignmentName:
    """Mode in which the camera's motion was taken out of the frames, in all records alike.

    Raises:
        RecordsError: Not in all alike.
    """
    first = entries[0].prealign if entries else "off"
    for entry in entries:
        if entry.prealign != first:
            raise RecordsError(
                f"{records_dir} mixes frames packed with --prealign {first} and others; pack all"
                f" scenes anew with one of them. Received: --prealign {entry.prealign} of scene"
                f" {entry.name}"
            )
    return first


def _undamaged(records_dir: str, entries: Sequence[Entry]) -> list[Entry]:
    """Reads every record; names and counts the damaged ones, and returns the others."""
    kept: list[Entry] = []
    for entry in entries:
        try:
            shards.read(records_dir, entry)
        except RecordsError as error:
            _LOG.warning("Left out: %s", error)
        else:
            kept.append(entry)
    if not kept:
        raise RecordsError(f"{records_dir} must hold an undamaged scene. Received: none")
    if len(kept) < len(entries):
        _LOG.warning(
            "%d of %d training scenes are damaged and left out.",
            len(entries) - len(kept),
            len(entries),
        )
    return kept
