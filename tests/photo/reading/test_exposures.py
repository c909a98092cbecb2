"""Sources of exposures: their order, leftovers that lose, and EXIF that says nothing."""

import re

import numpy as np
import pytest

from photo.reading.exif import Exposure
from photo.reading.exposures import ExposureError, find_exposures
from tests import photos
from utils.radiometry.levels import ldr_to_float

NAMES = ("IMG_9.jpg", "IMG_10.jpg", "img_11.jpg")
FRAMES = list(ldr_to_float(photos.sample()))
BRACKET = [Exposure(time=2.0**stop / 400, f_number=8.0, iso=100) for stop in (0, 2, 4)]
UNKNOWN = [Exposure()] * 3


@pytest.fixture
def write(tmp_path):
    """Writes `exposure.txt`; returns its path."""

    def written(text):
        path = tmp_path / "exposure.txt"
        path.write_text(text)
        return path

    return written


def test_lines_go_by_name_and_given_stops_by_the_order_of_the_photographs(write):
    path = write("0\n2\n4\n")
    names, frames = NAMES[::-1], FRAMES[::-1]
    found = find_exposures(path, names, UNKNOWN, None, frames)
    assert found.values.tolist() == [4, 2, 0]
    assert find_exposures(path, names, UNKNOWN, (0, 2, 4), frames).values.tolist() == [0, 2, 4]


@pytest.mark.parametrize("text", ["0\n3\n6\n", "0\n1\n2\n", "4\n2\n0\n"])
def test_a_file_that_contradicts_exif_and_pixels_loses_with_a_warning(write, text):
    found = find_exposures(write(text), NAMES, BRACKET, None, FRAMES)
    assert (found.source, np.ptp(found.values)) == ("EXIF", 4)
    (warning,) = found.warnings
    assert f"exposure.txt says {' '.join(text.split())} stops, but EXIF 0 2 4" in warning
    assert "Remove the file, or give the stops with --exposures" in warning


def test_a_file_wins_over_exif_where_the_pixels_agree_with_it_or_say_nothing(write):
    wrong = [Exposure(time=2.0**stop / 400, f_number=8.0, iso=100) for stop in (0, 3, 6)]
    black = [np.full_like(frame, 0.01) for frame in FRAMES]
    for text, exif, frames in (("0\n2\n4\n", wrong, FRAMES), ("0\n3\n6\n", BRACKET, black)):
        found = find_exposures(write(text), NAMES, exif, None, frames)
        assert found.source == "exposure.txt"
        assert found.values.tolist() == [float(line) for line in text.split()]
        assert "exposure.txt is used" in found.warnings[0]


def test_one_exposure_in_exif_for_visibly_different_photographs_is_named(write):
    one = BRACKET[:1] * 3
    message = (
        r"EXIF gives photographs of different brightness the same exposure.*exposure\.txt.*"
        r"--exposures 0 2 4\. Received: IMG_9\.jpg 1/400 s, f/8, ISO 100, IMG_10"
    )
    with pytest.raises(ExposureError, match=message):
        find_exposures(None, NAMES, one, None, FRAMES)
    with pytest.raises(ExposureError, match="of different brightness"):
        find_exposures(None, NAMES, [*BRACKET[:1] * 2, BRACKET[1]], None, FRAMES)
    assert np.ptp(find_exposures(None, NAMES, one, None, FRAMES[:1] * 3).values) == 0
    assert find_exposures(write("0\n2\n4"), NAMES, one, None, FRAMES).values.tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("field", "received"),
    [("f_number", "1/400 s, no aperture, ISO 100"), ("iso", "1/400 s, f/8, no ISO")],
)
def test_a_value_that_only_some_photographs_lack_is_named(field, received):
    lacking = Exposure(**{"time": 1 / 400, "f_number": 8.0, "iso": 100, field: None})
    with pytest.raises(ExposureError, match=re.escape(f"Received: IMG_9.jpg {received}, IMG_10")):
        find_exposures(None, NAMES, [lacking, *BRACKET[1:]], None, FRAMES)
