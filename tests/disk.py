"""Full disks, read-only folders, and the test that every writer of files passes."""

import contextlib
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Limits every file to `size` bytes."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


_NOBODY = 65534


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Makes a folder read-only, also for root."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    root = os.geteuid() == 0
    try:
        if root:
            for above in folder.parents:  # pytest's own folders are private
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
    """Names of unfinished files and folders below a folder."""
    marks = (".part", ".tmp", "temp")
    found = (path.relative_to(folder) for path in folder.rglob("*"))
    return sorted(str(path) for path in found if any(mark in path.name for mark in marks))


def check_writer(write: Callable[[Path], object], folder: Path, name: str) -> None:
    """Checks that a full disk is an error and keeps the old file, and that any path works."""
    path = folder / os.fsdecode(b"\xff\xfe") / name
    write(path)
    old = path.read_bytes()
    for size in (0, 100, len(old) // 2, len(old) - 1):  # libraries overlook the last
        with room_for(size), pytest.raises(OSError, match=r"large|Cannot"):
            write(path)
        assert path.read_bytes() == old
        assert list(path.parent.iterdir()) == [path]
    write(folder / name)
    assert (folder / name).read_bytes() == old
