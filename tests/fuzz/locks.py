"""Results folders and runs with links and other things at the names that scripts write."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import training_align_low
from tests import tiny
from tests.fuzz import tools
from tests.fuzz.cases import Random, pick
from tests.fuzz.doors import enter
from tests.fuzz.scene_doors import ALIGN, EVALUATE, FUSION
from tests.fuzz.spoiling import put_something
from tests.fuzz.whole_runs import Judged
from utils.files import LOCK_NAME

_RESULTS = (
    *("report.html", "metrics.csv", "scenes.csv", "aligned.csv", "scene", ".scene.previous"),
    *("scene/radiance.hdr", "scene/aligned_low.png", "scene/other"),
)
_WRITTEN = {
    FUSION.name: ("scene/radiance.hdr", "scene/picture.png", "scene/sheet.png", "report.html"),
    ALIGN.name: ("scene/aligned_low.png", "scene/aligned_high.png", "aligned.csv"),
    EVALUATE.name: ("scenes.csv", "scenes.png", "provenance.json"),
}
_STAGE = (
    *("log.csv", "validation.csv", "settings.json", "curves.png", "previews/000001.png"),
    *("checkpoints", "checkpoints/ckpt-1.index"),
)


def case(place: Path, random: Random) -> Judged:
    """A script that writes to a folder with one to three such things; files elsewhere stay."""
    scenes, out, what = place / "scenes", place / "out", []
    elsewhere = scenes / ".elsewhere"
    (elsewhere / "inside").mkdir(parents=True)
    content = pick(random, (b"precious", b"\0process 1 on a computer\n", b"step,psnr_mu\n1,2\n"))
    for path in (elsewhere / "file", elsewhere / "inside" / "file"):
        path.write_bytes(content)
    train = random.random() < 0.4
    folder, names = (out / "align_low", _STAGE) if train else (out / "results", _RESULTS)
    for _ in range(int(random.integers(1, 4))):
        path = folder / (LOCK_NAME if random.random() < 0.15 else pick(random, names))
        with contextlib.suppress(OSError):  # below another of them
            path.parent.mkdir(parents=True, exist_ok=True)
            what.append(f"{path.name}: {_put(path, elsewhere, random)}")
    if train:
        records = str(tools.shared("tiny_records", tiny.write_records))
        config = tiny.config(out, records, steps=1, validate_every=1)
        ran = enter(training_align_low.main, config, scenes)
        return Judged(what=f"{', '.join(what)}, training_align_low.py", ran=ran)
    door = pick(random, (FUSION, FUSION, ALIGN, EVALUATE))
    tools.healthy_scene(scenes / "scene", 1)
    ran = door.enter(scenes, out)
    missing = [name for name in _WRITTEN[door.name] if not (folder / name).is_file()]
    fault = "" if ran.code or not missing else f"exit code 0 without {missing}"
    return Judged(what=f"{', '.join(what)}, {door.name}", ran=ran, fault=fault)


def _put(path: Path, elsewhere: Path, random: Random) -> str:
    if os.path.lexists(path) or random.random() < 0.5:
        return put_something(path, random)
    allowed = list(_LINKS)[: -1 if path.name == "checkpoints" else None]  # may be on another disk
    name = pick(random, allowed)
    _LINKS[name](path, elsewhere)
    return name


_LINKS: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, elsewhere: path.symlink_to(elsewhere / "file"),
    "a link to nothing": lambda path, elsewhere: path.symlink_to(elsewhere / "new"),
    "another name": lambda path, elsewhere: os.link(elsewhere / "file", path),
    "a text": lambda path, _: path.write_text("precious"),
    "a link to a folder": lambda path, elsewhere: path.symlink_to(elsewhere / "inside"),
}
