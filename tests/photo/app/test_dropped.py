"""Photographs dropped on the page: messages, stops and errors, without networks."""

import pytest

from photo.app.dropped import Dropped
from tests import photos


def _drop(folder, times=photos.TIMES):
    paths = photos.write_bracket(folder / "in", photos.sample(), times).iterdir()
    (folder / "together").mkdir()
    return Dropped.read([*map(str, paths)], folder / "together", {})


@pytest.mark.parametrize("times", [(None, None, None), (0.01, 0.01, 0.01), (None, 0.01, 0.02)])
def test_stops_are_asked_for_where_exif_has_fewer_than_three(tmp_path, times):
    dropped = _drop(tmp_path, times)
    rows, places, said = dropped.table()
    assert [name for name, _ in rows] == ["1.jpg", "2.jpg", "3.jpg"]
    assert places == [0, 1, 2]
    assert "fewer than three exposures for 1.jpg, 2.jpg, 3.jpg" in said[0]


def test_equal_steps_are_not_offered_where_exif_names_the_exposures(tmp_path):
    assert _drop(tmp_path).table()[1] == [None] * 3


@pytest.mark.parametrize("stops", [[["1.jpg"], []], [["1.jpg", "0"], ["2.jpg", "2"]]])
def test_a_table_that_lacks_stops_is_an_error(tmp_path, stops):
    dropped = _drop(tmp_path)
    merged = dropped.merge(
        dropped.brackets[0],
        tmp_path,
        None,  # pyright: ignore[reportArgumentType] -- not reached
        stops=stops,
        reference="automatic",
    )
    assert merged.downloads is None
    assert "Every photograph needs its stops" in merged.said[0]
    assert str(tmp_path) not in merged.said[0]
