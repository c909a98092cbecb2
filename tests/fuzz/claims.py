"""Changes the size in a picture's header, and the tags of a TIFF file."""

import struct
import zlib

from tests.fuzz.cases import Random, pick

_WIDTH, _HEIGHT = 40, 24  # of every picture that is damaged
_SIZES = (0, 1, 7, 8193, 13_000, 17_000, 30_000, 60_000, 65_535, 2**24 - 1, 2**31 - 1, 2**32 - 1)
_ODD = (0, 1, 2, 3, 5, 8, 16, 17, 32, 64, 255, 256, 4096, 32_773, 50_000, 65_535, 2**31, 2**32 - 1)


def claim_size(data: bytes, random: Random) -> bytes:
    """Writes a wrong size into the header; files of unknown format stay as they are."""
    return claim(data, pick(random, _SIZES), pick(random, _SIZES))


def claim(data: bytes, width: int, height: int) -> bytes:
    """Writes a given size into the header."""
    for old, new in zip(_written(_WIDTH, _HEIGHT), _written(width, height), strict=True):
        data = data.replace(old, new)
    if data.startswith(b"\x89PNG"):  # its header has a checksum
        data = data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]
    return set_tags(data, {0x0100: width, 0x0101: height})


def change_tag(data: bytes, random: Random) -> bytes:
    """Changes type, count or value of one to three tags; only of TIFF files."""
    known = [tag for tag, _ in _tags(data)]
    if not known:
        return data
    for _ in range(int(random.integers(1, 4))):
        data = set_tags(data, {pick(random, known): pick(random, _ODD)}, pick(random, (0, 1, 2)))
    return data


def _written(width: int, height: int) -> tuple[bytes, ...]:
    """A size as the formats write it."""
    return (
        struct.pack(">II", width, height),  # PNG, HEIC
        struct.pack(">HH", height % 2**16, width % 2**16),  # JPEG
        struct.pack("<HH", width % 2**14, height % 2**14),  # WebP
        struct.pack("<II", (width - 1) % 2**32, (height - 1) % 2**32),  # OpenEXR
        b"-Y %d +X %d" % (height, width),  # RGBE
    )


def _tags(data: bytes) -> list[tuple[int, int]]:
    """Tags of the first directory of a TIFF file, with the offsets of their entries."""
    if data[:4] not in {b"II*\0", b"MM\0*"}:
        return []
    order = "<" if data[:2] == b"II" else ">"
    try:
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        places = [start + 2 + 12 * index for index in range(count)]
        return [(struct.unpack_from(f"{order}H", data, place)[0], place) for place in places]
    except struct.error:
        return []


def set_tags(data: bytes, values: dict[int, int], part: int = 0) -> bytes:
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
