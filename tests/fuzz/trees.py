"""Odd folder trees: loops, dead ends, great depth, locked folders, the same scene twice."""

import os
from collections.abc import Callable
from pathlib import Path

from tests import disk
from tests.fuzz import tools
from tests.fuzz.cases import Random, pick
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
        _FEATURES[name](place, random)
    door = pick(random, _DOORS)
    ran = door.enter(root, out)
    copies = [path for path in disk.below(out) if path.name.startswith("link")]
    fault = f"the same scene was done again: {copies}" if copies else ""
    if not door.whole(out, _HEALTHY) and (door.goes_on or not ran.code):
        fault = "the healthy scene was not done"
    return Judged(what=f"{', '.join(what)}, {door.name}", ran=ran, fault=fault)


def _links(*targets: str) -> Callable[[Path, Random], None]:
    """Up to five links to one of some targets."""

    def make(place: Path, random: Random) -> None:
        target = pick(random, targets)
        for number in range(int(random.integers(1, 6))):
            (place / f"link{number}").symlink_to(target, target_is_directory=True)

    return make


def _to_each_other(place: Path, _: Random) -> None:
    (place / "one").symlink_to("two")
    (place / "two").symlink_to("one")


def _locked(place: Path, random: Random) -> None:
    folder = place / "locked"
    tools.healthy_scene(pick(random, (folder, folder / "inside")), 3)
    folder.chmod(pick(random, (0o000, 0o100, 0o200, 0o400, 0o600)))


def _deep(place: Path, random: Random) -> None:
    """Deeper than a path may be long, as often as not."""
    here = os.open(place, os.O_RDONLY)
    for _level in range(pick(random, (20, 31, 33, 100, 1500, 2500))):
        os.mkdir("d", dir_fd=here)
        inside = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inside
    os.close(here)


def _pipes(place: Path, _: Random) -> None:
    for name in ("exposure.txt", "HDRImg.hdr", "frame.tif", "report.html", "photo.jpg"):
        getattr(os, "mkfifo", os.mkdir)(place / name)


def _files(place: Path, random: Random) -> None:
    for _number in range(4):
        name = pick(random, ("exposure.txt", "a.jpg", "b.jpg", "c.jpg", "x", "HDRImg.hdr"))
        (place / name).write_bytes(random.bytes(20))


_FEATURES: dict[str, Callable[[Path, Random], None]] = {
    "loops": _links(".", ".."),
    "links to each other": _to_each_other,
    "dangling links": _links("nowhere/at/all"),
    "the same again": _links(f"../{_HEALTHY}", f"../../{_HEALTHY}"),
    "links outside": _links("/proc/self/fd"),
    "a locked folder": _locked,
    "a deep folder": _deep,
    "pipes": _pipes,
    "a hidden scene": lambda place, _: tools.healthy_scene(place / ".hidden", 4),
    "files of noise": _files,
}
