"""No data, record or file name is executed or leads out of its folder."""

import ast
from pathlib import Path

import pytest

from tests.brackets import bracket
from utils.scenes import folders

ROOT = Path(__file__).parent.parent
FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "yaml", "torch"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
SOURCES = [
    *sorted(ROOT.glob("*.py")),
    *(
        path
        for room in ("configs", "models", "utils", "photo", "lab")
        for path in sorted((ROOT / room).rglob("*.py"))
    ),
]


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    """All calls in a file, each with the name of the function."""
    tree = ast.parse(path.read_text())
    return [(ast.unparse(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_executed(path):
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        assert not {name.partition(".")[0] for name in names} & FORBIDDEN_MODULES
    for name, call in calls(path):
        options = {word.arg: ast.unparse(word.value) for word in call.keywords}
        assert name not in FORBIDDEN_CALLS, name
        assert options.get("shell", "False") == "False", name
        assert options.get("allow_pickle", "False") == "False", name
        assert options.get("safe_mode", "True") == "True", name
        # Keras' loaders run code of the file by default.
        assert not name.endswith("load_model") or options.get("safe_mode") == "True", name


@pytest.mark.parametrize("root", [".", "..", "../..", "../../data", "../a"])
def test_no_scene_is_named_out_of_the_results_folder(tmp_path, root, monkeypatch):
    folder = tmp_path / "data" / "a"
    scene = bracket(8, 8)
    folders.write_scene(folder, ldr=scene.ldr, exposure_values=scene.exposure_values, hdr=scene.hdr)
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below" if root.endswith("..") else folder)
    for found in folders.find_scenes(Path(root)):
        name = folders.read_scene(found, Path(root)).name
        results = tmp_path / "results"
        assert (results / name).resolve().parent == results
