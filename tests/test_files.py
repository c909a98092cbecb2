"""Files and folders: complete or absent, whatever happens; and one run in a folder."""

import errno
import multiprocessing
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from tests import disk
from utils import files
from utils.files import LOCK_NAME, LockedError, complete, complete_folder, lock

ERRORS = (OSError("full"), ValueError("wrong"), KeyboardInterrupt())


def test_a_file_appears_when_it_is_complete_and_on_the_disk(tmp_path, monkeypatch):
    path = tmp_path / "new" / "a.png"
    flushed = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (flushed.append(path.exists()), fsync(file)))
    with complete(path) as partial:
        assert (partial.parent, partial.name) == (path.parent, ".a.partial.png")
        partial.write_text("whole")
        assert not path.exists()
        assert not flushed
    assert flushed == [False]
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text() == "whole"


def _fail(writing, error):
    with writing as partial:
        path = partial / "half" if partial.is_dir() else partial
        path.write_text("half")
        raise error


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_leaves_nothing_and_the_old_file(tmp_path, error):
    (tmp_path / "a.png").write_text("old")
    for name in ("a.png", "b.png"):
        with pytest.raises(type(error)):
            _fail(complete(tmp_path / name), error)
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_text() == "old"


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_leaves_no_folder(tmp_path, error):
    with pytest.raises(type(error)):
        _fail(complete_folder(tmp_path / "x" / "a"), error)
    assert not list((tmp_path / "x").iterdir())


def test_a_folder_appears_when_it_is_complete(tmp_path):
    with complete_folder(tmp_path / "x" / "v1.5") as partial:
        (partial / "below").mkdir()
        (partial / "below" / "file").write_text("whole")
        assert [path.name for path in (tmp_path / "x").iterdir()] == [".v1.partial.5"]
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["v1.5"]
    assert (tmp_path / "x" / "v1.5" / "below" / "file").read_text() == "whole"


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch], ids=["folder", "file"])
def test_a_folder_is_never_overwritten(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(FileExistsError, match=rf"never overwritten.*Received: {tmp_path / 'a'}"):
        complete_folder(tmp_path / "a").__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _write_for_ever(folder, started):
    with lock(folder), complete(folder / "a.png") as file, complete_folder(folder / "b") as inside:
        file.write_text("half")
        (inside / "c").write_text("half")
        started.set()
        time.sleep(600)


def test_a_killed_run_leaves_old_files_and_a_lock_that_is_taken_over(tmp_path):
    (tmp_path / "a.png").write_text("old")
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    process = context.Process(target=_write_for_ever, args=(tmp_path, started))
    process.start()
    assert started.wait(60)
    with pytest.raises(LockedError, match=f"process {process.pid} on"):
        lock(tmp_path).__enter__()
    process.kill()
    process.join()
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".a.partial.png", ".b.partial", LOCK_NAME, "a.png"]
    assert (tmp_path / "a.png").read_text() == "old"
    with lock(tmp_path), complete(tmp_path / "a.png") as file:
        assert f"process {os.getpid()} on" in (tmp_path / LOCK_NAME).read_text()
        file.write_text("new")
    with complete_folder(tmp_path / "b") as inside:
        assert not list(inside.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b"]


@pytest.mark.parametrize("name", [".a.partial.png", ".b.partial", ".c.partial"])
def test_left_overs_of_another_kind_are_harmless(tmp_path, name):
    """A folder where a file is written, a file where a folder is filled."""
    if name == ".a.partial.png":
        (tmp_path / name / "below").mkdir(parents=True)
    else:
        (tmp_path / name).touch()
    files.write_text(tmp_path / "a.png", "new")
    with complete_folder(tmp_path / "b"):
        pass
    with files.updated_folder(tmp_path / "c", ()):
        pass
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b", "c"}


def test_a_short_write_raises_and_keeps_the_old_file(tmp_path, monkeypatch):
    """As of a disk that takes less than it was given and says nothing."""
    path = tmp_path / "a"
    files.write_bytes(path, b"old")
    whole = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: whole(self, data[:-1]))
    with pytest.raises(OSError, match=rf"all its 5 bytes.*Received: 4 bytes of {path}"):
        files.write_bytes(path, b"12345")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_arrive_or_an_error_does(tmp_path):
    disk.check_writer(lambda path: files.write_bytes(path, bytes(20_000)), tmp_path, "a")


