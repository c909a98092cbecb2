"""Full disks, read-only folders, unfinished files, and a test for every writer of files."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_NOBODY = 65534


@contextlib.contextmanager
def room_for(size: int) -> Iterator[None]:
    """Limits every file to `size` bytes."""
    resource = pytest.importorskip("resource", reason="Windows limits no process's files")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Makes a folder read-only, also for root."""
    mode = folder.stat().st_mode
    folder.chmod(0o555)
    root = getattr(os, "geteuid", lambda: 1)() == 0
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


def below(folder: Path) -> Iterator[Path]:
    """Everything below a folder, 40 levels deep; links and locked folders are not entered."""
    for here, folders, files in os.walk(folder):
        yield from (Path(here) / name for name in (*folders, *files))
        if len(Path(here).parts) >= len(folder.parts) + 40:
            folders.clear()


def is_partial(path: Path) -> bool:
    """Whether a path is of an unfinished file, or in an unfinished folder."""
    return any(
        (part.startswith(".") and ".partial" in part)
        or part.endswith((".part", ".tmp"))
        or "_temp" in part
        for part in path.parts
    )


def half_written(folder: Path) -> list[str]:
    """Unfinished files and folders below a folder."""
    found = (path.relative_to(folder) for path in below(folder))
    return [str(path) for path in found if is_partial(path)]


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
