"""Guards the door of every picture file: libraries' errors become ours, absurd sizes are refused.

Libraries raise whatever a broken file makes them raise. Here that becomes one `PictureError` that
names the file and the reason.
"""

import contextlib
import logging
import os
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from utils.files import one_line

LARGEST_MEGAPIXELS = 300.0
"""Pictures that claim more are refused before anything is decoded."""

MOST_JPEG_PIXELS = 512
"""Pixels that a byte of a JPEG may hold: 64 values of one channel take a bit or more."""

LIMIT_VARIABLE = "ESBN_MEGAPIXELS"
"""Environment variable that replaces `LARGEST_MEGAPIXELS`."""

Image.MAX_IMAGE_PIXELS = None  # Pillow's own limit; `check_size` stands in its place
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)  # what matters is raised


class PictureError(ValueError):
    """A file is no picture that can be used; the message names it and what it is."""


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turns any error of what is done inside into a `PictureError` that names the file.

    Only decoding belongs inside, of bytes that have been read: a file that cannot be opened is an
    `OSError` with a name of its own.
    """
    try:
        yield
    except PictureError:
        raise
    except Exception as error:
        reason = one_line(error).strip() or type(error).__name__
        raise PictureError(f"Not a readable image. Received: {path}, {reason}") from error


def check_size(path: Path, width: int, height: int) -> None:
    """Refuses a declared size, in pixels, before it costs memory.

    Raises:
        PictureError: A side is not positive, there are more pixels than the limit, or the limit
            that is set is no positive number.
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
    """Refuses a declared size that so few bytes cannot hold, before it costs memory.

    Only for formats that spend something on every pixel, however flat the picture: a WebP, HEIC or
    JPEG 2000 file of any size may have a few bytes.

    Args:
        path: The file, for messages.
        size: Width and height that it claims.
        length: Bytes of the picture.
        most: Pixels that a byte may hold.

    Raises:
        PictureError: There must be more bytes.
    """
    width, height = size
    if width * height > most * length:
        raise PictureError(
            f"A picture of {width}x{height} pixels must have more bytes; this one is cut short."
            f" Received: {path} of {length} bytes"
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
