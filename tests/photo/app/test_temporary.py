"""Temporary folders: removed at exit or, after a kill, by the next run."""

import contextlib
import multiprocessing
import time

import pytest

from photo.app import temporary
from photo.app.temporary import temporary_folder
from tests import processes

PREFIX = "esbn-test-"


@pytest.fixture(autouse=True)
def _place(tmp_path, monkeypatch):
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path))


def _fill(folder):
    (folder / "below").mkdir()
    (folder / "below" / "photograph.jpg").touch()


@pytest.mark.parametrize("error", [None, ValueError("wrong"), KeyboardInterrupt()], ids=repr)
def test_it_is_private_and_goes_when_the_context_ends(tmp_path, error):
    with contextlib.suppress(ValueError, KeyboardInterrupt), temporary_folder(PREFIX) as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith(PREFIX)
        assert folder.stat().st_mode & 0o777 == 0o700
        _fill(folder)
        if error:
            raise error
    assert not list(tmp_path.iterdir())


def _hold(place, held):
    temporary.tempfile.tempdir = str(place)
    with temporary_folder(PREFIX) as folder:
        _fill(folder)
        held.set()
        time.sleep(600)


def test_what_a_killed_process_left_goes_with_the_next_and_nothing_else(tmp_path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    with processes.running(_hold, tmp_path, held, context=context):
        assert held.wait(60)
        (theirs,) = tmp_path.iterdir()
        with temporary_folder(PREFIX) as ours:
            assert set(tmp_path.iterdir()) == {theirs, ours}  # its process lives
            assert (theirs / "below" / "photograph.jpg").exists()
    assert theirs.exists()
    (tmp_path / "another").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "another")
    with temporary_folder(PREFIX) as ours:
        assert {path.name for path in tmp_path.iterdir()} == {
            *(ours.name, "another", f"{PREFIX}link"),
        }
    assert not list((tmp_path / "another").iterdir())
