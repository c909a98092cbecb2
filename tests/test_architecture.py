"""Arrows between rooms: who may import whom, by the table that the packages' docstrings repeat."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WINGS = ("configs", "models", "utils", "photo", "lab")
SCRIPTS = {path.stem for path in ROOT.glob("*.py")}
ALLOWED = {
    "configs": set(),
    "models": set(),
    "utils.radiometry": {"models"},
    "utils.files": set(),
    "utils.hardware": set(),
    "utils.command": {"utils.files"},
    "utils.images": {"utils.radiometry", "utils.files"},
    "utils.scenes": {"utils.images", "utils.radiometry", "utils.files"},
    "utils.camera_motion": {"utils.scenes", "utils.radiometry"},
    "utils.records": {
        *("utils.camera_motion", "utils.scenes", "utils.images"),
        *("utils.radiometry", "utils.files"),
    },
    "utils.runs": {"models", "utils.hardware", "utils.files"},
    "utils.evaluation": {
        *("utils.camera_motion", "utils.scenes", "utils.images", "utils.radiometry", "utils.files"),
    },
    "utils.training": {
        *("utils.records", "utils.runs", "utils.evaluation", "utils.scenes", "utils.images"),
        *("utils.radiometry", "utils.files"),
    },
    "utils.inference": {
        *("models", "utils.runs", "utils.evaluation", "utils.scenes"),
        *("utils.radiometry", "utils.hardware", "utils.files"),
    },
    "utils.reporting": {
        *("utils.inference", "utils.evaluation", "utils.scenes", "utils.images"),
        *("utils.radiometry", "utils.hardware", "utils.files"),
    },
    "photo.png_metadata": set(),
    "photo.reading": {"utils", "photo.png_metadata"},
    "photo.showing": {"utils", "photo.reading"},
    "photo.app": {"utils", "photo.reading", "photo.showing"},
    "lab": {"utils", "photo", "models"},
}
"""Rooms to the rooms they may import, a wing for all its rooms; each may import itself and
`configs` besides."""
WITHOUT_TENSORFLOW = (
    *("utils.radiometry", "utils.images", "utils.scenes", "utils.camera_motion", "lab.synthesis"),
)


def sources() -> list[Path]:
    rooms = [path for wing in WINGS for path in sorted((ROOT / wing).rglob("*.py"))]
    return [*sorted(ROOT.glob("*.py")), *rooms]


def room_of(name: str) -> str | None:
    """The room of a module's full name, `scripts`, or None if it is not of this project."""
    if name.partition(".")[0] in SCRIPTS:
        return "scripts"
    return next((room for room in ALLOWED if f"{name}.".startswith(f"{room}.")), None)


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def modules_imported(path: Path) -> set[str]:
    """Full names of the modules a file imports, `utils.images` of `from utils import images`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    own = room_of(name_of(path)) or ""
    found = {room for name in modules_imported(path) if (room := room_of(name))}
    if own == "scripts":
        assert not found & {"scripts", "lab"}
    else:
        allowed = {own, "configs"} | ALLOWED.get(own, set())
        assert {room for room in found if not {room, room.partition(".")[0]} & allowed} == set()


def test_every_room_has_its_row():
    rooms = {
        name_of(path)
        for wing in ("utils", "photo")
        for path in (ROOT / wing).iterdir()
        if path.name[0] not in "_."
    }
    assert rooms | {"configs", "models", "lab"} == set(ALLOWED)


@pytest.mark.parametrize(
    "room", [x for x in ALLOWED if x[:5] == "utils" and (ROOT / x.replace(".", "/")).is_dir()]
)
def test_a_package_says_what_it_may_import(room):
    module = ast.parse((ROOT / room.replace(".", "/") / "__init__.py").read_text())
    text = ast.get_docstring(module) or ""
    assert len(module.body) == 1
    named = set(text.partition("May import")[2].replace("`", " ").replace(",", " ").split())
    rooms = {name.removeprefix("utils."): name for name in ALLOWED}
    assert {rooms[name.rstrip(".")] for name in named if name.rstrip(".") in rooms} == ALLOWED[room]


def test_a_package_is_no_hall():
    for wing in ("utils", "photo", "lab"):
        for room in [ROOT / wing, *(path for path in (ROOT / wing).rglob("*") if path.is_dir())]:
            assert len(list(room.glob("*.py"))) <= 1 + 9, room


def test_start_up_without_tensorflow():
    """lab/make_scenes.py starts a process for each worker; none of them should load TensorFlow."""
    names = [
        name_of(path)
        for room in WITHOUT_TENSORFLOW
        for path in sorted((ROOT / room.replace(".", "/")).glob("*.py"))
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
    for path in (ROOT / "models").rglob("*.py"):
        found = {module.partition(".")[0] for module in modules_imported(path)}
        assert not found & {"cv2", "imageio", "OpenEXR", "tqdm"}


def test_the_scripts_of_the_pipeline_exist():
    assert {
        "make_tfrecord",
        "training_align_high",
        "training_align_low",
        "training_fusion",
        "reconstruction_align2",
        "reconstruction_fusion",
        "evaluate",
        "export",
        "app",
    } == SCRIPTS


def test_the_two_alignment_trainers_differ_in_one_word():
    low, high = (
        (ROOT / f"training_align_{side}.py").read_text().split() for side in ("low", "high")
    )
    different = {(a, b) for a, b in zip(low, high, strict=True) if a != b}
    assert {(a.replace("low", "high"), b) for a, b in different} == {(b, b) for _, b in different}
