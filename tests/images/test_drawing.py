"""Drawing: sizes, colours, and text that may be anything."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from utils.images.drawing import (
    ERROR_RANGE,
    LINE_HEIGHT,
    colour,
    error_map,
    error_picture,
    grid,
    shrink,
    strip,
    write_text,
)
from utils.radiometry.radiance import inverse_mu_law


@pytest.mark.parametrize("shape", [(300, 1000), (1000, 300, 3), (5000, 2, 3), (481, 481)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_shrinking_bounds_the_longer_side_and_keeps_form_and_mean(shape, dtype):
    image = (200 * np.random.default_rng(0).random(shape)).astype(dtype)
    small = shrink(image, 240)
    assert shrink(small, 240) is small
    assert max(small.shape[:2]) == 240
    height, width = shape[:2]
    assert min(small.shape[:2]) == max(1, round(240 * min(height, width) / max(height, width)))
    assert small.dtype == dtype
    assert small.mean() == pytest.approx(image.mean(), rel=0.01)


@settings(deadline=None)
@given(st.text(st.characters(), max_size=40))
@example("a\udcff\x1b[2J\n\x00b")
@example("x" * 5000)
@example("")
def test_any_text_is_drawn_in_its_line_alone(text):
    picture = np.full((60, 200, 3), 200, np.uint8)
    written = write_text(picture, text, 4)
    assert (picture == 200).all()
    assert (written[LINE_HEIGHT:] == 200).all()
    assert (written[:, :2] == 200).all()
    assert (written <= 200).all()


def test_text_is_black_on_white_and_names_differ():
    lines = [strip(text, 300) for text in ("low, 1x", "high, 16x", "a\udcff", "a\udcfe")]
    assert {line.shape for line in lines} == {(LINE_HEIGHT, 300, 3)}
    assert all(line.min() < 64 and line.max() == 255 for line in lines)
    assert len({line.tobytes() for line in lines}) == len(lines)


def test_a_grid_is_filled_by_rows_and_black_at_its_end():
    panels = [np.full((2, 3, 3), value, np.uint8) for value in (10, 20, 30, 40)]
    picture = grid(panels, 3)
    assert picture.dtype == np.uint8
    assert picture[::2, ::3, 0].tolist() == [[10, 20, 30], [40, 0, 0]]


def test_the_error_is_the_difference_after_the_mu_law():
    truth = np.full((6, 8, 3), inverse_mu_law(0.5))
    result = np.stack([inverse_mu_law(np.full((6, 8), x)) for x in (0.5, 0.56, 0.41)], axis=-1)
    np.testing.assert_allclose(error_map(result, truth), (0.06 + 0.09) / 3)
    np.testing.assert_allclose(error_map(np.full((6, 8, 3), 9.0), np.ones((6, 8, 3))), 0)
    assert error_map(np.zeros((600, 900, 3)), np.ones((600, 900, 3)), 300).shape == (200, 300)


def test_colours_grow_brighter_up_to_the_range_of_errors():
    shown = colour(np.linspace(0, 1.2, 7)[None]).sum(axis=-1, dtype=int)[0]
    assert shown[0] <= 4
    assert (np.diff(shown[:6]) > 0).all()
    assert shown[-1] == shown[-2]
    truth = np.full((4, 4, 3), inverse_mu_law(0.5))
    bright = error_picture(np.full_like(truth, inverse_mu_law(0.5 + ERROR_RANGE)), truth)
    np.testing.assert_array_equal(bright, colour(np.ones((4, 4))))
