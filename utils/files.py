"""Files and folders that appear complete or not at all, and locks of folders.

They are written beside their place as `.NAME.partial.SUFFIX` and renamed once they are on the disk.
A killed run may leave such a hidden file; the next run that writes the same file removes it.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import socket
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from filelock import FileLock, Timeout

Item = TypeVar("Item")

LOCK_NAME = ".esbn.lock"
_MARK = b"process "
_LARGEST_JSON = 2**20  # bytes


def one_line(error: Exception) -> str:
    """First line of an error's message, without TensorFlow's names of operations."""
    line = (str(error).splitlines() or [type(error).__name__])[0]
    return re.sub(r"\{\{function_node .*?\}\} | \[Op:\w+\]", "", line)


def printable(name: str) -> str:
    r"""A file's name with unprintable characters escaped, as `\x1b` or `\udcff`.

    These are control characters, line ends, marks of text direction, and bytes that are not UTF-8.
    """
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in name
    )


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Adds a file's name to the operating system's errors, which a full disk's lacks.

    Raises:
        OSError: Instead of the system's error.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(
            f"Cannot write {path.name}; choose another folder or free some space."
            f" Received: {path}, {error.strerror}"
        ) from error


@contextlib.contextmanager
def complete(path: Path) -> Iterator[Path]:
    """Makes a file appear, or replaces it, when the context ends without an error.

    Args:
        path: The file; its folder is made if missing.

    Yields:
        Path to write to: a hidden name with the same suffix in the same folder.

    Raises:
        OSError: The file cannot be written.
    """
    with _aside(path) as partial:
        yield partial
        flush(partial)
        partial.replace(path)


@contextlib.contextmanager
def complete_folder(path: Path) -> Iterator[Path]:
    """Makes a folder appear when the context ends without an error.

    Args:
        path: The folder; it must not exist. Its parent is made if missing.

    Yields:
        An empty, hidden folder to fill.

    Raises:
        FileExistsError: The path exists.
        OSError: The folder cannot be written.
    """
    if path.exists():
        raise FileExistsError(f"A folder is never overwritten; choose another. Received: {path}")
    with _aside(path) as partial:
        partial.mkdir()
        yield partial
        for inside in (*partial.rglob("*"), partial):
            flush(inside)
        partial.rename(path)


def write_bytes(path: Path, data: bytes | bytearray) -> None:
    """Writes a file completely or not at all.

    Libraries that write pictures may miss a full disk, so they encode to memory for this function.

    Args:
        path: The file; its folder is made if missing.
        data: Its content.

    Raises:
        OSError: Not all bytes were written; an older file stays.
    """
    with complete(path) as partial:
        partial.write_bytes(data)
        written = partial.stat().st_size
        if written != len(data):
            raise OSError(
                f"A file must have all its {len(data)} bytes; the disk may be full."
                f" Received: {written} bytes of {path}"
            )


def write_text(path: Path, text: str) -> None:
    r"""Writes text as UTF-8 in any locale, with surrogates escaped as `\udcff`.

    Args:
        path: The file; its folder is made if missing.
        text: Its content; line ends stay as they are.

    Raises:
        OSError: Not all bytes were written; an older file stays.
    """
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


@contextlib.contextmanager
def updated_folder(path: Path, own: Sequence[str]) -> Iterator[Path]:
    """Lets some files of a folder be written; the folder changes all at once.

    The new folder is filled beside the old one, with links to the old one's other files. Then the
    old folder is renamed, the new one takes its name, and the old one is removed. A kill leaves the
    old folder or the new one; after a kill between the two renames the old one is called
    `.NAME.previous`, and the next run renames it back.

    Args:
        path: The folder; made if missing.
        own: Names of the files that the caller may write, last the one that it always writes; old
            ones are removed.

    Yields:
        The folder to fill.

    Raises:
        OSError: The folder cannot be put there, or has some of these files without the last, which
            someone else wrote; the old one stays as it is.
    """
    previous = path.with_name(f".{path.stem}.previous{path.suffix}")
    with _aside(path) as partial:
        _restore(path, previous)
        found = [name for name in own if (path / name).exists()]
        if found and own[-1] not in found:
            raise OSError(
                "Results replace no other files; rename this one, or choose another --results"
                f" folder. Received: {path / found[0]}"
            )
        if path.exists():
            left = shutil.ignore_patterns(".*.partial*", ".*.previous*")  # by a killed run
            shutil.copytree(path, partial, symlinks=True, ignore=left, copy_function=_link)
        else:
            partial.mkdir()
        for name in own:
            if (partial / name).is_file():
                (partial / name).unlink()
        yield partial
        folders = [x for x in partial.rglob("*") if x.is_dir() and not x.is_symlink()]
        for written in (*(partial / name for name in own), *folders, partial):
            if written.exists():  # others are links to files on the disk
                flush(written)
        try:
            if path.exists():
                path.rename(previous)
            partial.rename(path)
        finally:
            _restore(path, previous)


def _restore(path: Path, previous: Path) -> None:
    """Puts back the folder that a killed run moved aside, unless its successor is there."""
    if previous.is_dir() and not path.exists():
        previous.rename(path)
    remove(previous)


def _link(source: str, target: str) -> None:
    """Links a file, or copies it where the file system has no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def beside(path: Path) -> Path:
    """Path of a file or folder while it is written."""
    return path.with_name(f".{path.stem}.partial{path.suffix}")


