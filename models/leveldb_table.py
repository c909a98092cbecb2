"""Reads a table of LevelDB's format, in which TensorFlow keeps the index of a checkpoint.

    blocks    entries in ascending order: length shared with the key before, lengths of the rest of
              the key and of the value, rest, value; then places where a key stands whole; then 5
              bytes, the first of which is 0 as nothing is compressed
    footer    48 bytes: place and length of a block that is not used and of the one that lists the
              others; a magic number

All that TensorFlow's reader relies on is checked, so that both find the same rows.
"""

from collections.abc import Iterator

FOOTER = 48
"""Bytes of a footer."""
MAGIC = bytes.fromhex("57fb808b247547db")
"""Ends a table."""

_TRAILER = 5
_LONGEST_KEY = 512


def read(table: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Reads a table.

    Args:
        table: Its bytes; checksums are not compared.

    Yields:
        Keys and values in their order, which is ascending.

    Raises:
        ValueError: The bytes are no table; the message says what is there instead.
        IndexError: They end too early.
    """
    if table[-len(MAGIC) :] != MAGIC:
        raise ValueError(f"an end of {table[-len(MAGIC) :].hex()}")
    _, place = _handle(table, len(table) - FOOTER)
    list_of_blocks, _ = _handle(table, place)
    last = None
    for _, handle in _block(table, *list_of_blocks):
        block, _ = _handle(handle, 0)
        for key, value in _block(table, *block):
            if last is not None and key <= last:
                raise ValueError(f"names out of order after {last!r}")
            yield key, value
            last = key


def _block(table: bytes, start: int, size: int) -> list[tuple[bytes, bytes]]:
    """Keys and values of a block."""
    if start + size + _TRAILER > len(table) - FOOTER or size < 4:
        raise ValueError(f"a block of {size} bytes at {start}, of {len(table)}")
    if table[start + size] != 0:
        raise ValueError(f"a block of compression {table[start + size]}")
    end = start + size - 4
    restarts = int.from_bytes(table[end : end + 4], "little")
    end -= 4 * restarts
    if restarts < 1 or end < start:
        raise ValueError(f"a block of {size} bytes with {restarts} restarts")
    rows, whole, key, place = [], {start}, b"", start
    while place < end:
        begin = place
        shared, place = _varint(table, place)
        more, place = _varint(table, place)
        length, place = _varint(table, place)
        if shared > len(key) or shared + more > _LONGEST_KEY or place + more + length > end:
            raise ValueError(f"an entry of {more} and {length} bytes at {begin}")
        if not shared:
            whole.add(begin)
        key = key[:shared] + table[place : place + more]
        place += more + length
        rows.append((key, table[place - length : place]))
    for index in range(restarts):
        at = end + 4 * index
        if start + int.from_bytes(table[at : at + 4], "little") not in whole:
            raise ValueError(f"a restart that is no entry at {at}")
    return rows


def _handle(data: bytes, place: int) -> tuple[tuple[int, int], int]:
    """Start and size of a block, and the place behind them."""
    start, place = _varint(data, place)
    size, place = _varint(data, place)
    return (start, size), place


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place behind it."""
    value = 0
    for shift in range(0, 64, 7):
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError(f"a number of more than 64 bits at {place}")
