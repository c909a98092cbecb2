"""Walks a folder tree and orders names; follows each symlink once, skips unreadable folders."""

import errno
import logging
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

DEEPEST = 32
"""Levels below the root that are walked."""

_SYSTEM_FOLDERS = frozenset(
    {
        *("@eadir", "@recycle", "@recently-snapshot", "@tmp", "#recycle", "#snapshot"),
        *("$recycle.bin", "recycler", "system volume information", "__macosx", "lost+found"),
    }
)
"""Thumbnails and deleted files that network drives and operating systems keep, in lower case."""

_LOG = logging.getLogger(__name__)


def natural_key(name: str) -> tuple[list[str | int], str]:
    """Key that sorts names as file managers do: `IMG_9` before `img_10`."""
    # Odd parts are numbers, so that keys can be compared.
    parts = re.split(r"(\d+)", name.casefold())
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], name


def walk(root: Path, is_leaf: Callable[[Path], bool]) -> Iterator[Path]:
    """Yields a folder and the folders below it, each once, without hidden and system folders.

    Symlinks come last, so that a folder that can be reached in two ways has its own path. Folders
    that cannot be listed or lie too deep are skipped with a warning.

    Args:
        root: The first folder.
        is_leaf: True for a folder whose subfolders are skipped.

    Raises:
        OSError: The root cannot be listed.
    """
    seen: set[Path] = set()
    folders, links = deque([(root, 0)]), deque[tuple[Path, int]]()
    while folders or links:
        folder, depth = folders.popleft() if folders else links.popleft()
        try:
            place = folder.resolve()
            # Its names may be readable although its files are not.
            if not os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
                raise PermissionError(errno.EACCES, "Permission denied", str(folder))
            below = sorted(path for path in folder.iterdir() if _is_open(path))
        except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
            if folder == root:
                raise
            _LOG.warning("The folder %s is skipped: %s.", folder, error)
            continue
        if place in seen:
            continue
        seen.add(place)
        yield folder
        if not below or is_leaf(folder):
            continue
        if depth == DEEPEST:
            _LOG.warning("Folders below %s are skipped: deeper than %d levels.", folder, DEEPEST)
            continue
        for path in below:
            (links if path.is_symlink() else folders).append((path, depth + 1))


def _is_open(path: Path) -> bool:
    hidden = path.name[0] == "." or path.name.lower() in _SYSTEM_FOLDERS
    return not hidden and path.is_dir()
