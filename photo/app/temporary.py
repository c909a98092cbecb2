"""Temporary folder, removed at exit or, after a kill, by the next run."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from utils.files import LOCK_NAME, lock, remove


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Makes a temporary folder and removes it when the context ends.

    Folders of this prefix that killed processes left are removed first.

    Args:
        prefix: Start of the names of such folders, and of no others.

    Yields:
        The folder, empty and private to this user.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    for other in folder.parent.glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # of a living process, or another user's
            if other != folder and other.lstat().st_uid == folder.lstat().st_uid:
                _remove_abandoned(other)
    try:
        with lock(folder):
            yield folder
    finally:
        remove(folder)


def _remove_abandoned(folder: Path) -> None:
    """Removes a folder whose process has ended; a folder without a lock file is still in setup."""
    if folder.is_symlink() or not (folder / LOCK_NAME).is_file():
        return
    with lock(folder):
        pass
    remove(folder)
