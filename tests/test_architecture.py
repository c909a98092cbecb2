"""Who may import whom; see the layout in README.md."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("configs", "models", "utils")
ALLOWED = {
    "configs": {"configs"},
    "models": {"models"},
    "utils": {"utils", "configs"},
    "scripts": {"configs", "models", "utils"},
}
SCRIPTS = {path.stem for path in ROOT.glob("*.py")}


def sources() -> list[Path]:
    rooms = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [*sorted(ROOT.glob("*.py")), *rooms]


def imported(path: Path) -> set[str]:
    """First parts of the names of the modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrows(path):
    room = path.parent.name if path.parent != ROOT else "scripts"
    ours = imported(path) & (set(ROOMS) | SCRIPTS)
    assert ours <= ALLOWED[room]


@pytest.mark.parametrize("name", ["paths", "presets", "settings"])
def test_configs_use_the_standard_library_only(name):
    allowed = {"configs", "dataclasses", "os", "pathlib", "typing"}
    assert imported(ROOT / "configs" / f"{name}.py") <= allowed


def test_models_know_no_image_library():
    for path in (ROOT / "models").glob("*.py"):
        assert not imported(path) & {"cv2", "imageio", "OpenEXR", "tqdm"}


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
