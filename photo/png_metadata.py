"""Takes unusable metadata out of PNG files, for which Pillow would refuse the picture."""

import io
import logging
import zlib
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LENGTH, _KIND, _CHECKSUM = 4, 4, 4  # bytes of a chunk beside its content
_HEADER = len(_SIGNATURE) + _LENGTH + _KIND + 13 + _CHECKSUM  # the chunk IHDR included
_END = b"\0\0\0\0IEND\xaeB`\x82"
_MOST = 1000  # chunks of metadata that are looked at one by one
_MOST_NAMED = 5

_LOG = logging.getLogger(__name__)


def without_unusable(path: Path, data: bytes) -> bytes:
    """The bytes of a picture without metadata that is broken or too large, with a warning.

    Args:
        path: The file, for the warning.
        data: Its bytes; those of other formats and of damaged files are returned as they are.

    Returns:
        Bytes with the same pixels.
    """
    chunks = _chunks(data) if data.startswith(_SIGNATURE) else []
    metadata = [chunk for chunk in chunks if _is_metadata(chunk) and _is_whole(chunk)]
    if not metadata or _is_usable(data, metadata):
        return data
    kept, dropped = [], metadata[_MOST:]
    for chunk in metadata[:_MOST]:
        (kept if _is_usable(data, [chunk]) else dropped).append(chunk)
    if not _is_usable(data, kept):  # too large together
        kept, dropped = [], metadata
    kinds = sorted({_kind(chunk).decode() for chunk in dropped})[:_MOST_NAMED]
    _LOG.warning(
        "%s: metadata that is broken or too large is ignored. Received: %s",
        path.name,
        ", ".join(kinds),
    )
    rest = [chunk for chunk in chunks if not (_is_metadata(chunk) and _is_whole(chunk))]
    return b"".join([data[:_HEADER], *kept, *rest])


def _chunks(data: bytes) -> list[bytes]:
    """The chunks behind the header; the last may be cut short."""
    found, start = [], _HEADER
    while start < len(data):
        content = int.from_bytes(data[start : start + _LENGTH], "big")
        end = start + _LENGTH + _KIND + content + _CHECKSUM
        found.append(data[start:end])
        start = end
    return found


def _kind(chunk: bytes) -> bytes:
    return chunk[_LENGTH : _LENGTH + _KIND]


def _is_metadata(chunk: bytes) -> bool:
    kind = _kind(chunk)
    return kind.isalpha() and kind[:1].islower() and kind != b"tRNS"


def _is_whole(chunk: bytes) -> bool:
    checksum = int.from_bytes(chunk[-_CHECKSUM:], "big")
    return zlib.crc32(chunk[_LENGTH:-_CHECKSUM]) == checksum


def _is_usable(data: bytes, metadata: Sequence[bytes]) -> bool:
    """True if Pillow opens a file of this header and metadata, without pixels."""
    try:
        with Image.open(io.BytesIO(b"".join([data[:_HEADER], *metadata, _END]))):
            return True
    except Exception:  # Pillow raises many kinds of errors for broken metadata
        return False
