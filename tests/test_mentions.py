"""Paths, names, links and commands in README, docs and docstrings exist."""

import ast
import functools
import importlib
import importlib.util
import re
import shlex
from pathlib import Path

from tests import commands

ROOT = Path(__file__).parent.parent
ROOMS = ("configs", "models", "utils", "photo", "lab", "tests", "docs", "weights", "samples")
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "samples/README.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "weights").glob("*/README.md")),
]
SOURCES = [
    *sorted(ROOT.glob("*.py")),
    *(path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))),
]
_PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(ROOMS)})/[\w./-]*\w|\w+\.py)(?![\w*<{{])")
_DOTTED = re.compile(r"`((?:configs|models|utils|photo|lab|tests)(?:\.\w+)+)`?")
_SHORT = re.compile(
    r"`(\w+)\.(?!(?:csv|exr|hdr|jpg|json|md|png|py|safetensors|txt)`)(\w+)`"  # no file names
)
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


@functools.cache
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
    """True if `first` is no module of the project, or has the name or module `second`."""
    if first in ROOMS:
        return True
    if (ROOT / "utils" / first).is_dir():
        return (ROOT / "utils" / first / f"{second}.py").exists()
    homes = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if path.stem == first and path.relative_to(ROOT).parts[0] not in ("tests", path.name)
    ]
    return not homes or any(_resolves(f"{home}.{second}") for home in homes)


def anchors(page: Path) -> set[str]:
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_paths_that_are_mentioned_exist():
    missing = [
        f"{path}: {name}"
        for path in [*PAGES, *SOURCES]
        for name in _PATH.findall(prose(path))
        if not any((base / name).exists() for base in (ROOT, path.parent))
    ]
    assert missing == []


def test_names_that_are_mentioned_exist():
    missing = []
    for path in [*PAGES, *SOURCES]:
        names = [name for name in _DOTTED.findall(prose(path)) if not _resolves(name)]
        pairs = [pair for pair in _SHORT.findall(prose(path)) if not short_name_exists(*pair)]
        missing += [f"{path}: {name}" for name in [*names, *map(".".join, pairs)]]
    assert missing == []


def test_links_lead_to_files_and_headings():
    broken = []
    for page in PAGES:
        for file, heading in _LINK.findall(page.read_text()):
            target = page.parent / file if file else page
            if not target.exists() or (heading and heading not in anchors(target)):
                broken.append(f"{page}: {file}#{heading}")
    assert broken == []


def test_scripts_accept_the_commands():
    refused = []
    for page in PAGES:
        for line in page.read_text().replace("\\\n", " ").splitlines():
            if not line.startswith("    python "):
                continue
            script, *flags = shlex.split(line, comments=True)[1:]
            if script == "-m":
                script, *flags = flags
            try:
                assert importlib.util.find_spec(script.removesuffix(".py")) is not None
                if commands.has_settings(script):
                    commands.parse(script, *flags)
            except (AssertionError, ModuleNotFoundError, SystemExit):
                refused.append(f"{page}: {line}")
    assert refused == []


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
