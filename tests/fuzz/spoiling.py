"""Spoils a file: damages it, names it wrongly, or puts something else in its place."""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from photo.reading.camera_files import PHOTO_SUFFIXES
from tests.fuzz.cases import Random, pick
from tests.fuzz.damage import damage
from utils.images.frames import LDR_SUFFIXES
from utils.images.radiance_maps import RADIANCE_SUFFIXES

_ODD_JSON: tuple[Any, ...] = (
    None, True, 0, -1, 3, 2**40, 1e300, float("nan"), float("inf"), "", "x", "off", "auto", "4",
    [], [1], {}, {"a": 1}, "\x1b[2J", "\udcff", "9" * 5000, 4096, 0.5, "F16", "F64", "BF16",
)  # fmt: skip
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
    path.unlink()
    return put_something(path, random), path


def put_something(path: Path, random: Random) -> str:
    """Puts something else in a file's place, or nothing; returns what."""
    name = pick(random, list(_PLACES))
    _PLACES[name](path)
    return name


def change_json(content: Any, random: Random) -> Any:
    """Replaces, drops or adds something in JSON, at any depth."""
    odd = pick(random, _ODD_JSON)
    if random.random() < 0.05 or not content or not isinstance(content, dict | list):
        return odd
    key = pick(random, sorted(content) if isinstance(content, dict) else range(len(content)))
    if isinstance(content[key], dict | list) and random.random() < 0.8:
        content[key] = change_json(content[key], random)
    elif random.random() < 0.3:
        del content[key]
    elif random.random() < 0.1 and isinstance(content, dict):
        content[str(odd)] = odd
    else:
        content[key] = odd
    return content


def _socket(path: Path) -> None:
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)  # a socket's path has at most 107 bytes


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
