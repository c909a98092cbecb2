"""Bad scenes among healthy ones, through every script that reads scenes."""

import dataclasses
import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests import disk
from tests.fuzz import tools
from tests.fuzz.cases import Random, Verdict, generator
from tests.fuzz.doors import Ran
from tests.fuzz.scene_doors import Left, SceneDoor
from utils.files import printable

_FIRST, _LAST, _PHOTOGRAPHS = "a_healthy", "y_healthy", "z_photographs"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Planted:
    """A bad scene."""

    what: str
    """What is bad, in a few words."""
    name: str
    """Name of its folder."""
    file: str = ""
    """Name of the bad file, which an error must contain; empty: any reason will do."""
    right: Callable[[], bool] = lambda: True
    """Whether it may be accepted, by its pixels."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SceneKind:
    """A kind of bad scene."""

    name: str
    plant: Callable[[Path, str, Random], Planted]
    """Makes a scene in a folder of scenes, under a name that it may lengthen."""
    doors: tuple[SceneDoor, ...]
    """Case `n` goes through the one at `n` modulo their number."""
    together: int = 24
    """Number of cases that a worker judges at once."""

    def run(self, numbers: Sequence[int], folder: Path) -> list[Verdict]:
        """Runs the cases of a script together, or one by one if it stops at a bad scene."""
        verdicts = []
        for index, door in enumerate(self.doors):
            group = [number for number in numbers if number % len(self.doors) == index]
            for cases in [group] if door.goes_on else [[number] for number in group]:
                if cases:
                    verdicts += self._run(door, cases, folder)
        return verdicts

    def _run(self, door: SceneDoor, cases: Sequence[int], folder: Path) -> list[Verdict]:
        place = Path(tempfile.mkdtemp(dir=folder))
        scenes, out = place / "scenes", place / "out"
        _plant_healthy(scenes, door)
        planted = {
            number: self.plant(scenes, f"case{number}x", generator(self.name, number))
            for number in cases
        }
        ran = door.enter(scenes, out)
        common = "; ".join([*ran.faults, *disk.half_written(out), *_changes(door, out, ran)])
        if common and len(cases) > 1:
            raise RuntimeError(common)  # the worker finds the case
        verdicts = [self._judge(door, out, ran, *case) for case in planted.items()]
        if common:
            verdicts = [dataclasses.replace(verdicts[0], outcome="fault", said=common)]
        if any(verdict.outcome == "fault" for verdict in verdicts):
            (place / "said.txt").write_text(ran.said, encoding="utf-8")
        else:
            tools.clear(place)
        return verdicts

    def _judge(self, door: SceneDoor, out: Path, ran: Ran, number: int, bad: Planted) -> Verdict:
        shown = printable(bad.name)
        lines = [x for x in ran.errors if shown in x and f"{shown} has no score: " not in x]
        left = door.left_of(out, bad.name)
        fault = ""
        if lines and left and not door.in_part:
            fault = f"refused ({lines[0]}), but left {sorted(left)}"
        elif lines:
            fault = _fault_of_message(lines[0], shown, printable(bad.file))
        elif not door.whole(out, bad.name):
            fault = f"neither refused nor complete: {sorted(left)}, said {ran.errors}"
        elif not bad.right():
            fault = "accepted with other pixels"
        if not fault and ran.code != (2 if ran.errors else 0):
            fault = f"exit code {ran.code} with {len(ran.errors)} errors"
        return Verdict(
            kind=self.name,
            number=number,
            outcome="fault" if fault else "refused" if lines else "accepted",
            put_in=f"{bad.what}, {door.name}",
            said=fault or " | ".join(lines[:1]),
        )


def _plant_healthy(scenes: Path, door: SceneDoor) -> None:
    tools.healthy_scene(scenes / _FIRST, 1)
    tools.healthy_scene(scenes / _LAST, 2)
    if door.photographs:
        tools.healthy_photographs(scenes / _PHOTOGRAPHS)


@functools.cache
def _undisturbed(door: SceneDoor) -> dict[str, Left]:
    """Results of a run on the healthy scenes alone."""
    with tempfile.TemporaryDirectory(dir=tools.weights().parent) as place:
        _plant_healthy(Path(place) / "scenes", door)
        ran = door.enter(Path(place) / "scenes", Path(place) / "out")
        if ran.faults:
            raise RuntimeError(f"{door.name} fails on healthy scenes: {ran.faults}")
        return _left(door, Path(place) / "out")


def _left(door: SceneDoor, out: Path) -> dict[str, Left]:
    return {name: door.left_of(out, name) for name in (_FIRST, _LAST, _PHOTOGRAPHS)}


def _changes(door: SceneDoor, out: Path, ran: Ran) -> list[str]:
    """Healthy scenes whose results differ from those without bad scenes."""
    if not door.goes_on and ran.code:
        return []
    expected, found = _undisturbed(door), _left(door, out)
    return [
        f"a healthy scene changed: {name}" for name in expected if found[name] != expected[name]
    ]


def _fault_of_message(line: str, scene: str, file: str) -> str:
    if file and file not in line and "Scene" in line:  # --check has findings about whole scenes
        return f"does not name {file}: {line}"
    if len(line.replace(scene, "").replace("error: Scene", "").strip(" :")) < 10:
        return f"gives no reason: {line}"
    return ""