def test_texts_are_utf8_with_their_line_ends(tmp_path):
    files.write_text(tmp_path / "a", "μ \udcff\r\n\n")
    assert (tmp_path / "a").read_bytes() == b"\xce\xbc \\udcff\r\n\n"


def test_every_name_is_made_printable():
    shown = files.printable("".join(map(chr, range(sys.maxunicode + 1))))
    assert shown.isprintable()
    assert shown.encode()  # no surrogate is left
    assert files.printable("Küche 漢字 (1)") == "Küche 漢字 (1)"
    assert files.printable("a\x1b[2J\n\u202eb\udcff") == r"a\x1b[2J\n\u202eb\udcff"


OWN = ("a", "b")


def _old_folder(folder):
    """Files `a` and `b` of the caller, one of another script, and a folder inside."""
    (folder / "inside").mkdir(parents=True)
    for name in ("a", "b", "other", "inside/x"):
        (folder / name).write_text("old")


def _texts(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


def test_a_folder_changes_at_once_and_keeps_files_of_others(tmp_path):
    with files.updated_folder(tmp_path / "x" / "s.1", OWN) as partial:
        (partial / "a").write_text("first")
        assert not (tmp_path / "x" / "s.1").exists()
    assert _texts(tmp_path) == {"x/s.1/a": "first"}
    _old_folder(tmp_path / "s")
    with files.updated_folder(tmp_path / "s", OWN) as partial:
        assert _texts(partial) == {"other": "old", "inside/x": "old"}
        files.write_text(partial / "a", "new")
        assert _texts(tmp_path / "s")["a"] == "old"
    assert _texts(tmp_path / "s") == {"a": "new", "other": "old", "inside/x": "old"}
    (tmp_path / "s" / ".settings").write_text("hidden")  # of a photo manager
    with files.updated_folder(tmp_path / "s", OWN):
        pass
    assert _texts(tmp_path / "s") == {".settings": "hidden", "other": "old", "inside/x": "old"}
    assert {path.name for path in tmp_path.iterdir()} == {"s", "x"}


def test_without_links_files_are_copied(tmp_path, monkeypatch):
    _old_folder(tmp_path / "s")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links")))
    with files.updated_folder(tmp_path / "s", OWN):
        pass
    assert _texts(tmp_path / "s") == {"other": "old", "inside/x": "old"}


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_an_error_leaves_the_old_folder(tmp_path, error):
    _old_folder(tmp_path / "s")
    before = _texts(tmp_path)
    with pytest.raises(type(error)):
        _fail(files.updated_folder(tmp_path / "s", OWN), error)
    assert _texts(tmp_path) == before


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_kill_between_renames_leaves_a_whole_folder_to_the_next_run(
    tmp_path, monkeypatch, renames
):
    _old_folder(tmp_path / "s")
    before = _texts(tmp_path / "s")
    done, real = [], Path.rename

    def killed(path, target):
        if len(done) == renames:
            os._exit(9)
        done.append(target)
        return real(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    child = os.fork()
    if not child:
        with files.updated_folder(tmp_path / "s", OWN) as partial:
            (partial / "a").write_text("new")
            (partial / "b").write_text("new")
        os._exit(9)
    os.waitpid(child, 0)
    monkeypatch.undo()
    after = before if renames < 2 else before | {"a": "new", "b": "new"}
    name = ".s.previous" if renames == 1 else "s"
    assert _texts(tmp_path / name) == after
    with pytest.raises(OSError, match="Cannot write s"), files.updated_folder(tmp_path / "s", OWN):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert _texts(tmp_path) == {f"s/{key}": text for key, text in after.items()}


def test_a_folder_that_cannot_be_put_there_is_named(tmp_path):
    (tmp_path / "file").write_text("old")
    for place in ("file", "file/below", "x" * 250):
        name = (tmp_path / place).name
        with (
            pytest.raises(OSError, match=f"Cannot write {name}; .*Received: {tmp_path / place}"),
            files.updated_folder(tmp_path / place, OWN),
        ):
            pass
    assert _texts(tmp_path) == {"file": "old"}


def test_the_second_run_is_refused_with_the_name_of_the_first(tmp_path):
    holder = f"process {os.getpid()} on {socket.gethostname()}"
    folder = tmp_path / "new"
    for _ in range(2):
        with lock(folder):
            assert [path.name for path in folder.iterdir()] == [LOCK_NAME]
            message = f"{folder} is in use .*Received: lock of {holder}"
            with pytest.raises(LockedError, match=message):
                lock(folder).__enter__()
        assert not list(folder.iterdir())


def test_a_folder_that_takes_no_files_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    message = "Nothing can be written to this folder; name another. Received: {}, {}"
    for folder, reason in (("file", "File exists"), ("file/below", "Not a directory")):
        with pytest.raises(OSError, match=message.format(tmp_path / folder, reason)):
            lock(tmp_path / folder).__enter__()

    def read_only(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(files.FileLock, "acquire", read_only)
    with pytest.raises(OSError, match=message.format(tmp_path, "Read-only file system")):
        lock(tmp_path).__enter__()


FOREIGN = {
    "link": lambda path, other: path.symlink_to(other),
    "dangling link": lambda path, other: path.symlink_to(other.with_name("elsewhere")),
    "second name": lambda path, other: os.link(other, path),
    "pipe": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
}


@pytest.mark.parametrize("kind", [*FOREIGN, "text"])
def test_a_file_that_is_no_lock_is_named_and_not_changed(tmp_path, kind):
    other, path = tmp_path / "other", tmp_path / "folder" / LOCK_NAME
    other.write_text("precious")
    path.parent.mkdir()
    FOREIGN.get(kind, lambda path, _: path.write_text("precious"))(path, other)
    with pytest.raises(OSError, match=rf"file of this program.*delete it. Received: {path}$"):
        lock(path.parent).__enter__()
    assert other.read_text() == "precious"
    assert kind != "text" or path.read_text() == "precious"
    assert os.path.lexists(path)
    assert {path.name for path in tmp_path.iterdir()} == {"other", "folder"}


@pytest.mark.parametrize("written", [b"", b"\0", b"\0proc", b"\0process 1 on a computer\n"])
def test_a_lock_of_a_killed_run_is_taken_over(tmp_path, written):
    (tmp_path / LOCK_NAME).write_bytes(written)
    with lock(tmp_path):
        assert (tmp_path / LOCK_NAME).read_bytes()[1:].startswith(b"process %d" % os.getpid())
    assert not list(tmp_path.iterdir())


def _move(folder):
    folder.rename(folder.with_name("moved"))


def _replace(folder):
    _move(folder)
    folder.mkdir()
    (folder / LOCK_NAME).write_text("of another run")


@pytest.mark.parametrize("change", [_move, _replace])
@pytest.mark.parametrize("before", [1, 2])
def test_a_folder_that_is_moved_or_replaced_ends_the_run(tmp_path, change, before):
    """Before the next item, or after the last."""
    folder, done = tmp_path / "results", []

    def work(item):
        done.append(item)
        if len(done) == before:
            change(folder)

    with pytest.raises(LockedError, match=f"{folder} was moved or replaced"), lock(folder) as each:
        list(map(work, each(range(2))))
    assert done == [0, 1][:before]
    assert change is _move or (folder / LOCK_NAME).read_text() == "of another run"


@pytest.mark.parametrize("kind", FOREIGN)
def test_nothing_is_appended_to_a_file_elsewhere(tmp_path, kind):
    other, path = tmp_path / "other", tmp_path / "log.csv"
    other.write_text("precious")
    FOREIGN[kind](path, other)
    with pytest.raises(OSError, match=str(path)):
        files.open_own(path, "a")
    assert other.read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} == {"other", "log.csv"}
