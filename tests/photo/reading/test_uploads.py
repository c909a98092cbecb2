"""Uploads of the page: limits and typed stops."""

import pytest

from photo.reading.uploads import ALL_MEGABYTES, MOST_FILES, checked, typed_stops


def _files(folder, names, size=1):
    paths = [folder / name for name in names]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(size)  # sparse: takes no disk
    return [str(path) for path in paths]


def test_uploads_are_sorted_by_name_wherever_they_lie(tmp_path):
    uploads = _files(tmp_path, ["x/b10.jpg", "y/a.jpg", "w/B9.jpg"])
    assert [path.name for path in checked(uploads)] == ["a.jpg", "B9.jpg", "b10.jpg"]


def test_too_many_too_large_or_equally_named_uploads_are_refused(tmp_path):
    uploads = _files(tmp_path, [f"{number:02}.jpg" for number in range(MOST_FILES + 1)])
    assert len(checked(uploads[:-1])) == MOST_FILES
    with pytest.raises(ValueError, match=f"Received: {MOST_FILES + 1} of"):
        checked(uploads)
    uploads = _files(tmp_path, ["a.jpg", "b.jpg"], size=ALL_MEGABYTES * 10**6 // 2)
    assert len(checked(uploads)) == 2
    with pytest.raises(ValueError, match="MB together"):
        checked([*uploads, *_files(tmp_path, ["c.jpg"], size=10**6)])
    with pytest.raises(ValueError, match=r"different names\. Received: a\.jpg, a\.jpg"):
        checked(_files(tmp_path, ["x/a.jpg", "y/a.jpg"]))


def test_stops_are_typed_with_a_point_or_a_comma():
    assert typed_stops(["0", " 1.5 ", "-2,25"], "abc") == [0.0, 1.5, -2.25]


@pytest.mark.parametrize("text", ["", "two", "nan", "inf", "1/60"])
def test_stops_that_are_no_number_are_named(text):
    with pytest.raises(ValueError, match=rf"Received: a '0', b '{text}', c '4'"):
        typed_stops(["0", text, "4"], "abc")
