"""A temporary folder that nothing survives: not the end of its process, nor a kill for long."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from utils.files import lock, remove


@contextlib.contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """Makes a temporary folder and removes it when the context ends.

    A killed process leaves its folder. The next one that makes a folder of this prefix removes it,
    unless its process lives.

    Args:
        prefix: What the names of such folders begin with, and of no others.

    Yields:
        The folder, which is empty and for this user alone.
    """
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with contextlib.suppress(OSError):  # of a living process
            _remove_abandoned(path)
    # Under its name only once it is locked, so that no other process takes it for abandoned.
    hidden = Path(tempfile.mkdtemp(prefix=f".{prefix}"))
    folder = hidden.with_name(hidden.name[1:])
    with lock(hidden):
        hidden.rename(folder)
        try:
            yield folder
        finally:
            remove(folder)


def _remove_abandoned(folder: Path) -> None:
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        return  # somebody else's
    with lock(folder):
        remove(folder)