@contextlib.contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Path beside `path` to write to, cleared before and after; errors name `path`."""
    partial = beside(path)
    with named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove(partial)  # of a run that was killed
        try:
            yield partial
        finally:
            remove(partial)


def remove(path: Path) -> None:
    """Removes a file or a folder with its content, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class LockedError(OSError):
    """Another process works in the folder; the message names it."""


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[Callable[[Iterable[Item]], Iterator[Item]]]:
    """Locks a folder for this process while the context lasts.

    The lock ends with the process, also after a kill. Its file names the process, for other
    processes' error message, and is removed with the context.

    Args:
        folder: The folder; made if missing.

    Yields:
        A function that passes items on, and raises LockedError before one, or after the last, if
        the folder was moved or replaced meanwhile.

    Raises:
        LockedError: Another process has locked the folder.
        OSError: The folder cannot be written to, or a file of the lock's name is not a lock.
    """
    path = folder / LOCK_NAME
    held = FileLock(path, timeout=0.2, thread_local=False)  # the last run may be ending
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held.acquire()
        own = _sign(path)
    except Timeout:
        raise _in_use(folder) from None
    except OSError as error:
        held.release()
        if error.errno is None:
            raise
        if path.is_symlink() or path.is_dir():
            raise _not_own(path) from error
        raise OSError(
            f"Nothing can be written to this folder; name another. Received: {folder},"
            f" {error.strerror}"
        ) from error

    def while_locked(items: Iterable[Item]) -> Iterator[Item]:
        for item in items:
            _require_lock(path, own)
            yield item
        _require_lock(path, own)

    try:
        yield while_locked
    finally:
        with contextlib.suppress(OSError):
            _require_lock(path, own)
            path.unlink()
        held.release()


def require_unlocked(folder: Path) -> None:
    """Raises LockedError if a process has locked the folder."""
    path = folder / LOCK_NAME
    held = FileLock(path, timeout=0, thread_local=False)
    if path.is_file():
        try:
            held.acquire()
            held.release()
        except Timeout:
            raise _in_use(folder) from None


def _require_lock(path: Path, own: os.stat_result) -> None:
    """Raises LockedError unless the file of the lock is still in its place."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if os.path.samestat(path.lstat(), own):
            return
    raise LockedError(
        f"{path.parent} was moved or replaced while this run was writing to it; run it again."
        f" Received: no {path.name} of this run"
    )


def _sign(path: Path) -> os.stat_result:
    """Writes this process into its lock's file, unless that is another file."""
    with open_own(path, "r+b") as file:
        file.seek(1)  # Windows locks the first byte
        if not _MARK.startswith(file.read(len(_MARK))):  # a killed run may have begun it
            raise _not_own(path)
        file.seek(1)
        file.truncate()
        file.write(_MARK + f"{os.getpid()} on {socket.gethostname()}\n".encode())
        return os.fstat(file.fileno())


def open_own(
    path: Path, mode: str, encoding: str | None = None, newline: str | None = None
) -> IO[Any]:
    """Opens a file to write to it, unless that would change a file elsewhere.

    Raises:
        OSError: It is a symlink, has other hard links or is not a regular file.
    """
    if path.is_symlink() or path.exists() != path.is_file():
        raise _not_own(path)
    return open(path, mode, encoding=encoding, newline=newline, opener=_open_own)


def _open_own(path: str, flags: int) -> int:
    # Opening a pipe would wait for its reader.
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags, 0o666)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode) and status.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    raise _not_own(Path(path))


def _not_own(path: Path) -> OSError:
    return OSError(
        f"{path.name} must be a file of this program, no link or pipe; delete it. Received: {path}"
    )


def _in_use(folder: Path) -> LockedError:
    holder = _holder(folder / LOCK_NAME)
    return LockedError(f"{folder} is in use by another run. Received: lock of {holder}")


def _holder(path: Path) -> str:
    """The process that a lock's file names."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(1)
            return file.read().decode().strip() or "another process"
    except OSError:  # it has just ended
        return "another process"


def read_json(path: Path, most: int = _LARGEST_JSON) -> dict[str, Any]:
    """Reads a file that holds one JSON object.

    Args:
        path: The file.
        most: Bytes that it may have.

    Raises:
        ValueError: It holds something else, or is larger.
        FileNotFoundError: There is no such regular file (reading a pipe would not end).
        OSError: It cannot be read.
    """
    if not path.is_file():
        raise FileNotFoundError(f"No such file. Received: {path}")
    if (size := path.stat().st_size) > most:
        raise ValueError(f"{path} must hold JSON of {most} bytes at most. Received: {size} bytes")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} must hold JSON. Received: {one_line(error)}") from error
    if isinstance(content, dict):
        return content
    raise ValueError(f"{path} must hold a JSON object. Received: {type(content).__name__}")


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Waits until a file or folder is on the disk, so that a power cut leaves it complete."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
