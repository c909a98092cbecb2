"""EXIF: stops of light, nonsense counts as missing, and what a result may keep."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from photo.reading.exif import Exposure, exposure_values, kept
from tests.photos import exif
from utils.images.pictures import orientation

_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825


@pytest.mark.parametrize(
    ("time", "iso", "f_number", "stops"),
    [(1.0, 100, 1.0, 0), (0.25, 100, 1.0, -2), (1.0, 800, 1.0, 3), (1.0, 100, 4.0, -4)],
)
def test_exposure_value_is_log2_of_time_times_sensitivity_over_f_number_squared(
    time, iso, f_number, stops
):
    exposure = Exposure.of(exif(time, iso, f_number))
    assert exposure == Exposure(time=time, iso=iso, f_number=f_number)
    assert exposure_values([exposure]) == pytest.approx([stops])


def test_apex_values_stand_in():
    block = Image.Exif()
    block.get_ifd(_EXIF_IFD)[0x9201], block.get_ifd(_EXIF_IFD)[0x9202] = 7.0, 6.0
    assert Exposure.of(block) == Exposure(time=1 / 128, f_number=8.0)


@pytest.mark.parametrize("tag", [0x829D, 0x9202])
def test_an_aperture_of_0_is_unknown(tag):
    block = exif(0.1, f_number=None)
    block.get_ifd(_EXIF_IFD)[tag] = 0.0
    exposure = Exposure.of(block)
    assert exposure == Exposure(time=0.1, iso=100)
    assert exposure_values([exposure, Exposure.of(exif(0.1))])[0] is None


def test_sensitivity_above_65535_stands_in_another_tag():
    block = exif(0.1, 65535)
    block.get_ifd(_EXIF_IFD)[0x8832] = 102400
    assert Exposure.of(block).iso == 102400


NUMBERS = (
    st.none() | st.floats() | st.integers() | st.text() | st.binary() | st.tuples()
    | st.tuples(st.integers(), st.integers())
)  # fmt: skip


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_no_tag_can_break_it_or_give_nonsense(time, iso, f_number, turn):
    block = exif(time, iso, f_number)
    block[0x0112] = turn
    exposure = Exposure.of(block)
    (value,) = exposure_values([exposure])
    assert value is None or math.isfinite(value)
    assert 1 <= orientation(block) <= 8
    assert exposure.describe()
    assert isinstance(kept(block), bytes)


def test_camera_and_date_are_kept_exposure_orientation_and_place_are_not():
    block = exif(0.01, orientation=6)
    block.get_ifd(_GPS_IFD)[1] = "N"
    result = Image.Exif()
    result.load(kept(block))
    assert dict(result).keys() == {0x010F, 0x0110, 0x8298, _EXIF_IFD}
    assert result[0x0110] == "Model 1"
    assert dict(result.get_ifd(_EXIF_IFD)) == {0x9003: "2024:01:02 03:04:05"}
    assert kept(Image.Exif()) == b""
