"""Names of the field's data sets and the scenes that they hold."""

from collections.abc import Iterable, Sequence

from utils.scenes.layouts import Layout

OFFICIAL = "Kalantari 2017, official"

DATA_SETS: dict[Layout, str] = {
    "Kalantari": "scenes in the layout of Kalantari 2017",
    "Tel": "Tel 2023",
    "Hu": "Hu 2020",
    "DeepHDR mirror": "Kalantari 2017, DeepHDR's mirror",
    "Challenge123": "Challenge123",
    "Sen": "Sen 2012",
    "Tursun": "Tursun 2016",
}
"""Names of data sets by layout."""

_PAPER = ("BarbequeDay", "LadySitting", "ManStanding", "PeopleStanding", "PeopleTalking")
OFFICIAL_TEST_SCENES = frozenset(
    [*(f"EXTRA/{number:03}" for number in range(1, 11)), *(f"PAPER/{name}" for name in _PAPER)]
)
"""Names of Kalantari's test scenes below `Test`."""

_OFFICIAL_SCENES = {
    "Training": frozenset(f"{number:03}" for number in range(1, 75)),
    "Test": OFFICIAL_TEST_SCENES,
}
_CHALLENGE_COUNTS = {"Training": 96, "Test": 27}  # repository of SAFNet, its authors


def check_names(
    names: Sequence[str], root: str, layout: Layout
) -> tuple[str, list[str], list[str]]:
    """Compares the scenes of a folder with the list of its data set.

    Args:
        names: Names of the scenes, of `utils.scenes.folders.scene_name`.
        root: Name of the folder.
        layout: Layout of most scenes.

    Returns:
        Name of the data set, problems and notes.
    """
    parts = _parts(names, root)
    if layout == "Challenge123":
        wrong = [
            f"{part} has {len(scenes)} scenes, not {_CHALLENGE_COUNTS[part]}"
            for part, scenes in parts.items()
            if len(scenes) != _CHALLENGE_COUNTS[part]
        ]
        return DATA_SETS[layout], wrong, []
    known = any(_OFFICIAL_SCENES[part] & scenes for part, scenes in parts.items())
    if layout != "Kalantari" or not known:
        return DATA_SETS[layout], [], []
    problems, notes = [], []
    for part, expected in _OFFICIAL_SCENES.items():
        if part not in parts:
            notes.append(f"there is no {part} part")
            continue
        missing, unknown = expected - parts[part], parts[part] - expected
        for kind, scenes in (("missing", missing), ("unknown", unknown)):
            if scenes:
                problems.append(f"{part}: {len(scenes)} {kind} scenes: {some(scenes)}")
    return OFFICIAL, problems, notes


def some(names: Iterable[str]) -> str:
    """A few names, and how many more."""
    ordered = sorted(names)
    more = f" and {len(ordered) - 8} more" if len(ordered) > 8 else ""
    return ", ".join(ordered[:8]) + more


def _parts(names: Sequence[str], root: str) -> dict[str, set[str]]:
    """The scenes of `Training` and of `Test`, without that prefix; others are for training."""
    parts: dict[str, set[str]] = {}
    for name in names:
        first, _, rest = name.partition("/")
        if first in _OFFICIAL_SCENES and rest:
            parts.setdefault(first, set()).add(rest)
        elif name in OFFICIAL_TEST_SCENES or root == "Test":
            parts.setdefault("Test", set()).add(name)
        else:
            parts.setdefault("Training", set()).add(name)
    return parts
