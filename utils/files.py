"""Writes files and folders that appear complete or not at all; one process at a time.

Files are written beside their place, as `.NAME.partial.SUFFIX`, and renamed when they are on the
disk. A killed run may leave one there: it is hidden, nobody reads it, and the next run that writes
the same file clears it.
"""

import contextlib
import errno
import fcntl
import hashlib
import io
import json
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

Writer = Callable[[Path], object]
LOCK_NAME = ".lock"


def one_line(error: Exception) -> str:
    """The first line of an error's message, to be quoted in another.

    Without the marks by which TensorFlow names the operation.
    """
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"\{\{function_node .*?\}\} | \[Op:\w+\]", "", line)


def printable(name: str) -> str:
    r"""A file's name for screen, picture and page: what does not print becomes `\x1b`, `\udcff`.

    These are control characters, line ends, marks that turn the direction of text, and bytes of a
    name that is no UTF-8.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Names a file in what the operating system says of writing it.

    Of a full disk it says no name.

    Raises:
        OSError: Instead of one with a number of the system's.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(
            f"Cannot write {path.name}; name another place or make room."
            f" Received: {path}, {error.strerror}"
        ) from error


@contextlib.contextmanager
def complete(path: Path) -> Iterator[Path]:
    """Lets a file be written beside its place and puts it there when the context ends.

    Args:
        path: The file; one that is there is replaced, and stays as it is after an error. Its folder
            is made if missing.

    Yields:
        Where to write it: a hidden name of the same suffix in the same folder.

    Raises:
        OSError: The file cannot be put there.
    """
    with _aside(path) as partial:
        yield partial
        flush(partial)
        partial.replace(path)


@contextlib.contextmanager
def complete_folder(path: Path) -> Iterator[Path]:
    """Lets a folder be filled beside its place and puts it there when the context ends.

    Args:
        path: The folder; it must not exist. The one above is made if missing.

    Yields:
        The folder to fill, which is empty.

    Raises:
        FileExistsError: There is something of this name already.
        OSError: The folder cannot be put there.
    """
    if path.exists():
        raise FileExistsError(f"A folder is never overwritten; name another. Received: {path}")
    with _aside(path) as partial:
        partial.mkdir()
        yield partial
        for inside in (*partial.rglob("*"), partial):
            flush(inside)
        partial.rename(path)


def write_bytes(path: Path, data: bytes | bytearray) -> None:
    """Writes a file, all of it or nothing.

    Libraries that write pictures may not notice a full disk. So they encode in memory, and this
    writes.

    Args:
        path: The file; its folder is made if missing.
        data: All that it will hold.

    Raises:
        OSError: Not every byte arrived; a file that was there stays as it is.
    """
    with complete(path) as partial:
        partial.write_bytes(data)
        written = partial.stat().st_size
        if written != len(data):
            raise OSError(
                f"A file must hold all its {len(data)} bytes; see whether the disk is full."
                f" Received: {written} bytes of {path}"
            )


def write_text(path: Path, text: str) -> None:
    r"""Writes a text as UTF-8 in any locale; what UTF-8 does not know becomes `\udcff`.

    Args:
        path: The file; its folder is made if missing.
        text: All that it will hold; line ends stay as they are.

    Raises:
        OSError: Not every byte arrived; a file that was there stays as it is.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_together(folder: Path, writers: Mapping[str, Writer]) -> None:
    """Writes several files so that either all of them appear or none.

    They are written to a hidden folder beside their place and moved when the last is complete.

    Args:
        folder: Where they go; made if missing.
        writers: A function for each file, which writes it to the path that it is given. The keys
            are the files' names, all with the same folders before them or none.

    Raises:
        OSError: A file cannot be written; the message names the folder.
    """
    first = next(iter(writers))
    with _aside((folder / first).with_suffix(""), folder / first) as partial:
        partial.mkdir()
        for name, write in writers.items():
            file = partial / Path(name).name
            write(file)
            flush(file)
        for name in writers:
            if (folder / name).is_dir():
                raise IsADirectoryError(errno.EISDIR, f"{name} is a folder")
        for name in writers:
            (partial / Path(name).name).replace(folder / name)


def beside(path: Path) -> Path:
    """Where a file or folder is while it is being written."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")


@contextlib.contextmanager
def _aside(path: Path, target: Path | None = None) -> Iterator[Path]:
    """The place beside, cleared before and after; errors name the path or the `target`."""
    partial = beside(path)
    with named(target or path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(partial)  # of a run that was killed
        try:
            yield partial
        finally:
            remove(partial)


def remove(path: Path) -> None:
    """Removes a file or a whole folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class LockedError(OSError):
    """Another process works in the folder; the message names it."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Holds the folder while the context lasts.

    The operating system's own file lock decides: it ends with the process, however that ends, so
    what a dead process left is taken over and a reused process number misleads nobody. The file
    says who holds it, for the message to the next; it goes with the context.

    Args:
        folder: The folder; made if missing.

    Raises:
        LockedError: Another process, which is alive, holds the folder.
        OSError: Nothing can be written to the folder.
    """
    path = folder / LOCK_NAME
    with _locked(path) as file:
        with named(path):
            file.truncate(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                path.unlink()


def _locked(path: Path) -> io.FileIO:
    """The lock's file, open and locked."""
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("a+b", buffering=0)
        except OSError as error:
            raise OSError(
                f"Nothing can be written to this folder; name another. Received: {path.parent},"
                f" {error.strerror}"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with file:
                file.seek(0)
                holder = file.read().decode().strip()
            raise LockedError(
                f"{path.parent} is in use by another run. Received: lock of {holder}"
            ) from None
        if _is_at(file, path):
            return file
        file.close()  # the one before has just removed it


def _is_at(file: io.FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def read_json(path: Path) -> dict[str, Any]:
    """Reads a file that holds one JSON object.

    Raises:
        ValueError: It holds something else; the message names it.
        FileNotFoundError: There is no such file, or it is none: a pipe would never end.
        OSError: It cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"No such file. Received: {path}")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold JSON. Received: {one_line(error)}") from error
    if isinstance(content, dict):
        return content
    raise ValueError(f"{path} must hold a JSON object. Received: {type(content).__name__}")


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
