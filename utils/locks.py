"""One process at a time in a folder."""

import contextlib
import fcntl
import os
import socket
from collections.abc import Iterator
from pathlib import Path

LOCK_NAME = "lock"


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
