"""Command lines that make no sense, on healthy photographs and scenes."""

import dataclasses
import os
from pathlib import Path

import evaluate
import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
from configs import presets
from lab import make_scenes
from lab import settings as lab_settings
from tests.fuzz import tools
from tests.fuzz.doors import enter_with_flags
from tests.fuzz.randomness import Random, pick
from tests.fuzz.whole_runs import Judged
from utils.files import printable

_SCRIPTS = {
    module.__name__: (module.main, preset)
    for module, preset in (
        (reconstruction_fusion, presets.reconstruction),
        (reconstruction_align2, presets.reconstruction),
        (evaluate, presets.evaluation),
        (make_tfrecord, presets.records),
        (make_scenes, lab_settings.scenes),
    )
}
_LEFT_OUT = frozenset({"workers", "count", "cvvdp"})  # more of these is more, and no nonsense
_VALUES = (
    "", "0", "-1", "1", "3", "1e400", "nan", "inf", "0 2 4", "0 0 0", "4 2 0", "0 2", "0 2 4 6",
    "full ntire", "crop-1440x960", "8", "16/65536", "on", "off", "photo", "1.jpg", "nowhere",
    ".", "/dev/null", "/dev/full", "/proc/self/mem", "0x10", "quick", "None", "True", "a b c", "--",
    "-", "@", "*", "~",
)  # fmt: skip


def case(place: Path, random: Random) -> Judged:
    """A script with one to three flags that it has not, or whose values make no sense."""
    tools.healthy_photographs(place / "photographs")
    tools.healthy_scene(place / "scenes" / "a", 1)
    name = pick(random, list(_SCRIPTS))
    words = [f"{name}.py", *_sound_flags(name, random)]
    for _ in range(int(random.integers(1, 4))):
        words += [pick(random, _flags(name)), *pick(random, _VALUES).split(" ")]
    here = Path.cwd()
    os.chdir(place)
    try:
        ran = enter_with_flags(*_SCRIPTS[name], words)
    finally:
        os.chdir(here)
    return Judged(what=printable(" ".join(words)), ran=ran, boxed=True)


def _flags(name: str) -> list[str]:
    """The flags of a script, and one that it has not."""
    fields = dataclasses.fields(_SCRIPTS[name][1]("quick"))
    names = [field.name for field in fields if field.name not in _LEFT_OUT]
    return [f"--{name.replace('_', '-')}" for name in (*names, "preset", "nothing")]


def _sound_flags(name: str, random: Random) -> list[str]:
    if name == "make_scenes":
        return ["--radiance", "scenes", "--scenes", "made", "--count", "1", "--workers", "1"]
    words = ["--scenes", pick(random, ("photographs", "scenes")), "--run", "run"]
    return words if name == "make_tfrecord" else [*words, "--weights", str(tools.weights())]
