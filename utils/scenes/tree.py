"""Goes through a tree of folders that nobody has tidied: loops, dead ends and locked doors."""

import errno
import logging
import os
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

DEEPEST = 32
"""Levels below the root that are looked at."""

_LOG = logging.getLogger(__name__)


def walk(root: Path, is_leaf: Callable[[Path], bool]) -> Iterator[Path]:
    """Goes through a folder and the folders below it, each once.

    Links to folders are followed after everything else, so that a folder that can be reached in
    two ways goes by its own name. Hidden folders are left out. A folder that cannot be listed, and
    one that lies too deep, is named in a warning.

    Args:
        root: Where to start; always the first to come.
        is_leaf: Says of a folder that came whether to leave out what is below it.

    Raises:
        OSError: The root cannot be listed.
    """
    seen: set[Path] = set()
    folders, links = deque([(root, 0)]), deque[tuple[Path, int]]()
    while folders or links:
        folder, depth = folders.popleft() if folders else links.popleft()
        try:
            place = folder.resolve()
            # The names in it can be read, and no file.
            if not os.access(folder, os.X_OK, effective_ids=True):
                raise PermissionError(errno.EACCES, "Permission denied", str(folder))
            below = sorted(path for path in folder.iterdir() if _is_open(path))
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
            if folder == root:
                raise
            _LOG.warning("The folder %s is left out: %s.", folder, error)
            continue
        if place in seen:
            continue
        seen.add(place)
        yield folder
        if not below or is_leaf(folder):
            continue
        if depth == DEEPEST:
            _LOG.warning("What lies deeper than %s is left out: %d levels.", folder, DEEPEST)
            continue
        for path in below:
            (links if path.is_symlink() else folders).append((path, depth + 1))


def _is_open(path: Path) -> bool:
    return path.name[0] != "." and path.is_dir()
