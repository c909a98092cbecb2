"""Choice of low, reference and high among photographs."""

import itertools

import numpy as np
import pytest

from photo.reading.frame_choice import choose
from utils.radiometry.radiance import hdr_to_ldr

RADIANCE = np.linspace(0.0, 1.0, 90 * 120 * 3, dtype=np.float32).reshape(90, 120, 3) ** 3


def _bracket(stops):
    return [hdr_to_ldr(RADIANCE, np.float32(2.0**stop)) for stop in stops]


def _choose(stops, reference=None, frames=None):
    names = [f"{index}.jpg" for index in range(len(stops))]
    return choose(frames or _bracket(stops), np.array(stops, float), names, reference)


def test_the_reference_is_the_best_exposed_less_the_clipped_of_those_with_neighbours():
    stops = [-4, -2, 0, 2, 4, 6, 8]
    choice = _choose(stops)
    good = [
        float(((frame.min(-1) > 0.1) & (frame.max(-1) < 0.9)).mean())
        - float((frame.max(-1) >= 0.98).mean())
        for frame in _bracket(stops)
    ]
    assert choice.indices[1] == 1 + int(np.argmax(good[1:-1]))
    assert "% clipped" in choice.notes[0]


def _garden():
    """Five frames with the shares of pixels of a real bracket: a sunlit garden before dark ivy."""
    shares = [(0.677, 0.530, 0.0), (0.581, 0.397, 0.019), (0.474, 0.176, 0.160)]
    shares += [(0.354, 0.054, 0.198), (0.139, 0.0013, 0.239)]  # below 0.1, black, clipped
    frames = []
    for dark, black, clipped in shares:
        edges = [0, *(round(10_000 * share) for share in (black, dark, 1 - clipped)), 10_000]
        flat = np.empty(10_000, np.float32)
        values = (0.02, 0.07, 0.5, 1.0)
        for (start, end), value in zip(itertools.pairwise(edges), values, strict=True):
            flat[start:end] = value
        frames.append(np.repeat(flat.reshape(100, 100, 1), 3, axis=2))
    return frames


def test_an_overexposed_frame_is_no_reference_and_steps_are_nearly_even():
    assert _choose(range(-2, 3), frames=_garden()).indices == (0, 1, 3)


def test_of_pairs_that_have_lost_nothing_the_even_one_is_taken_before_the_narrow_one():
    frames = [np.full((20, 20, 3), 0.5, np.float32)] * 4
    assert _choose([-3, 0, 1, 3], "1.jpg", frames).indices == (0, 1, 3)


@pytest.mark.parametrize("name", ["IMG_2.JPG", "img_2.jpg", "G_2", "a/IMG_2.JPG", r"C:\a\G_2"])
def test_the_reference_can_be_named_by_a_path_or_a_part(name):
    names = [f"IMG_{index}.JPG" for index in range(5)]
    choice = choose(_bracket([0, 1, 2, 3, 4]), np.arange(5.0), names, name)
    assert choice.indices[1] == 2


def test_of_equal_exposures_the_named_one_is_the_reference():
    assert _choose([0, 2, 2, 4], "2.jpg").indices == (0, 2, 3)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x", "one of a1.jpg, a2.jpg, a3.jpg.*'x', which is in 0"),
        ("a", "'a', which is in 3"),
        ("a3", "darker and a brighter .*a3.jpg of a1.jpg 0, a2.jpg 2, a3.jpg 4 stops"),
    ],
)
def test_a_reference_that_cannot_be_is_refused_with_the_names(name, message):
    with pytest.raises(ValueError, match=message):
        choose(_bracket([0, 2, 4]), np.array([0.0, 2, 4]), ["a1.jpg", "a2.jpg", "a3.jpg"], name)


def test_a_pair_is_no_wider_than_four_stops():
    stops = np.array([-3, -1, 0, 1, 3, 9])
    steps = np.diff(stops[list(_choose(stops).indices)])
    assert ((steps >= 1) & (steps <= 4)).all()


def test_equal_exposures_count_once_and_two_are_too_few():
    assert len(set(_choose([0, 0.05, 2, 4]).indices)) == 3
    assert _choose([4, 0, 2]).notes == ()  # three need no explanation
    with pytest.raises(ValueError, match=r"different exposure.*0\.jpg 0, 1\.jpg 0, 2\.jpg 2"):
        _choose([0, 0, 2])
