"""Plants healthy scenes under names that break programs: bytes, controls, templates, paths."""

import os
from pathlib import Path

from tests.fuzz import tools
from tests.fuzz.randomness import Random, pick
from tests.fuzz.scene_kinds import Planted
from utils.files import printable

_ODD = (
    "\udcff\udcfe", "caf\udce9", "a\x1b[2J\x1b[H", "a\nerror: Scene b: c", "a\rb", "\x07", "\x7f",
    "\u202eb\u2066", "e\u0301", "é", "漢字", "\U0001f600", "\u200b", "\ufeff",
    "{{7*7}}", "{% for x in y %}", "@body@", "%s%n%d", "{name}", "${HOME}", "$(reboot)", "`id`",
    "<script>alert(1)<script>", "'\"><img src=x>", "&lt;", "-->", "]]>",
    "-rf", "--help", "~", "~root", "*", "?", "[a]", "[!a]", "a\\b", "..", "...", ". .", "a..b",
    "%2e%2e%2f", "C:", "CON", "nul.txt", "a.hdr", "a.partial", ".partial", "a.b.c", "HDRImg.hdr",
    " a ", "\t", "a b", "#", ";", "|", "=", "+", ",", "a,b", '"', "'", "mean", "lock", "report",
    "metrics", "aligned", "low", "\\n", "\\udcff", "&#27;", "ﬁ", "ß", "I", "\u0131",
)  # fmt: skip


def odd_name(random: Random) -> str:
    """A name of odd parts, at most 200 bytes long."""
    name = "".join(pick(random, _ODD) for _ in range(int(random.integers(1, 4))))
    return os.fsdecode(os.fsencode(name)[:200])


def names(scenes: Path, name: str, random: Random) -> Planted:
    """A healthy scene, or photographs, whose folder or files have an odd name."""
    odd = odd_name(random)
    if odd.startswith("."):
        odd = f"x{odd}"
    chance = random.random()
    folder_name = f"{odd}{name}" if chance < 0.6 else name
    if random.random() < 0.15:
        folder_name += "y" * (255 - len(os.fsencode(folder_name)) - random.integers(20))
    folder = scenes / folder_name
    if random.random() < 0.5:
        tools.healthy_photographs(folder)
        ending = ".jpg"
    else:
        tools.healthy_scene(scenes / "plain", int(random.integers(100)))
        (scenes / "plain").rename(folder)
        ending = ".tif"
    if chance > 0.4:
        for index, path in enumerate(sorted(folder.glob(f"*{ending}"))):
            path.rename(folder / f"{odd}{index}{ending}")
    return Planted(what=printable(folder_name[:60]), name=folder_name)
