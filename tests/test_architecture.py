"""Arrows between rooms: who may import whom, by the table that the packages' docstrings repeat."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("configs", "models", "utils")
SCRIPTS = {path.stem for path in ROOT.glob("*.py")}
ALLOWED = {
    "radiometry": set(),
    "files": set(),
    "temporary": {"files"},
    "hardware": set(),
    "command": {"files"},
    "images": {"radiometry", "files"},
    "scenes": {"images", "radiometry", "files"},
    "camera_motion": {"scenes", "images", "radiometry"},
    "photographs": {"camera_motion", "scenes", "images", "radiometry"},
    "synthesis": {"scenes", "images", "radiometry", "files"},
    "metrics": {"scenes", "radiometry"},
    "records": {"camera_motion", "scenes", "images", "radiometry", "files"},
    "runs": {"models", "hardware", "files"},
    "training": {"records", "runs", "metrics", "scenes", "images", "radiometry", "files"},
    "inference": {
        *("models", "runs", "metrics", "photographs", "camera_motion", "scenes"),
        *("radiometry", "hardware", "files"),
    },
    "reporting": {
        *("inference", "metrics", "photographs", "scenes", "images", "radiometry", "files"),
    },
    "evaluation": {
        *("reporting", "inference", "metrics", "camera_motion", "scenes", "images"),
        *("radiometry", "hardware", "files"),
    },
    "benchmarking": {
        *("training", "inference", "runs", "metrics", "models", "records"),
        *("camera_motion", "scenes", "radiometry", "hardware"),
    },
}
"""Rooms of `utils` to the rooms they may import; each may import itself and `configs` besides."""
WITHOUT_TENSORFLOW = (
    *("radiometry", "images", "scenes", "camera_motion", "photographs", "synthesis", "metrics"),
)


def sources() -> list[Path]:
    rooms = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [*sorted(ROOT.glob("*.py")), *rooms]


def room_of(path: Path) -> str:
    """`configs`, `models`, a room of `utils`, or `scripts`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    if parts[0] == "utils":
        return parts[1]
    return parts[0] if len(parts) > 1 else "scripts"


def modules_imported(path: Path) -> set[str]:
    """Full names of the modules a file imports, `utils.images` of `from utils import images`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def rooms_imported(path: Path) -> set[str]:
    """Rooms and scripts of the project that a file imports."""
    found = set()
    for name in modules_imported(path):
        first, _, rest = name.partition(".")
        if first == "utils":
            found.add(rest.partition(".")[0])
        elif first in {*ROOMS, *SCRIPTS}:
            found.add(first)
    return found


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    room = room_of(path)
    if room == "scripts":
        assert not rooms_imported(path) & SCRIPTS
    elif room in {"configs", "models"}:
        assert rooms_imported(path) <= {room}
    elif room != "__init__":
        assert rooms_imported(path) <= {room, "configs"} | ALLOWED[room]


def test_every_room_has_its_row():
    rooms = {path.stem for path in (ROOT / "utils").iterdir() if path.name[0] not in "_."}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("room", [room for room in ALLOWED if (ROOT / "utils" / room).is_dir()])
def test_a_package_says_what_it_may_import(room):
    module = ast.parse((ROOT / "utils" / room / "__init__.py").read_text())
    text = ast.get_docstring(module) or ""
    assert len(module.body) == 1
    named = set(text.partition("May import")[2].replace("`", " ").replace(",", " ").split())
    assert ALLOWED[room] == named & set(ALLOWED | {"models": set()})


def test_a_package_is_no_hall():
    for room in [path for path in (ROOT / "utils").rglob("*") if path.is_dir()]:
        assert len(list(room.glob("*.py"))) <= 1 + 9, room


def test_start_up_without_tensorflow():
    """make_scenes.py starts a process for each worker; none of them should load TensorFlow."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in WITHOUT_TENSORFLOW
        for path in sorted((ROOT / "utils" / room).glob("*.py"))
    ]
    code = f"import sys, importlib\nfor name in {names}: importlib.import_module(name)\n"
    code += "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", ["paths", "presets", "settings"])
def test_configs_use_the_standard_library_only(name):
    allowed = {"configs", "dataclasses", "os", "pathlib", "typing"}
    found = modules_imported(ROOT / "configs" / f"{name}.py")
    assert {module.partition(".")[0] for module in found} <= allowed


def test_models_know_no_image_library():
    for path in (ROOT / "models").glob("*.py"):
        found = {module.partition(".")[0] for module in modules_imported(path)}
        assert not found & {"cv2", "imageio", "OpenEXR", "tqdm"}


def test_the_scripts_of_the_pipeline_exist():
    assert {
        "make_scenes",
        "make_tfrecord",
        "training_align_high",
        "training_align_low",
        "training_fusion",
        "reconstruction_align2",
        "reconstruction_fusion",
    } <= SCRIPTS


def test_the_two_alignment_trainers_differ_in_one_word():
    low, high = (
        (ROOT / f"training_align_{side}.py").read_text().split() for side in ("low", "high")
    )
    different = {(a, b) for a, b in zip(low, high, strict=True) if a != b}
    assert {(a.replace("low", "high"), b) for a, b in different} == {(b, b) for _, b in different}
