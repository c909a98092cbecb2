"""Plants scenes with a bad exposure file."""

from pathlib import Path

from tests import layouts
from tests.fuzz.cases import Random, pick
from tests.fuzz.scene_kinds import Planted
from tests.fuzz.spoiling import spoil

_NUMBERS = (
    "0", "2", "4", "-2", "1", "1/60", "1/0", "0/1", "0.01", "1e400", "-1e400", "1e-400", "nan",
    "NaN", "inf", "-inf", "1,5", "0x10", "1_000", "4.", ".5", "1e5", "24", "25", "100", "1/", "/1",
    "--1", "2 EV", "\u0661", "½", "", " ", "\t", "#", "True", "1;2", "9" * 400, "9" * 5000,
    f"{'9' * 5000}/1", "1/3/5", "1e308", "4.9e-324", "\0", "\x1b[2J", "{{7*7}}", "%s", "1 2 4",
)  # fmt: skip
_ENDS = ("\n", "\n", "\n", "\r\n", "\r", "\n\n", "\v", "\x85", "\u2028", " ", ",", "")
_ENCODINGS = (*8 * ("utf-8",), "utf-8-sig", "utf-16", "utf-32", "cp037")


def exposures(scenes: Path, name: str, random: Random) -> Planted:
    """A scene of a data set whose exposure file is damaged, absent or odd."""
    path = layouts.write(scenes, "Kalantari", name, int(random.integers(100))) / "exposure.txt"
    if random.random() < 0.3:
        (path.parent / "HDRImg.hdr").unlink()
    if random.random() < 0.4:
        done, path = spoil(path, random)
        return Planted(what=f"{path.name}: {done}", name=name)
    count = pick(random, (0, 1, 2, 3, 3, 3, 3, 3, 4, 7, 5000))
    options = _NUMBERS[: pick(random, (9, len(_NUMBERS)))]
    end, encoding = pick(random, _ENDS), pick(random, _ENCODINGS)
    text = end.join(pick(random, options) for _ in range(count)) + end
    path.write_bytes(text.encode(encoding, "replace"))
    return Planted(what=f"{path.name} of {count} lines in {encoding}", name=name)
