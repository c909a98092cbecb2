"""What a frame lacks of the reference's view: no bar, no edge, nothing darker than is known."""

import cv2
import numpy as np
import pytest

from utils.camera_motion.gap_filling import seen_from
from utils.radiometry.radiance import hdr_to_ldr

HEIGHT, WIDTH, SHIFT = 240, 320, 30
GAP = (slice(None), slice(0, SHIFT))
SKY = slice(0, 100)


def _radiance(sky):
    """A textured view, wider than a frame, below a bright sky; `(H, W + SHIFT, 3)`."""
    generator = np.random.default_rng(0)
    size = (WIDTH + SHIFT, HEIGHT)
    octaves = [
        cv2.resize(generator.random((HEIGHT // n, size[0] // n, 3), np.float32), size)
        for n in (40, 12, 5)
    ]
    texture = np.mean(octaves, axis=0)
    radiance = 0.2 * texture**2 + 0.005
    radiance[SKY] = sky * (0.9 + 0.2 * texture[SKY])
    return radiance


def _pair(time, sky, dtype: type = np.uint8, curve=lambda ldr: ldr):
    """A frame whose left `SHIFT` columns are missing, the reference, and the whole frame."""
    radiance, largest = _radiance(sky), np.iinfo(dtype).max
    frame, reference = (
        np.rint(largest * curve(hdr_to_ldr(radiance, t))).astype(dtype) for t in (time, 4.0)
    )
    return frame[:, SHIFT:], reference[:, :WIDTH], frame[:, :WIDTH]


def _fill(frame, reference, ratio):
    homography = np.array([[1, 0, SHIFT], [0, 1, 0], [0, 0, 1]], float)
    return seen_from(frame, reference, homography, ratio)[0]


def _error(filled, whole, rows):
    scale = np.iinfo(filled.dtype).max
    gap = (rows, GAP[1])
    return np.abs(filled[gap].astype(float) - whole[gap]).mean() / scale


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_the_reference_clips_is_as_bright_as_the_sky_beside_it(dtype):
    frame, reference, whole = _pair(1.0, 0.6, dtype)
    assert (reference[SKY] == np.iinfo(dtype).max).all()
    filled = _fill(frame, reference, 0.25)
    assert filled.dtype == dtype
    np.testing.assert_array_equal(filled[:, SHIFT:], frame[:, :-SHIFT])
    bar = 0.25 ** (1 / 2.2)  # what the reference says of it, exposed anew
    assert np.abs(whole[SKY] / np.iinfo(dtype).max - bar).mean() > 0.2
    assert _error(filled, whole, SKY) < 0.02


def test_no_edge_is_seen_where_the_gap_begins():
    frame, reference, _ = _pair(1.0, 0.6)
    filled = _fill(frame, reference, 0.25).astype(float)
    steps = np.abs(np.diff(filled, axis=1)).mean(axis=(0, 2))
    assert steps[SHIFT - 1] < 2 * np.median(steps)


def test_a_clipped_gap_is_never_darker_than_the_reference_says():
    frame, reference, _ = _pair(1.0, 0.6)
    frame[:] = 0
    filled = _fill(frame, reference, 0.25)
    assert filled[SKY, :SHIFT].min() == round(255 * 0.25 ** (1 / 2.2))


def test_what_moved_before_the_sky_does_not_darken_it():
    frame, reference, whole = _pair(1.0, 0.6)
    frame[SKY, :20] = 0  # dark where the reference is clipped, so it was not there then
    assert _error(_fill(frame, reference, 0.25), whole, SKY) < 0.03


def test_white_is_filled_from_what_is_white():
    blue = slice(16, 100)

    def frames(time):
        radiance = _radiance(0.8)
        radiance[blue] *= np.array([0.1, 0.2, 0.4])  # of which the reference clips blue alone
        return np.rint(255 * hdr_to_ldr(radiance, time)).astype(np.uint8)

    reference, whole = frames(4.0)[:, :WIDTH], frames(1.0)
    assert (reference[blue][..., 2] == 255).all()
    assert (reference[blue][..., :2] < 230).all()
    filled = _fill(whole[:, SHIFT:], reference, 0.25)
    assert _error(filled, whole, slice(0, 16)) < 0.02


@pytest.mark.parametrize("time", [1.0, 16.0])
def test_what_the_reference_shows_comes_from_it(time):
    frame, reference, whole = _pair(time, 0.2, np.uint16)
    assert _error(_fill(frame, reference, time / 4), whole, slice(None)) < 0.01


@pytest.mark.parametrize("time", [1.0, 16.0])
def test_another_tone_curve_leaves_no_edge(time):
    frame, reference, whole = _pair(time, 0.2, curve=lambda ldr: ldr * ldr * (3 - 2 * ldr))
    assert _error(_fill(frame, reference, time / 4), whole, slice(110, None)) < 0.03


def test_what_a_brighter_frame_clips_is_white():
    frame, reference, _ = _pair(16.0, 0.6)
    assert _fill(frame, reference, 4.0)[SKY].min() == 255


def test_without_gaps_nothing_is_filled():
    _, reference, whole = _pair(1.0, 0.6)
    frame, gaps = seen_from(whole, reference, np.eye(3), 0.25)
    np.testing.assert_array_equal(frame, whole)
    assert gaps is None


def test_gaps_are_named_with_those_of_before():
    frame, reference, _ = _pair(1.0, 0.6)
    hole = np.zeros(frame.shape[:2], bool)
    hole[20:40, 60:90] = True
    homography = np.array([[1, 0, SHIFT], [0, 1, 0], [0, 0, 1]], float)
    _, gaps = seen_from(frame, reference, homography, 0.25, hole)
    expected = np.zeros_like(hole)
    expected[:, :SHIFT] = expected[20:40, 60 + SHIFT : 90 + SHIFT] = True
    np.testing.assert_array_equal(gaps, expected)
