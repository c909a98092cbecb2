"""Checks the input of the page: number, size and content of photographs, and typed stops.

`python -m photo.app.uploads FILE ...` decodes photographs and prints a line of JSON for each.
The page runs it as another process, which ends itself at a file that takes too long: others need
not wait, and a decoder that crashes does not end the page.
"""

import dataclasses
import faulthandler
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from photo.reading.camera_files import read_photo
from photo.reading.exif import Exposure
from utils.scenes.scene import SCENE_FAILURES, failure
from utils.scenes.tree import natural_key

MOST_FILES = 12
ALL_MEGABYTES = 400
SECONDS = 30  # for one photograph
_ROOT = Path(__file__).parents[2]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Seen:
    """Exposure and brightness of a decoded photograph, or the reason why it cannot be read."""

    exposure: Exposure = dataclasses.field(default_factory=Exposure)
    """From its EXIF."""
    brightness: float = 0.0
    """Mean of its pixels, in [0, 1]."""
    error: str = ""
    """Empty if it can be read; else the other fields mean nothing."""


def linked(uploads: Sequence[str], folder: Path) -> list[Path]:
    """Links the uploaded files into one folder.

    Args:
        uploads: Files, each in a folder of its own.
        folder: An empty folder.

    Returns:
        The files in the folder, by name.

    Raises:
        ValueError: They are too many or too large, two have one name, or one was removed.
        OSError: They cannot be linked.
    """
    paths = sorted((Path(x) for x in uploads), key=lambda path: natural_key(path.name))
    names = [path.name for path in paths]
    gone = [path.name for path in paths if not path.is_file()]
    if gone:
        raise ValueError(
            f"Photographs are kept for an hour; drop them again. Received: {', '.join(gone)}"
        )
    megabytes = sum(path.stat().st_size for path in paths) / 1e6
    if len(paths) > MOST_FILES or megabytes > ALL_MEGABYTES:
        raise ValueError(
            f"The page takes {MOST_FILES} photographs of {ALL_MEGABYTES} MB together."
            f" Received: {len(paths)} of {megabytes:.0f} MB"
        )
    if len(set(names)) < len(names):
        raise ValueError(f"Photographs need different names. Received: {', '.join(names)}")
    for path in paths:
        (folder / path.name).hardlink_to(path)
    return [folder / name for name in names]


def decoded(paths: Sequence[Path], seconds: float = SECONDS) -> dict[Path, Seen]:
    """Decodes photographs in another process.

    Args:
        paths: The photographs.
        seconds: Time limit of each.
    """
    found: list[Seen] = []
    while len(found) < len(paths):
        rest = paths[len(found) :]
        command = [sys.executable, "-m", "photo.app.uploads", str(seconds), *map(str, rest)]
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        found += [Seen(**x | {"exposure": Exposure(**x["exposure"])}) for x in lines]
        if len(lines) < len(rest):
            late = done.returncode == 1  # as faulthandler ends it
            wish = f"be readable in {seconds:g} seconds" if late else "not crash its reader"
            error = f"A photograph must {wish}; save it again. Received: {rest[len(lines)].name}"
            found.append(Seen(error=f"{error}, exit code {done.returncode}"))
    return dict(zip(paths, found, strict=True))


def typed_stops(texts: Sequence[str], names: Sequence[str]) -> list[float]:
    """Numbers of stops as people type them, with a point or a comma.

    Raises:
        ValueError: One is missing or no number.
    """
    try:
        stops = [float(text.strip().replace(",", ".")) for text in texts]
    except ValueError:
        stops = []
    if len(stops) != len(names) or not all(map(math.isfinite, stops)):
        listed = ", ".join(f"{name} {text!r}" for name, text in zip(names, texts, strict=False))
        raise ValueError(
            "Every photograph needs its stops: a number, 2 more for four times the light."
            f" Received: {listed}"
        )
    return stops


def _decode(path: Path) -> Seen:
    try:
        photo = read_photo(path)
    except SCENE_FAILURES as error:
        return Seen(error=failure("", error))
    largest = float(2 ** (8 * photo.frame.itemsize) - 1)
    return Seen(exposure=photo.exposure, brightness=float(photo.frame.mean()) / largest)


def _main(seconds: float, paths: Sequence[Path]) -> None:
    with Path(os.devnull).open("w") as nowhere:
        for path in paths:
            faulthandler.dump_traceback_later(seconds, exit=True, file=nowhere)
            line = json.dumps(dataclasses.asdict(_decode(path)))
            faulthandler.cancel_dump_traceback_later()
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    _main(float(sys.argv[1]), [Path(x) for x in sys.argv[2:]])
