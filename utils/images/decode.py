"""Size limits and uniform errors for image files."""

import contextlib
import logging
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from utils.files import one_line

LARGEST_MEGAPIXELS = 300.0
"""Limit of the declared size, checked before decoding."""

MOST_JPEG_PIXELS = 512
"""Pixels in a byte of a JPEG: 64 values of one channel take a bit or more."""

MOST_SCANS = 200
"""Scans of a JPEG; programs write about ten, and each is decoded over the whole picture."""

_MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)  # of those with a length
_START_OF_SCAN, _END_OF_IMAGE = b"\xda", b"\xd9"

_MOST_PADDING, _LARGE_TILE = 4, 2**22  # times a picture's samples that its tiles may have

LIMIT_VARIABLE = "ESBN_MEGAPIXELS"
"""Environment variable that replaces `LARGEST_MEGAPIXELS`."""

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit; `check_size` replaces it
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # what matters is raised


class PictureError(ValueError):
    """A file is not a usable picture; the message names it and the reason."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns any error of a decoder into a `PictureError` that names the file.

    Opening the file does not belong inside: its `OSError` names the file already.
    """
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        reason = one_line(error).strip() or type(error).__name__
        raise PictureError(f"Not a readable image. Received: {path}, {reason}") from error


def check_size(path: Path, width: int, height: int) -> None:
    """Checks a declared size, in pixels, before memory is allocated.

    Raises:
        PictureError: A side is not positive, there are more pixels than the limit, or the limit
            is not a positive number.
    """
    limit = _limit()
    if width < 1 or height < 1:
        raise PictureError(f"A picture must have pixels. Received: {path} of {width}x{height}")
    if width * height > 1e6 * limit:
        raise PictureError(
            f"A picture may have {limit:g} megapixels; set {LIMIT_VARIABLE} to allow more."
            f" Received: {path}, which claims {width}x{height}"
        )


def check_length(path: Path, size: tuple[int, int], length: int, most: float) -> None:
    """Checks that a file has enough bytes for its declared size, before memory is allocated.

    Not for WebP, HEIC and JPEG 2000, in which a flat picture of any size takes a few bytes.

    Raises:
        PictureError: The `size`, width and height, has more than `most` pixels a byte.
    """
    width, height = size
    if width * height > most * length:
        raise PictureError(
            f"A picture of {width}x{height} pixels must have more bytes; this one is cut short."
            f" Received: {path} of {length} bytes"
        )


def check_jpeg(path: Path, size: tuple[int, int], jpeg: bytes) -> None:
    """Checks a JPEG's length and its number of scans, before time is spent on them.

    Raises:
        PictureError: As of `check_length`, or there are more scans than `MOST_SCANS`.
    """
    check_length(path, size, len(jpeg), MOST_JPEG_PIXELS)
    count, place = 0, 2
    while (found := _MARKER.search(jpeg, place)) and found[1] != _END_OF_IMAGE:
        count += found[1] == _START_OF_SCAN
        if count > MOST_SCANS:
            raise PictureError(
                f"A JPEG may have {MOST_SCANS} scans; save it again. Received: {path} of more"
            )
        place = found.end() + int.from_bytes(jpeg[found.end() : found.end() + 2], "big")


def check_tiles(path: Path, size: tuple[int, int], tile: tuple[int, int], samples: int) -> None:
    """Checks that tiles, which are decoded whole, are not much larger than the picture.

    Args:
        path: The file, for messages.
        size: Width and height of the picture.
        tile: Width and height of a tile.
        samples: Channels of a pixel.

    Raises:
        PictureError: They are, or one declares too many pixels.
    """
    check_size(path, *tile)
    count = math.prod(-(-whole // part) for whole, part in zip(size, tile, strict=True))
    if count * math.prod(tile) * samples > _MOST_PADDING * max(
        math.prod(size) * samples, _LARGE_TILE
    ):
        raise PictureError(
            f"Tiles must not be much larger than the picture; save it again. Received: {path} of"
            f" {size[0]}x{size[1]} pixels in {count} tiles of {tile[0]}x{tile[1]}"
        )


def _limit() -> float:
    text = os.environ.get(LIMIT_VARIABLE, "")
    try:
        limit = float(text) if text else LARGEST_MEGAPIXELS
    except ValueError:
        limit = 0.0
    if not limit > 0:
        raise PictureError(f"{LIMIT_VARIABLE} must be a positive number. Received: {text!r}")
    return limit
