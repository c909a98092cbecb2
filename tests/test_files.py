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
from utils.files import LOCK_NAME, LockedError, complete, complete_folder, lock, write_together

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
    with complete(folder / "a.png") as file, complete_folder(folder / "b") as inside:
        file.write_text("half")
        (inside / "c").write_text("half")
        started.set()
        time.sleep(600)


def test_what_a_killed_run_leaves_is_harmless(tmp_path):
    (tmp_path / "a.png").write_text("old")
    context = multiprocessing.get_context("spawn")
    started = context.Event()
    process = context.Process(target=_write_for_ever, args=(tmp_path, started))
    process.start()
    assert started.wait(60)
    process.kill()
    process.join()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.partial.png",
        ".b.partial",
        "a.png",
    ]
    assert (tmp_path / "a.png").read_text() == "old"
    with complete(tmp_path / "a.png") as file, complete_folder(tmp_path / "b") as inside:
        file.write_text("new")
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
    write_together(tmp_path, {"c.hdr": lambda path: path.write_text("new")})
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b", "c.hdr"}


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


def _full_disk(path):
    path.write_bytes(b"half")
    raise OSError(errno.ENOSPC, "No space left on device", str(path))


def test_all_files_appear_and_nothing_else(tmp_path):
    writers = {name: lambda path: path.write_text(path.name) for name in ("a.hdr", "a.png")}
    write_together(tmp_path / "new", writers)
    assert {path.name: path.read_text() for path in (tmp_path / "new").iterdir()} == {
        "a.hdr": "a.hdr",
        "a.png": "a.png",
    }


def test_where_a_folder_lies_in_the_way_no_file_appears(tmp_path):
    (tmp_path / "x" / "a.png").mkdir(parents=True)
    writers = {name: lambda path: path.touch() for name in ("x/a.hdr", "x/a.png")}
    with pytest.raises(OSError, match=r"Cannot write a\.hdr.*x/a\.png is a folder"):
        write_together(tmp_path, writers)
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a.png"]


def test_a_full_disk_leaves_the_old_files_and_no_half_ones(tmp_path):
    (tmp_path / "a.hdr").write_text("old")
    with pytest.raises(OSError, match=r"Cannot write a\.hdr.*No space left") as error:
        write_together(tmp_path, {"a.hdr": lambda path: path.write_text("x"), "a.png": _full_disk})
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["a.hdr"]
    assert (tmp_path / "a.hdr").read_text() == "old"


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Cannot write a\.hdr.*file"):
        write_together(tmp_path / "file" / "results", {"a.hdr": lambda _: None})


def test_names_that_are_too_long_are_refused_whole(tmp_path):
    name = "x" * 250
    writers = {f"{name}{end}": lambda path: path.touch() for end in (".hdr", "_sheet.png")}
    with pytest.raises(OSError, match="File name too long"):
        write_together(tmp_path, writers)
    assert not list(tmp_path.iterdir())


def test_the_second_run_is_refused_with_the_name_of_the_first(tmp_path):
    with lock(tmp_path):
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        with pytest.raises(LockedError, match=f"{tmp_path} is in use .*Received: lock of {holder}"):
            lock(tmp_path).__enter__()
    with lock(tmp_path):
        pass


def test_a_lock_goes_with_its_holder(tmp_path):
    with lock(tmp_path / "new"):
        assert [path.name for path in (tmp_path / "new").iterdir()] == [LOCK_NAME]
    assert not list((tmp_path / "new").iterdir())


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


def _hold(folder, held):
    with lock(folder):
        held.set()
        time.sleep(600)


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path):
    context = multiprocessing.get_context("spawn")
    held = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, held))
    process.start()
    assert held.wait(60)
    with pytest.raises(LockedError, match=f"process {process.pid} on"):
        lock(tmp_path).__enter__()
    process.kill()
    process.join()
    assert f"process {process.pid} on" in (tmp_path / LOCK_NAME).read_text()
    with lock(tmp_path):
        assert f"process {os.getpid()} on" in (tmp_path / LOCK_NAME).read_text()
