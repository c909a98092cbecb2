"""Spoils a file: damages it, names it wrongly, or puts something else in its place."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

from photo.reading.camera_files import PHOTO_SUFFIXES
from tests.fuzz.cases import Random, pick
from tests.fuzz.damage import damage
from utils.images.frames import LDR_SUFFIXES
from utils.images.radiance_maps import RADIANCE_SUFFIXES

_SUFFIXES = sorted(LDR_SUFFIXES | PHOTO_SUFFIXES | RADIANCE_SUFFIXES)


def spoil(path: Path, random: Random) -> tuple[str, Path]:
    """Damages a file, gives it another format's name, or puts something else in its place.

    Returns:
        What was done, and the file's path, which may have changed.
    """
    chance = random.random()
    if chance < 0.78:
        done, data = damage(path.read_bytes(), random)
        path.write_bytes(data)
        return done, path
    if chance < 0.86:
        other = pick(random, [suffix for suffix in _SUFFIXES if suffix != path.suffix])
        return f"named {other}", path.rename(path.with_suffix(other))
    name = pick(random, list(_PLACES))
    path.unlink()
    _PLACES[name](path)
    return name, path


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path has at most 107 bytes
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)
    os.chdir(here)


def _locked(path: Path) -> None:
    path.write_bytes(b"locked")
    path.chmod(0)


_PLACES: dict[str, Callable[[Path], object]] = {
    "a locked file": _locked,
    "a folder in its place": lambda path: path.mkdir(),
    "a pipe in its place": getattr(os, "mkfifo", os.mkdir),
    "a broken link": lambda path: path.symlink_to(path.with_name("nowhere")),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to its folder": lambda path: path.symlink_to(path.parent),
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a socket in its place": _socket,
    "no file": lambda _: None,
}

ABSENT = frozenset(_PLACES) - {"a locked file"}
"""Kinds of damage that leave no file of the name; their errors cannot name it."""
