"""Disks that are full, folders that are read-only, and what a writer of files must stand."""

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


_NOBODY = 65534


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Lets nothing be written into a folder while the context lasts, not even by root."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    root = os.geteuid() == 0
    try:
        if root:
            for above in folder.parents:  # pytest's own are for its user alone
                bits = above.stat().st_mode
                if bits & 0o011 != 0o011:
                    above.chmod(bits | 0o011)
            os.seteuid(_NOBODY)
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(mode)


def half_written(folder: Path) -> list[str]:
    """Names below a folder of files and folders that were not finished."""
    marks = (".part", ".tmp", "temp")
    found = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(str(path) for path in found if any(mark in path.name for mark in marks))


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
