"""Files of exposures: stops or times, one a line; wrong ones are refused with the reason."""

import codecs

import numpy as np
import pytest

from tests.layouts import pictures
from utils.scenes import exposure_files
from utils.scenes.exposure_files import measure_stops, to_stops


def _frames(stops=(0, 2, 4)):
    return [frame.astype(np.float32) / 65535 for frame in pictures(stops=stops)[0]]


@pytest.mark.parametrize(
    "data",
    [
        *(b"0\n2\n4\n", codecs.BOM_UTF8 + b"0\r\n2\r\n4", b"\n 0 \n\n2\n4\n\n", b"0\r2\r4\r"),
        "0\r\n2\r\n4".encode("utf-16"),
        codecs.BOM_UTF16_BE + "0\n2\n4\n".encode("utf-16-be"),
        b"0,0\r\n2,0\r\n+4,00\r\n",
    ],
)
def test_lines_of_all_editors_are_read(tmp_path, data):
    path = tmp_path / "exposure.txt"
    path.write_bytes(data)
    found = exposure_files.read(path, _frames())
    assert found.values.tolist() == [0, 2, 4]
    assert found.unit == "stops"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("0", "nan", "4"), r"every number must be finite\. Received: \['0', 'nan', '4'\]"),
        (("0", "-Infinity", "4"), "every number must be finite"),
        (("0", "1" * 5000, "4"), r"every number must be finite\. Received: \['0', '1{20}\.\.', "),
        (("0", "1" * 4000 + "/1", "4"), "every number must be finite"),
        (("0", "1" * 5000 + "/1", "4"), "one number a line"),
        (("1/0", "2", "3"), "one number a line"),
        (("0", "two", "4"), "one number a line"),
        (("0", "1,000.5", "4"), "one number a line"),
        (("0", "0,2,4", "4"), "one number a line"),
        (("0" * 10**6, "2", "4"), "a number a line. Received: a file of more than 1000000 bytes"),
        (("0", "2", "2"), "no number may occur twice"),
        (("0", "2"), "a line for each of the 3 frames. Received: 2 lines"),
        (("1000", "250", "60"), "a longer time gives a brighter frame"),
        (("-40", "0", "2"), "24 apart"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_wrong_exposures_are_refused_with_the_reason(tmp_path, lines, message):
    path = tmp_path / "exposure.txt"
    path.write_text("\n".join(lines))
    with pytest.raises(ValueError, match=rf"(?s)exposure\.txt must.*{message}") as error:
        exposure_files.read(path, _frames())
    assert len(str(error.value)) < 300 + len(str(path))


@pytest.mark.parametrize(
    ("lines", "stops", "unit"),
    [
        (["0", "2", "4"], [0, 2, 4], "stops"),
        (["-2", "0", "2"], [-2, 0, 2], "stops"),
        (["1", "3", "5"], [1, 3, 5], "stops"),
        (["1", "4", "16"], [0, 2, 4], "times"),
        (["2", "8", "32"], [1, 3, 5], "times"),
        (["0.5", "2", "8"], [-1, 1, 3], "times"),
        (["1/60", "1/15", "4/15"], np.log2([1 / 60, 1 / 15, 4 / 15]), "times"),
        (["0.001", "0.004", "0.016"], np.log2([0.001, 0.004, 0.016]), "times"),
        (["10", "40", "160"], np.log2([10, 40, 160]), "times"),
    ],
)
def test_the_frames_tell_times_from_stops(lines, stops, unit):
    found = to_stops(lines, _frames())
    np.testing.assert_allclose(found.values, stops)
    assert found.unit == unit


def test_nearly_black_and_nearly_white_frames_may_be_in_any_order_of_brightness():
    grey = [0.02, 0.01, 0.2, 0.6, 0.95, 0.93]
    frames = [np.full((8, 8, 3), value, np.float32) for value in grey]
    lines = ["1/1024", "1/512", "1/32", "1/4", "4", "32"]
    np.testing.assert_allclose(to_stops(lines, frames).values, [-10, -9, -5, -2, 2, 5])
    frames[2], frames[3] = frames[3], frames[2]
    with pytest.raises(ValueError, match="a longer time gives a brighter frame"):
        to_stops(lines, frames)


def test_without_well_exposed_pixels_numbers_are_stops():
    dark = [np.full((8, 8, 3), value, np.float32) for value in (0.01, 0.02, 0.03)]
    assert np.isnan(measure_stops(dark)).all()
    assert to_stops(["1", "4", "16"], dark).unit == "stops"


def test_frames_of_unequal_size_are_not_measured():
    low, mid, high = _frames()
    assert np.isnan(measure_stops([low, mid[:20], high])).all()


def test_stops_are_measured_from_well_exposed_pixels():
    np.testing.assert_allclose(measure_stops(_frames((0, 1.5, 4))), [1.5, 2.5], atol=0.01)


def test_a_contrasty_tone_curve_spoils_measured_stops_less_than_shadows():
    dark, bright = (x * x * (3 - 2 * x) for x in _frames((1, 3, 5))[:2])  # an S-curve
    (measured,) = measure_stops([dark, bright])
    shadow = (dark > 0.01) & (dark < 0.05)
    in_shadows = 2.2 * np.log2(bright[shadow] / dark[shadow])
    assert abs(measured - 2) < 0.6 * abs(np.median(in_shadows) - 2)
