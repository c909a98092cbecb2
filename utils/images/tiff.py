"""Reads the largest page of a TIFF as RGB.

The format allows far more than photographs need. Other kinds of samples than those listed here, and
files with missing samples, are refused with the reason.
"""

import contextlib
import io
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from utils.images.decode import PictureError, check_jpeg, check_size, check_tiles

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")

_COLOUR_MAP = 0x0140
_ORIENTATION = 0x0112
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_PHOTOMETRICS: Mapping[int, str] = {
    _WHITE_IS_ZERO: "grey", _BLACK_IS_ZERO: "grey", _RGB: "RGB", _PALETTE: "palette",
    4: "mask", 5: "CMYK", _YCBCR: "YCbCr", 8: "CIELAB", 9: "ICC LAB", 10: "ITU LAB",
    32803: "raw mosaic", 32844: "LogL", 32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip
_JPEG, _JPEG2000 = 7, 34712
# none, LZW, JPEG, deflate (two numbers), PackBits, LZMA, JPEG 2000, Zstandard
_COMPRESSIONS = frozenset({1, 5, _JPEG, 8, 32946, 32773, 34925, _JPEG2000, 50000})
_END_OF_IMAGE = b"\xff\xd9"  # of JPEG and of JPEG 2000, before padding
_FORMATS = {1: "unsigned integers", 2: "signed integers", 3: "floating point"}
_MOST_SAMPLES = 5  # of a pixel: three colours, alpha and another
_MOST_PAGES = 64  # that are looked at
_REDUCED, _MASK = 1, 4  # NewSubfileType
_PREMULTIPLIED = 1  # ExtraSamples: colours are multiplied by alpha


def read_tiff(path: Path, data: bytes) -> tuple[np.ndarray, int]:
    """Reads the page of `main_page`.

    Args:
        path: The file, for messages.
        data: Its bytes.

    Returns:
        `(H, W, 3)` RGB, uint8 or uint16, as stored, with the orientation tag's value.

    Raises:
        PictureError: The file has another kind of samples than these, or lacks some; `reading`
            turns the library's errors into it.
    """
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = main_page(file)
        _check_kind(path, page)
        _check_segments(path, page, data)
        samples = page.asarray(squeeze=False)
        tags = page.tags
        orientation = tags.valueof(_ORIENTATION, file.pages.first.tags.valueof(_ORIENTATION, 1))
        colours = np.array(tags.valueof(_COLOUR_MAP, ()))
    # (plane, 1, H, W, sample), where either planes or samples are one
    pixels = samples[0, 0] if len(samples) == 1 else np.moveaxis(samples[:, 0, :, :, 0], 0, -1)
    rgb = _to_rgb(path, page, pixels, colours)
    return np.ascontiguousarray(rgb, rgb.dtype.newbyteorder("=")), orientation


def main_page(file: tifffile.TiffFile) -> tifffile.TiffPage:
    """The largest page or SubIFD, except thumbnails and masks; the first of equals."""
    pages: list[Any] = [file.pages.first]
    with contextlib.suppress(Exception):  # a damaged list of pages ends there
        for page in itertools.islice(file.pages, _MOST_PAGES):
            pages += [page, *itertools.islice(page.pages or (), _MOST_PAGES)]
    whole = [page for page in pages if not page.subfiletype & (_REDUCED | _MASK)]
    return max(whole or pages, key=lambda page: page.imagewidth * page.imagelength)


def _check_kind(path: Path, page: tifffile.TiffPage) -> None:
    """Raises unless samples are 8 or 16 bits of grey, RGB or a palette."""
    check_size(path, page.imagewidth, page.imagelength)
    if page.is_tiled:
        size = (page.imagewidth, page.imagelength)
        check_tiles(path, size, (page.tilewidth, page.tilelength), page.samplesperpixel)
    kind, bits = page.photometric, page.bitspersample
    name = _PHOTOMETRICS.get(kind, f"photometric {int(kind)}")
    numbers = _FORMATS.get(page.sampleformat, f"sample format {page.sampleformat}")
    grey = kind in {_WHITE_IS_ZERO, _BLACK_IS_ZERO}
    samples = page.samplesperpixel
    if not (grey or kind in {_RGB, _PALETTE} or (kind == _YCBCR and page.compression == _JPEG)):
        raise _refused(path, f"{name} samples")
    if page.sampleformat != 1:
        raise _refused(path, f"{bits}-bit {numbers}")
    if bits not in ({8, 16} if not (grey or kind == _PALETTE) else {1, 2, 4, 8, 16}):
        raise _refused(path, f"{name} samples of {bits} bits")
    colours = 3 if kind in {_RGB, _YCBCR} else 1
    if not colours <= samples <= _MOST_SAMPLES or page.imagedepth != 1:
        raise _refused(path, f"{samples} {name} samples a pixel")
    if page.compression not in _COMPRESSIONS:
        raise _refused(path, f"compression {int(page.compression)}")


def _refused(path: Path, received: str) -> PictureError:
    return PictureError(
        "A TIFF file must be RGB, grey or of a palette, with unsigned integers of 8 or 16 bits."
        f" Received: {path} of {received}"
    )


def _check_segments(path: Path, page: tifffile.TiffPage, data: bytes) -> None:
    """Raises if strips or tiles are missing, which tifffile would fill with zeros."""
    offsets, counts = page.dataoffsets, page.databytecounts
    expected = int(np.prod(page.chunked, dtype=np.int64))
    if min(len(offsets), len(counts)) < expected:
        raise PictureError(
            f"A TIFF file must have all its strips or tiles. Received: {path} with {len(offsets)}"
            f" of {expected}"
        )
    for offset, count in zip(offsets, counts, strict=False):
        if offset <= 0 or count <= 0 or offset + count > len(data):
            raise PictureError(
                f"A TIFF file must be whole. Received: {path} of {len(data)} bytes, cut short"
            )
        if page.compression in {_JPEG, _JPEG2000}:
            _check_codestream(path, page, data[offset : offset + count])


def _check_codestream(path: Path, page: tifffile.TiffPage, data: bytes) -> None:
    """Raises if an embedded JPEG or JPEG 2000 is larger than its strip, or cut short."""
    width, height = page.imagewidth, page.imagelength
    if page.is_tiled:
        width, height = page.tilewidth, page.tilelength
    with Image.open(io.BytesIO(data)) as image:  # memory would be claimed for the size it names
        if image.width > width or image.height > height:
            raise PictureError(
                f"A part of a TIFF file may have {width}x{height} pixels."
                f" Received: {path}, which claims {image.width}x{image.height}"
            )
        if page.compression == _JPEG:
            check_jpeg(path, image.size, data)
    if _END_OF_IMAGE not in data[-16:]:  # the decoder would paint the rest grey
        raise PictureError(f"A TIFF file must be whole. Received: {path} with a part cut short")


def _to_rgb(
    path: Path, page: tifffile.TiffPage, pixels: np.ndarray, colours: np.ndarray
) -> np.ndarray:
    """`(H, W, N)` samples as stored to `(H, W, 3)` uint8 or uint16."""
    if page.photometric in {_RGB, _YCBCR}:
        _check_alpha(path, page, pixels)
        return pixels[..., :3]
    bits = page.bitspersample
    values = pixels[..., 0]
    if bits < 8:
        values = values.astype(np.uint8)
    if page.photometric == _PALETTE:
        table = colours.reshape(3, -1)
        if table.shape[1] != 2**bits:
            raise PictureError(
                f"A palette must have {2**bits} colours. Received: {path} with {table.shape[1]}"
            )
        # Colours have 16 bits; old programs wrote 8, which libtiff recognises as well.
        return (table >> 8 if table.max() > 255 else table).astype(np.uint8).T[values]
    if bits < 8:
        values = values * np.uint8(255 // (2**bits - 1))
    if page.photometric == _WHITE_IS_ZERO:
        values = np.iinfo(values.dtype).max - values
    return np.repeat(values[..., None], 3, axis=-1)


def _check_alpha(path: Path, page: tifffile.TiffPage, pixels: np.ndarray) -> None:
    for index, kind in enumerate(page.extrasamples, start=3):
        alpha = pixels[..., index]
        if kind == _PREMULTIPLIED and (alpha != np.iinfo(alpha.dtype).max).any():
            raise PictureError(
                "Colours must not be multiplied by transparency; save the file without alpha."
                f" Received: {path} of premultiplied alpha"
            )
