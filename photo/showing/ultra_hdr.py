"""Writes Ultra HDR: a JPEG with a gain map, for highlights above white on a bright screen.

Old programs show the base picture; phones and browsers multiply it by the gain map, a second JPEG
behind the first. The file follows Android's "Ultra HDR Image Format v1.1", with XMP after Adobe's
"Gain Map" 1.0 and CIPA's Multi-Picture Format.
"""

import struct
from pathlib import Path
from string import Template

import numpy as np

from photo.reading.pixels.colour import srgb_to_linear
from photo.showing.exif_pictures import encode_jpeg
from photo.showing.fusion import luminance
from photo.showing.tone import expose
from utils import files

SMALLEST_SIDE, LARGEST_SIDE = 8, 8192
"""Pixels a side that libultrahdr, the decoder of phones, accepts."""

_HEADROOM = 3.0  # stops above a white page
_OFFSET = 1 / 64  # of the specification: keeps the gain of black finite
_GAIN_QUALITY = 90
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_TEXT = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"%s'
    "</rdf:RDF></x:xmpmeta>"
)
_BASE_XMP = Template(
    _XMP_TEXT % ' xmlns:Container="http://ns.google.com/photos/1.0/container/"'
    ' xmlns:Item="http://ns.google.com/photos/1.0/container/item/">'
    "<Container:Directory><rdf:Seq>"
    '<rdf:li rdf:parseType="Resource">'
    '<Container:Item Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li>'
    '<rdf:li rdf:parseType="Resource">'
    '<Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg" Item:Length="$length"/>'
    "</rdf:li></rdf:Seq></Container:Directory></rdf:Description>"
)
_GAIN_XMP = Template(
    _XMP_TEXT % ' hdrgm:GainMapMin="$low" hdrgm:GainMapMax="$high" hdrgm:Gamma="1"'
    f' hdrgm:OffsetSDR="{_OFFSET}" hdrgm:OffsetHDR="{_OFFSET}" hdrgm:HDRCapacityMin="0"'
    f' hdrgm:HDRCapacityMax="{_HEADROOM:g}" hdrgm:BaseRenditionIsHDR="False"/>'
)


def fits_ultra_hdr(picture: np.ndarray) -> bool:
    """True if readers of Ultra HDR accept a picture `(H, W, ...)` of this size."""
    sides = picture.shape[:2]
    return min(sides) >= SMALLEST_SIDE and max(sides) <= LARGEST_SIDE


def write_ultra_hdr(
    path: Path,
    picture: np.ndarray,
    hdr: np.ndarray,
    exif: bytes = b"",
    like: np.ndarray | None = None,
) -> None:
    """Writes a tone-mapped picture that shows its radiance on a bright screen.

    The radiance is exposed to a middle-grey log-average and clipped three stops above white;
    colours are those of the picture.

    Args:
        path: A .jpg file.
        picture: `(H, W, 3)` uint8 RGB, shown on a screen without headroom.
        hdr: `(H, W, 3)` RGB radiance, finite, at least 0.
        exif: EXIF block; none is written if empty.
        like: Radiance of another picture, whose exposure is used; None: its own.

    Raises:
        OSError: The file cannot be written; an existing one stays.
    """
    bright = luminance(np.minimum(expose(hdr, like), np.float32(2**_HEADROOM)))
    gain = np.log2((bright + _OFFSET) / (luminance(_screen_light(picture)) + _OFFSET))
    low, high = float(gain.min()), float(gain.max())
    scaled = (gain - low) / max(high - low, 1e-6)
    xmp = _GAIN_XMP.substitute(low=f"{low:.6f}", high=f"{max(high, low + 1e-6):.6f}")
    gain_map = encode_jpeg(np.rint(255 * scaled).astype(np.uint8), _GAIN_QUALITY)
    gain_map = gain_map[:2] + _segment(0xE1, _XMP + xmp.encode()) + gain_map[2:]
    base = encode_jpeg(picture, exif=exif)
    files.write_bytes(path, _joined(base, gain_map))


def _joined(base: bytes, gain_map: bytes) -> bytes:
    """The base JPEG with pointers to the gain map, followed by the gain map."""
    start = _after_headers(base)
    xmp = _segment(0xE1, _XMP + _BASE_XMP.substitute(length=len(gain_map)).encode())
    index = start + len(xmp) + 8  # of the TIFF header in the Multi-Picture segment
    size = len(base) + len(xmp) + len(_multi_picture(0, 0, 0))
    pointers = _multi_picture(size, len(gain_map), size - index)
    return base[:start] + xmp + pointers + base[start:] + gain_map


def _multi_picture(size: int, gain_size: int, offset: int) -> bytes:
    """The segment of CIPA DC-007 about two pictures; `offset` counts from its TIFF header."""
    directory = struct.pack(
        ">2sHIH HHI4s HHII HHII I",
        *(b"MM", 42, 8, 3),
        *(0xB000, 7, 4, b"0100"),
        *(0xB001, 4, 1, 2),
        *(0xB002, 7, 32, 50),
        0,
    )
    entries = struct.pack(">IIIHH IIIHH", 0x030000, size, 0, 0, 0, 0, gain_size, offset, 0, 0)
    return _segment(0xE2, b"MPF\0" + directory + entries)


def _after_headers(jpeg: bytes) -> int:
    """Offset of the end of the JFIF and EXIF segments."""
    place = 2
    while jpeg[place + 1] in {0xE0, 0xE1}:
        place += 2 + int.from_bytes(jpeg[place + 2 : place + 4])
    return place


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content


def _screen_light(picture: np.ndarray) -> np.ndarray:
    """Linear light, 1 at white, of 8-bit sRGB, which readers assume for the base."""
    return srgb_to_linear(np.arange(256) / 255)[picture]
