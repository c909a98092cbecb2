"""Writes files and folders that appear complete or not at all; one process at a time."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

Writer = Callable[[Path], object]
LOCK_NAME = "lock"


def one_line(error: Exception) -> str:
    """The first line of an error's message, to be quoted in another."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def write_together(folder: Path, writers: Mapping[str, Writer]) -> None:
    """Writes several files so that either all of them appear or none.

    They are written to a hidden folder beside their place and moved when the last is complete.

    Args:
        folder: Where they go; made if missing.
        writers: A function for each file name, which writes it to the path that it is given.

    Raises:
        OSError: A file cannot be written; the message names the folder.
    """
    first = next(iter(writers))
    partial = folder / f".{Path(first).stem}.partial"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        for name, write in writers.items():
            write(partial / name)
        for name in writers:
            (partial / name).replace(folder / name)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(f"Cannot write {first}. Received: {folder}, {reason}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


class LockedError(OSError):
    """Another process works in the folder; the message names it."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Holds the folder while the context lasts.

    The operating system's own file lock decides: it ends with the process, however that ends, so
    what a dead process left is taken over and a reused process number misleads nobody. The file
    says who holds it, for the message to the next.

    Raises:
        LockedError: Another process, which is alive, holds the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK_NAME
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise LockedError(
                f"{folder} is in use by another run. Received: lock of {file.read().strip()}"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        file.flush()
        yield


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Waits until a file or folder is on the disk, so that a power cut finds it whole."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
