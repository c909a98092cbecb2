"""Command lines with wrong flags, on healthy photographs and scenes."""

import dataclasses
import os
from pathlib import Path

import evaluate
import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
from configs import presets
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
    )
}
_LEFT_OUT = frozenset({"workers", "cvvdp"})  # large values are legal and slow
_VALUES = (
    "", "0", "-1", "1", "3", "1e400", "nan", "inf", "0 2 4", "0 0 0", "4 2 0", "0 2", "0 2 4 6",
    "full ntire", "crop-1440x960", "8", "16/65536", "on", "off", "photo", "1.jpg", "nowhere",
    ".", "/dev/null", "/dev/full", "/proc/self/mem", "0x10", "quick", "None", "True", "a b c", "--",
    "-", "@", "*", "~",
)  # fmt: skip


def case(place: Path, random: Random) -> Judged:
    """A script with one to three unknown flags or flags with wrong values."""
    tools.healthy_photographs(place / "photographs")
    tools.healthy_scene(place / "scenes" / "a", 1)
    name = pick(random, list(_SCRIPTS))
    main, preset = _SCRIPTS[name]
    words = [name, "--scenes", pick(random, ("photographs", "scenes")), "--run", "run"]
    if name != "make_tfrecord":
        words += ["--weights", str(tools.weights())]
    fields = {field.name for field in dataclasses.fields(preset("quick"))} - _LEFT_OUT
    flags = [f"--{field.replace('_', '-')}" for field in (*sorted(fields), "preset", "nothing")]
    for _ in range(int(random.integers(1, 4))):
        words += [pick(random, flags), *pick(random, _VALUES).split(" ")]
    here = Path.cwd()
    os.chdir(place)
    try:
        ran = enter_with_flags(main, preset, words)
    finally:
        os.chdir(here)
    return Judged(what=printable(" ".join(words)), ran=ran, boxed=True)
