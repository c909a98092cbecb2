"""Folders that nobody has tidied: loops, dead ends, depths, locked doors, the same scene twice."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import tools
from tests.fuzz.doors import below
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_doors import ALIGN, EVALUATE, FUSION, RECORDS, SceneDoor
from tests.fuzz.whole_runs import Judged

_HEALTHY = "a_healthy"


def _loop(root: Path, place: Path, random: Random) -> None:
    up = [place, *place.parents]
    target = up[int(random.integers(min(len(up), 3)))]
    if root in {target, *target.parents}:
        (place / "loop").symlink_to(target, target_is_directory=True)


def _here(_: Path, place: Path, random: Random) -> None:
    for number in range(int(random.integers(1, 8))):
        (place / f"here{number}").symlink_to(".", target_is_directory=True)


def _each_other(_: Path, place: Path, __: Random) -> None:
    (place / "one").symlink_to("two")
    (place / "two").symlink_to("one")


def _dangling(_: Path, place: Path, __: Random) -> None:
    (place / "dangling").symlink_to("nowhere/at/all")


def _again(root: Path, place: Path, random: Random) -> None:
    for number in range(int(random.integers(1, 6))):
        (place / f"again{number}").symlink_to(root / _HEALTHY, target_is_directory=True)


def _outside(_: Path, place: Path, __: Random) -> None:
    (place / "outside").symlink_to("/proc/self/fd", target_is_directory=True)


def _locked(_: Path, place: Path, random: Random) -> None:
    folder = place / "locked"
    if random.random() < 0.5:
        tools.healthy_scene(folder / "inside", 3)
    else:
        tools.healthy_scene(folder, 3)
    if random.random() < 0.2:
        tools.clear(folder)
        folder.mkdir()
    folder.chmod(pick(random, (0o000, 0o100, 0o200, 0o400, 0o600)))


def _deep(_: Path, place: Path, random: Random) -> None:
    """Deeper than a path may be long, as often as not."""
    here = os.open(place, os.O_RDONLY)
    for _level in range(pick(random, (20, 31, 33, 100, 1500, 2500))):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def _wide(_: Path, place: Path, random: Random) -> None:
    for number in range(pick(random, (10, 300))):
        (place / f"wide{number}").mkdir()


def _pipes(_: Path, place: Path, __: Random) -> None:
    for name in ("exposure.txt", "HDRImg.hdr", "frame.tif", "report.html", "photo.jpg"):
        os.mkfifo(place / name)


def _hidden(_: Path, place: Path, __: Random) -> None:
    tools.healthy_scene(place / ".hidden", 4)


def _files(root: Path, place: Path, random: Random) -> None:
    del root
    for _ in range(4):
        name = pick(random, ("exposure.txt", "a.jpg", "b.jpg", "c.jpg", "x", "HDRImg.hdr"))
        (place / name).write_bytes(random.bytes(20))


_FEATURES: dict[str, Callable[[Path, Path, Random], None]] = {
    "a loop": _loop, "links to itself": _here, "links to each other": _each_other,
    "a dangling link": _dangling, "the same again": _again, "a link outside": _outside,
    "a locked folder": _locked, "a deep folder": _deep, "a wide folder": _wide, "pipes": _pipes,
    "a hidden scene": _hidden, "files of noise": _files,
}  # fmt: skip
_DOORS = (FUSION, ALIGN, EVALUATE, RECORDS)


def case(folder: Path, random: Random) -> Judged:
    """A healthy scene in a tree of one to four such places."""
    root = folder / "scenes"
    tools.healthy_scene(root / _HEALTHY, 1)
    what = spoil_tree(root, root, random)
    door = pick(random, _DOORS)
    ran = door.enter(root, folder / "out")
    return Judged(what=f"{what}, {door.name}", ran=ran, fault=_fault(door, folder, ran.code))


def spoil_tree(root: Path, inside: Path, random: Random) -> str:
    """Puts one to four odd places into a folder below a root, and says which."""
    what = [pick(random, list(_FEATURES)) for _ in range(int(random.integers(1, 5)))]
    for number, name in enumerate(what):
        place = inside / f"place{number}"
        if random.random() < 0.3:
            place = inside / f"place{number}" / "below"
        place.mkdir(parents=True)
        _FEATURES[name](root, place, random)
    return ", ".join(what)


def _fault(door: SceneDoor, folder: Path, code: int) -> str:
    if not door.whole(folder / "out", _HEALTHY) and (door.goes_on or not code):
        return "the healthy scene was not done"
    copies = [name for name in ("again", "loop", "here") if _is_named(folder / "out", name)]
    return f"the same scene was done again: {copies}" if copies else ""


def _is_named(out: Path, part: str) -> bool:
    return any(part in path.name for path in below(out))
