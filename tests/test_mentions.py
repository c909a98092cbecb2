"""Paths and names that README, docs and docstrings mention exist."""

import ast
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("configs", "models", "utils", "photo", "lab", "tests", "docs", "weights", "samples")
TEXTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "samples" / "README.md"]
SOURCES = [
    *sorted(ROOT.glob("*.py")),
    *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))),
]
_PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)})/[\w./-]*\w|\w+\.py)(?![\w*<{{])")
_DOTTED = re.compile(r"`((?:configs|models|utils|photo|lab|tests)(?:\.\w+)+)`?")
_SHORT = re.compile(r"`(\w+)\.(?!(?:csv|json|md|png|py|safetensors|txt)`)(\w+)`")


def prose(path: Path) -> str:
    """A page, or the docstrings and comments of a module."""
    text = path.read_text()
    if path.suffix != ".py":
        return text
    documents = [
        ast.get_docstring(node, clean=False) or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    ]
    comments = [line.partition("#")[2] for line in text.splitlines()]
    return "\n".join([*documents, *comments])


def short_name_exists(first: str, second: str) -> bool:
    """Whether `first.second` is a name in a module or a module in a package, if it is of ours."""
    if (ROOT / "utils" / first).is_dir():
        return (ROOT / "utils" / first / f"{second}.py").exists()
    homes = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for room in ("configs", "models", "utils", "photo", "lab")
        for path in (ROOT / room).rglob(f"{first}.py")
    ]
    return not homes or any(_resolves(f"{home}.{second}") for home in homes)


@pytest.mark.parametrize("path", [*TEXTS, *SOURCES], ids=lambda path: str(path.relative_to(ROOT)))
def test_paths_that_are_mentioned_exist(path):
    missing = [
        name
        for name in _PATH.findall(prose(path))
        if not any((base / name).exists() for base in (ROOT, path.parent))
    ]
    assert missing == []


@pytest.mark.parametrize("path", [*TEXTS, *SOURCES], ids=lambda path: str(path.relative_to(ROOT)))
def test_names_that_are_mentioned_exist(path):
    text = prose(path)
    missing = [name for name in _DOTTED.findall(text) if not _resolves(name)]
    missing += [
        f"{first}.{second}"
        for first, second in _SHORT.findall(text)
        if first not in ROOMS and not short_name_exists(first, second)
    ]
    assert missing == []


def _resolves(dotted: str) -> bool:
    parts = dotted.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            if not hasattr(found, name) and name not in getattr(found, "__annotations__", {}):
                return False
            found = getattr(found, name, None)
        return True
    return False
