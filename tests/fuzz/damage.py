"""Damages the bytes of a file, as disks, networks, editors and attackers do."""

from collections.abc import Callable

from tests.fuzz.cases import Random, pick
from tests.fuzz.claims import change_tag, claim_size

_HEADER = 128  # bytes that a decoder mostly trusts
_HEADS = (
    b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"\x89PNG\r\n\x1a\n", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08",
    b"II+\0\x08\0\0\0", b"RIFF\xff\xff\xff\xffWEBPVP8 ", b"\0\0\0\x18ftypheic", b"GIF89a", b"BM",
    b"#?RADIANCE\n", b"v/1\x01\x02\0\0\0", b"%PDF-1.7", b"PK\x03\x04", b"<?xml ", b"\x1f\x8b\x08",
    b"\0\0\0\x0cjP  \r\n\x87\n", b"8BPS", b"<!DOCTYPE html>", b"\x7fELF", b"\xef\xbb\xbf",
)  # fmt: skip


def damage(data: bytes, random: Random) -> tuple[str, bytes]:
    """Damages a file in one way that changes it; returns the way's name and the bytes."""
    while True:
        name = pick(random, list(_DAMAGES))
        damaged = _DAMAGES[name](data, random)
        if damaged != data:
            return name, damaged


def _cut_short(data: bytes, random: Random) -> bytes:
    """Truncates anywhere, near the end as often as not."""
    last = len(data) if random.random() < 0.5 else min(len(data), 64)
    return data[: len(data) - int(random.integers(1, max(last, 1), endpoint=True))]


def _change_bytes(data: bytes, random: Random) -> bytes:
    """Changes 1 to 64 bytes, in the header or anywhere."""
    changed = bytearray(data)
    end = min(len(data), _HEADER) if random.random() < 0.5 else len(data)
    flips = random.random() < 0.5
    for place in random.integers(0, max(end, 1), int(2 ** random.integers(7))):
        if place < len(changed):
            flipped = changed[place] ^ int(1 << random.integers(8))
            odd = pick(random, (0, 1, 0x7F, 0x80, 0xFF, 0x0A, 0x20))
            changed[place] = flipped if flips else odd
    return bytes(changed)


def _change_block(data: bytes, random: Random) -> bytes:
    """Blanks a block, leaves it out, inserts it twice or writes it over the next one."""
    start = int(random.integers(0, max(len(data), 1)))
    end = min(len(data), start + int(2 ** random.integers(12)))
    block, behind = data[start:end], min(len(data), 2 * end - start)
    options = [
        (bytes(end - start), end),
        (b"\xff" * (end - start), end),
        (b"", end),
        (2 * block, end),
        (2 * block, behind),
    ]
    new, rest = pick(random, options)
    return data[:start] + new + data[rest:]


def _swap_header(data: bytes, random: Random) -> bytes:
    """Writes another format's first bytes before or over the file's own."""
    head = pick(random, _HEADS)
    return head + data[len(head) if random.random() < 0.7 else 0 :]


def _noise(data: bytes, random: Random) -> bytes:
    """Random bytes, after the first ones of the file or alone."""
    head = data[: pick(random, (0, 4, 16, 64))]
    return head + random.bytes(int(random.integers(1, max(2, len(data)))))


def _append(data: bytes, random: Random) -> bytes:
    return data + (data if random.random() < 0.3 else random.bytes(int(random.integers(1, 4096))))


_DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "cut short": _cut_short,
    "bytes changed": _change_bytes,
    "a block changed": _change_block,
    "another header": _swap_header,
    "empty": lambda _, random: random.bytes(pick(random, (0, 0, 1, 2, 3, 8, 12))),
    "noise": _noise,
    "something appended": _append,
    "another size": claim_size,
    "another tag": change_tag,
}
