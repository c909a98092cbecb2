"""Disks that are full, and what a writer of files must stand."""

import contextlib
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Lets no file grow beyond `size` bytes while the context lasts."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def check_writer(write: Callable[[Path], object], folder: Path, name: str) -> None:
    """A full disk is an error that keeps the old file; a path that is no UTF-8 is written."""
    path = folder / os.fsdecode(b"\xff\xfe") / name
    write(path)
    old = path.read_bytes()
    for size in (0, 100, len(old) // 2, len(old) - 1):  # the last is what libraries overlook
        with room_for(size), pytest.raises(OSError, match=r"large|Cannot"):
            write(path)
        assert path.read_bytes() == old
        assert list(path.parent.iterdir()) == [path]
    write(folder / name)
    assert (folder / name).read_bytes() == old
