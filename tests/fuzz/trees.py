"""Odd folder trees: loops, dead ends, great depth, locked folders, the same scene twice."""

import os
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import tools
from tests.fuzz.doors import below
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_doors import ALIGN, EVALUATE, FUSION, RECORDS
from tests.fuzz.whole_runs import Judged

_HEALTHY = "a_healthy"
_DOORS = (FUSION, ALIGN, EVALUATE, RECORDS)


def case(folder: Path, random: Random) -> Judged:
    """A healthy scene in a tree with one to four odd folders."""
    root, out = folder / "scenes", folder / "out"
    tools.healthy_scene(root / _HEALTHY, 1)
    what = [pick(random, list(_FEATURES)) for _ in range(int(random.integers(1, 5)))]
    for number, name in enumerate(what):
        place = root / f"place{number}"
        if random.random() < 0.3:
            place /= "below"
        place.mkdir(parents=True)
        _FEATURES[name](root, place, random)
    door = pick(random, _DOORS)
    ran = door.enter(root, out)
    copies = [x for x in ("again", "loop", "here") if any(x in path.name for path in below(out))]
    fault = f"the same scene was done again: {copies}" if copies else ""
    if not door.whole(out, _HEALTHY) and (door.goes_on or not ran.code):
        fault = "the healthy scene was not done"
    return Judged(what=f"{', '.join(what)}, {door.name}", ran=ran, fault=fault)


def _loop(root: Path, place: Path, random: Random) -> None:
    target = pick(random, [place, *place.parents][:3])
    if root in {target, *target.parents}:
        (place / "loop").symlink_to(target, target_is_directory=True)


def _links(name: str, target: str, most: int) -> Callable[[Path, Path, Random], None]:
    """Up to `most` links to a target, `{root}` in it is the root."""

    def make(root: Path, place: Path, random: Random) -> None:
        for number in range(int(random.integers(1, most + 1))):
            path = target.format(root=root)
            (place / f"{name}{number}").symlink_to(path, target_is_directory=True)

    return make


def _each_other(_: Path, place: Path, __: Random) -> None:
    (place / "one").symlink_to("two")
    (place / "two").symlink_to("one")


def _locked(_: Path, place: Path, random: Random) -> None:
    folder = place / "locked"
    if random.random() < 0.2:
        folder.mkdir()
    else:
        tools.healthy_scene(pick(random, (folder, folder / "inside")), 3)
    folder.chmod(pick(random, (0o000, 0o100, 0o200, 0o400, 0o600)))


def _deep(_: Path, place: Path, random: Random) -> None:
    """Deeper than a path may be long, as often as not."""
    here = os.open(place, os.O_RDONLY)
    for _level in range(pick(random, (20, 31, 33, 100, 1500, 2500))):
        os.mkdir("d", dir_fd=here)
        inside = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(here)


def _wide(_: Path, place: Path, random: Random) -> None:
    for number in range(pick(random, (10, 300))):
        (place / f"wide{number}").mkdir()


def _pipes(_: Path, place: Path, __: Random) -> None:
    for name in ("exposure.txt", "HDRImg.hdr", "frame.tif", "report.html", "photo.jpg"):
        os.mkfifo(place / name)


def _files(_: Path, place: Path, random: Random) -> None:
    for _number in range(4):
        name = pick(random, ("exposure.txt", "a.jpg", "b.jpg", "c.jpg", "x", "HDRImg.hdr"))
        (place / name).write_bytes(random.bytes(20))


_FEATURES: dict[str, Callable[[Path, Path, Random], None]] = {
    "a loop": _loop,
    "links to itself": _links("here", ".", 7),
    "links to each other": _each_other,
    "a dangling link": _links("dangling", "nowhere/at/all", 1),
    "the same again": _links("again", f"{{root}}/{_HEALTHY}", 5),
    "a link outside": _links("outside", "/proc/self/fd", 1),
    "a locked folder": _locked,
    "a deep folder": _deep,
    "a wide folder": _wide,
    "pipes": _pipes,
    "a hidden scene": lambda _, place, __: tools.healthy_scene(place / ".hidden", 4),
    "files of noise": _files,
}
