"""Uploads of the page: limits, decoding in another process, typed stops."""

import os
import subprocess

import pytest

from photo.app.uploads import ALL_MEGABYTES, MOST_FILES, decoded, linked, typed_stops
from tests import photos


def _files(folder, names, size=1):
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)  # sparse: takes no disk
    return [str(path) for path in paths]


def test_uploads_are_linked_by_name_wherever_they_lie(tmp_path):
    uploads = _files(tmp_path, ["x/b10.jpg", "y/a.jpg", "w/B9.jpg", "together/c"])[:3]
    paths = linked(uploads, tmp_path / "together")
    assert paths == [tmp_path / "together" / name for name in ("a.jpg", "B9.jpg", "b10.jpg")]
    assert paths[0].samefile(uploads[1])


def test_too_many_too_large_equally_named_or_missing_uploads_are_refused(tmp_path):
    uploads = _files(tmp_path, [f"{number:02}.jpg" for number in range(MOST_FILES + 1)])
    with pytest.raises(ValueError, match=f"Received: {MOST_FILES + 1} of"):
        linked(uploads, tmp_path)
    uploads = _files(tmp_path, ["a.jpg", "b.jpg"], size=ALL_MEGABYTES * 10**6 // 2)
    with pytest.raises(ValueError, match="MB together"):
        linked([*uploads, *_files(tmp_path, ["c.jpg"], size=10**6)], tmp_path)
    with pytest.raises(ValueError, match=r"different names\. Received: a\.jpg, a\.jpg"):
        linked(_files(tmp_path, ["x/a.jpg", "y/a.jpg"]), tmp_path)
    with pytest.raises(ValueError, match=r"drop them again\. Received: z\.jpg"):
        linked([*uploads, str(tmp_path / "z.jpg")], tmp_path)


def test_a_photograph_that_takes_too_long_is_named_and_the_others_are_read(tmp_path):
    folder = photos.write_bracket(tmp_path / "in", photos.sample())
    bad, slow = folder / "bad.jpg", folder / "slow.jpg"
    bad.write_bytes(b"no picture")
    os.mkfifo(slow)  # opening it would wait for ever
    paths = [folder / "1.jpg", slow, bad, folder / "2.jpg"]
    seen = decoded(paths, seconds=4)
    assert list(seen) == paths
    assert "in 4 seconds; save it again. Received: slow.jpg" in seen[slow].error
    assert f"Not a readable image. Received: {bad}" in seen[bad].error
    first, second = seen[paths[0]], seen[paths[3]]
    assert first.error == second.error == ""
    assert first.exposure.time == pytest.approx(photos.TIMES[0])
    assert 0 < first.brightness < second.brightness < 1


def test_a_photograph_that_crashes_its_reader_is_named(tmp_path, monkeypatch):
    crashed = subprocess.CompletedProcess([], -11, stdout="")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: crashed)
    (seen,) = decoded([tmp_path / "a.jpg"]).values()
    assert "not crash its reader; save it again. Received: a.jpg, exit code -11" in seen.error


def test_stops_are_typed_with_a_point_or_a_comma():
    assert typed_stops(["0", " 1.5 ", "-2,25"], "abc") == [0.0, 1.5, -2.25]


@pytest.mark.parametrize("text", ["", "two", "nan", "inf", "1/60"])
def test_stops_that_are_no_number_are_named(text):
    with pytest.raises(ValueError, match=rf"Received: a '0', b '{text}', c '4'"):
        typed_stops(["0", text, "4"], "abc")
