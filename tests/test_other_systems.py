"""Runs the code without the modules that Windows and macOS lack."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from configs import settings
from photo.showing.page import HtmlReport
from tests import photos
from tests.test_architecture import name_of, sources

ROOT = Path(__file__).parent.parent
WITHOUT = """
import os, signal, sys, importlib, pathlib
import filelock, psutil  # they have other code there
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
for name in ("geteuid", "getuid", "O_NOFOLLOW", "sched_getaffinity", "mkfifo"):
    delattr(os, name)
del signal.pthread_sigmask
os.supports_effective_ids.clear()
exists, access = pathlib.Path.exists, os.access
pathlib.Path.exists = lambda path: str(path)[:6] != "/proc/" and exists(path)
def windows_access(path, mode, *, effective_ids=False):
    if effective_ids:
        raise NotImplementedError
    return access(path, mode)
os.access = windows_access
"""


def _python(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_module_is_imported_without_the_modules_of_unix():
    names = [name_of(path) for path in sources() if path.stem not in {"app", "__main__"}]
    assert len(names) > 100
    done = _python("for name in sys.argv[1:]: importlib.import_module(name)", *names)
    assert done.returncode == 0, done.stderr


def test_a_bracket_is_merged_without_them(tmp_path):
    photos.write_bracket(tmp_path / "photos" / "a", photos.sample())
    script = "import runpy; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], None, '__main__')"
    flags = ["--scenes", str(tmp_path / "photos"), "--results", str(tmp_path / "results")]
    done = _python(script, str(ROOT / "reconstruction_fusion.py"), *flags)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "a" / "picture.png").is_file()


def test_windows_paths_are_settings_and_stand_in_the_report(monkeypatch, tmp_path):
    monkeypatch.setattr(settings.os, "sep", "\\")
    path = r"C:\Users\Jo\runs\quick"
    config = settings.ReconstructionConfig(run=path, save_release=path)  # pyright: ignore
    with pytest.raises(ValueError, match="no run with one of"):
        settings.ReconstructionConfig(run=f"{path}*")  # pyright: ignore
    monkeypatch.undo()
    HtmlReport("a", 1).write(tmp_path / "a.html", dataclasses.asdict(config), [f"{path}: lost"])
    page = (tmp_path / "a.html").read_text()
    assert f"<td>{path}</td>" in page
    assert f"{path}: lost" in page
