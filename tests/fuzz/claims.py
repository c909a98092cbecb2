"""Changes the size in a picture's header, and the tags of a TIFF file."""

import re
import struct
import zlib
from collections.abc import Callable

from tests.fuzz.randomness import Random, pick

_SIZES = (0, 1, 7, 8193, 13_000, 17_000, 30_000, 60_000, 65_535, 2**24 - 1, 2**31 - 1, 2**32 - 1)
_ODD = (0, 1, 2, 3, 5, 8, 16, 17, 32, 64, 255, 256, 4096, 32_773, 50_000, 65_535, 2**31, 2**32 - 1)


def claim_size(data: bytes, random: Random) -> bytes:
    """Writes a wrong size into the header; files of unknown format stay as they are."""
    width, height = pick(random, _SIZES), pick(random, _SIZES)
    for starts, claim in _CLAIMS:
        if data.startswith(starts):
            return claim(data, width, height)
    return _claim_of_webp_or_heic(data, width, height)


def change_tag(data: bytes, random: Random) -> bytes:
    """Changes type, count or value of one to three tags; only of TIFF files."""
    if data[:4] not in {b"II*\0", b"MM\0*"}:
        return data
    known = [tag for tag, _ in _tags(data)]
    if not known:
        return data
    for _ in range(int(random.integers(1, 4))):
        data = _set_tags(data, {pick(random, known): pick(random, _ODD)}, pick(random, (0, 1, 2)))
    return data


def _claim_of_png(data: bytes, width: int, height: int) -> bytes:
    head = data[12:16] + struct.pack(">II", width % 2**32, height % 2**32) + data[24:29]
    return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]


def _claim_of_jpeg(data: bytes, width: int, height: int) -> bytes:
    frame = re.search(rb"\xff[\xc0-\xc3]\0[\x0b\x11]\x08", data)
    if frame is None:
        return data
    size = struct.pack(">HH", min(height, 65_535), min(width, 65_535))
    return data[: frame.end()] + size + data[frame.end() + 4 :]


def _claim_of_tiff(data: bytes, width: int, height: int) -> bytes:
    return _set_tags(data, {0x0100: width, 0x0101: height})


def _claim_of_rgbe(data: bytes, width: int, height: int) -> bytes:
    return re.sub(rb"-Y \d+ \+X \d+", b"-Y %d +X %d" % (height, width), data, count=1)


def _claim_of_exr(data: bytes, width: int, height: int) -> bytes:
    for name in (b"dataWindow\0box2i\0\x10\0\0\0", b"displayWindow\0box2i\0\x10\0\0\0"):
        start = data.find(name) + len(name) + 8
        ends = struct.pack("<II", (width - 1) % 2**32, (height - 1) % 2**32)
        data = data[:start] + ends + data[start + 8 :]
    return data


def _claim_of_webp_or_heic(data: bytes, width: int, height: int) -> bytes:
    if data[8:16] == b"WEBPVP8X":
        sides = ((side - 1) % 2**24 for side in (width, height))
        return data[:24] + b"".join(side.to_bytes(3, "little") for side in sides) + data[30:]
    if data[8:16] == b"WEBPVP8 ":
        size = struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
        return data[:26] + size + data[30:]
    if data[8:16] == b"WEBPVP8L":
        packed = ((width - 1) & 0x3FFF) | (((height - 1) & 0x3FFF) << 14)
        return data[:21] + struct.pack("<I", packed) + data[25:]
    place = data.find(b"ispe\0\0\0\0")  # of HEIC
    if place < 0:
        return data
    return data[: place + 8] + struct.pack(">II", width, height) + data[place + 16 :]


_CLAIMS: tuple[tuple[tuple[bytes, ...], Callable[[bytes, int, int], bytes]], ...] = (
    ((b"\x89PNG",), _claim_of_png),
    ((b"\xff\xd8",), _claim_of_jpeg),
    ((b"II*\0", b"MM\0*"), _claim_of_tiff),
    ((b"#?",), _claim_of_rgbe),
    ((b"v/1\x01",), _claim_of_exr),
)


def _tags(data: bytes) -> list[tuple[int, int]]:
    """Tags of the first directory of a TIFF file, with the offsets of their entries."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        places = [start + 2 + 12 * index for index in range(count)]
        return [(struct.unpack_from(f"{order}H", data, place)[0], place) for place in places]
    except struct.error:
        return []


def _set_tags(data: bytes, values: dict[int, int], part: int = 0) -> bytes:
    """Overwrites the value (part 0), the count (1) or the type (2) of some tags."""
    changed = bytearray(data)
    order = "<" if data[:2] == b"II" else ">"
    for tag, place in _tags(data):
        if tag not in values or place + 12 > len(data):
            continue
        if part == 2:
            struct.pack_into(f"{order}H", changed, place + 2, values[tag] % 14)
        elif part == 1:
            struct.pack_into(f"{order}I", changed, place + 4, values[tag])
        else:
            struct.pack_into(f"{order}HII", changed, place + 2, 4, 1, values[tag])
    return bytes(changed)
