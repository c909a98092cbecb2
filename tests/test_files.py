"""Files and folders: complete or absent, whatever happens; and one run in a folder."""

import errno
import os
import socket
import sys
from pathlib import Path

import pytest

from tests import disk
from utils import files
from utils.files import LOCK_NAME, LockedError, complete, complete_folder, lock

ERRORS = (OSError("full"), ValueError("wrong"), KeyboardInterrupt())
OWN = ("a", "b")


def _old_folder(folder):
    """Files `a` and `b` of the caller, one of another script, and a folder inside."""
    (folder / "inside").mkdir(parents=True)
    for name in ("a", "b", "other", "inside/x"):
        (folder / name).write_text("old")


def _texts(folder):
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_text() for path in files}


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


def _updated(path):
    return files.updated_folder(path, OWN)


def _fail(writing, error):
    with writing as partial:
        path = partial / "half" if partial.is_dir() else partial
        path.write_text("half")
        raise error


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    ("write", "name"),
    [*((complete, x) for x in ("s/a", "x/a")), (complete_folder, "x"), (_updated, "s")],
)
def test_an_error_leaves_what_was_there(tmp_path, write, name, error):
    _old_folder(tmp_path / "s")
    before = _texts(tmp_path)
    with pytest.raises(type(error)):
        _fail(write(tmp_path / name), error)
    assert _texts(tmp_path) == before


def test_a_folder_appears_when_it_is_complete(tmp_path):
    with complete_folder(tmp_path / "x" / "v1.5") as partial:
        (partial / "below").mkdir()
        (partial / "below" / "file").write_text("whole")
        assert [path.name for path in (tmp_path / "x").iterdir()] == [".v1.partial.5"]
    assert _texts(tmp_path) == {"x/v1.5/below/file": "whole"}


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch], ids=["folder", "file"])
def test_a_folder_is_never_overwritten(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(FileExistsError, match=rf"never overwritten.*Received: {tmp_path / 'a'}"):
        complete_folder(tmp_path / "a").__enter__()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


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


def test_a_folder_changes_at_once_and_keeps_files_of_others(tmp_path):
    with files.updated_folder(tmp_path / "x" / "s.1", OWN) as partial:
        (partial / "a").write_text("first")
        assert not (tmp_path / "x" / "s.1").exists()
    assert _texts(tmp_path) == {"x/s.1/a": "first"}
    _old_folder(tmp_path / "s")
    with files.updated_folder(tmp_path / "s", OWN) as partial:
        assert _texts(partial) == {"other": "old", "inside/x": "old"}
        files.write_text(partial / "b", "new")
        assert _texts(tmp_path / "s")["a"] == "old"
    assert _texts(tmp_path / "s") == {"b": "new", "other": "old", "inside/x": "old"}
    (tmp_path / "s" / ".settings").write_text("hidden")  # of a photo manager
    with files.updated_folder(tmp_path / "s", OWN):
        pass
    assert _texts(tmp_path / "s") == {".settings": "hidden", "other": "old", "inside/x": "old"}
    assert {path.name for path in tmp_path.iterdir()} == {"s", "x"}


def test_files_of_the_same_names_that_someone_else_wrote_stay(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "a").write_text("a photograph")  # without `b`, which is always written
    with pytest.raises(OSError, match=rf"no other files.*Received: {tmp_path / 's' / 'a'}$"):
        _updated(tmp_path / "s").__enter__()
    assert _texts(tmp_path) == {"s/a": "a photograph"}


def test_links_and_pipes_of_a_folder_stay(tmp_path):
    folder = tmp_path / "s"
    folder.mkdir()
    targets = {"gone": "nowhere", "itself": ".", "up": ".."}
    for name, target in targets.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    (tmp_path / ".s.previous").write_text("of someone else")
    with _updated(folder) as partial:
        (partial / "b").write_text("new")
    assert {path.name for path in folder.iterdir()} == {*targets, "pipe", "b"}
    assert {name: os.readlink(folder / name) for name in targets} == targets  # noqa: PTH115
    assert (folder / "pipe").is_fifo()


def test_without_links_files_are_copied(tmp_path, monkeypatch):
    _old_folder(tmp_path / "s")
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError("no links")))
    with files.updated_folder(tmp_path / "s", OWN):
        pass
    assert _texts(tmp_path / "s") == {"other": "old", "inside/x": "old"}


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


@pytest.mark.parametrize("written", [None, b"", b"\0", b"\0proc", b"\0process 1 on a computer\n"])
def test_a_lock_names_its_process_and_replaces_that_of_a_killed_one(tmp_path, written):
    folder = tmp_path / "new"
    if written is not None:
        folder.mkdir()
        (folder / LOCK_NAME).write_bytes(written)
    holder = f"process {os.getpid()} on {socket.gethostname()}"
    with lock(folder):
        assert [path.name for path in folder.iterdir()] == [LOCK_NAME]
        with pytest.raises(LockedError, match=f"{folder} is in use .*Received: lock of {holder}"):
            lock(folder).__enter__()
    assert not list(folder.iterdir())


def test_a_folder_that_takes_no_files_is_named(tmp_path):
    (tmp_path / "file").touch()
    message = "Nothing can be written to this folder; name another. Received: {}, {}"
    for folder, reason in (("file", "File exists"), ("file/below", "Not a directory")):
        with pytest.raises(OSError, match=message.format(tmp_path / folder, reason)):
            lock(tmp_path / folder).__enter__()


FOREIGN = {
    "link": lambda path, other: path.symlink_to(other),
    "dangling link": lambda path, other: path.symlink_to(other.with_name("elsewhere")),
    "second name": lambda path, other: os.link(other, path),
    "pipe": lambda path, _: os.mkfifo(path),
    "folder": lambda path, _: path.mkdir(),
}


def _append(path):
    files.open_own(path, "a")


def _lock(path):
    lock(path.parent).__enter__()


@pytest.mark.parametrize(
    ("kind", "use"), [*((x, _lock) for x in [*FOREIGN, "text"]), *((x, _append) for x in FOREIGN)]
)
def test_nothing_is_written_to_a_file_of_others(tmp_path, kind, use):
    other, path = tmp_path / "other", tmp_path / "folder" / LOCK_NAME
    other.write_text("precious")
    path.parent.mkdir()
    FOREIGN.get(kind, lambda path, _: path.write_text("precious"))(path, other)
    with pytest.raises(OSError, match=rf"file of this program.*delete it. Received: {path}$"):
        use(path)
    assert other.read_text() == "precious"
    assert kind != "text" or path.read_text() == "precious"
    assert os.path.lexists(path)
    assert {path.name for path in tmp_path.iterdir()} == {"other", "folder"}


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
