"""Levels: rounding and truncating, and what is left of a value."""

import numpy as np
import pytest

from utils.radiometry import levels
from utils.radiometry.radiance import ldr_to_hdr

EVERY_8BIT = np.arange(256, dtype=np.uint8)
EVERY_16BIT = np.arange(65536, dtype=np.uint16)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_8_and_16_bits_come_back_from_float(dtype):
    for every, back in ((EVERY_8BIT, levels.to_8bit), (EVERY_16BIT, levels.to_16bit)):
        value = levels.ldr_to_float(every).astype(dtype)
        np.testing.assert_array_equal(back(value), every)
        assert back(value).dtype == every.dtype


def test_the_release_truncates_where_we_round():
    values = np.array([0.0, 100.2, 100.7, 254.9, 255.0], np.float32) / 255
    np.testing.assert_array_equal(levels.truncate_8bit(values), [0, 100, 100, 254, 255])
    np.testing.assert_array_equal(levels.to_8bit(values), [0, 100, 101, 255, 255])
    np.testing.assert_array_equal(
        levels.quantise_8bit(values), levels.ldr_to_float(levels.to_8bit(values))
    )
    assert np.isnan(levels.quantise_8bit(np.array([np.nan], np.float32))).all()


def test_the_divisor_of_16_bits_can_be_65536():
    np.testing.assert_array_equal(levels.ldr_to_float(EVERY_16BIT, 65536) * 65536, EVERY_16BIT)
    assert levels.ldr_to_float(EVERY_16BIT).max() == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_table_of_levels_has_the_bits_of_the_power(dtype):
    generator = np.random.default_rng(0)
    ldr = generator.integers(0, np.iinfo(dtype).max, (31, 17, 3), dtype, endpoint=True)
    time = np.float32(2**1.5)
    expected = ldr_to_hdr(levels.ldr_to_float(ldr), time)
    result = levels.levels_to_hdr(ldr, time)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(levels.levels_to_hdr(levels.ldr_to_float(ldr), time), expected)


@pytest.mark.parametrize("size", [(31, 17), (1, 1), (64, 90)])
def test_the_input_of_a_picture_is_that_of_the_networks(size):
    ldr = np.random.default_rng(0).random((100, 100, 3), np.float32)
    ldr[0, 0] = [0, 1, 0.5]
    ldr = ldr[: size[0], : size[1]]  # a part of a picture, as a tile is
    time = np.float32(2**1.5)
    hdr = ldr_to_hdr(ldr, time)
    joined = levels.join_picture_input(ldr, hdr)
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(joined, levels.join_network_input(ldr, hdr))
    expected = levels.network_input(ldr, time)
    np.testing.assert_allclose(levels.picture_input(ldr, time), expected, atol=1e-6)
