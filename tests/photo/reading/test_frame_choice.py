"""Choice of low, reference and high among photographs."""

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


@pytest.mark.parametrize("shift", [-4, 0, 4])
def test_the_reference_has_the_fewest_clipped_black_and_noisy_pixels(shift):
    stops = np.arange(-6, 7, 2) + shift
    choice = _choose(stops)
    frames = [frame.max(-1) for frame in _bracket(stops)]
    lost = [((x >= 0.98) + (x <= 0.04) / 2 + (x <= 0.1) / 2).mean() for x in frames]
    assert abs(choice.indices[1] - 1 - int(np.argmin(lost[1:-1]))) <= 1
    assert "% of its pixels clipped" in choice.notes[0]


def _flat(*shares):
    """A frame with these shares of pixels that are black, noisy, well exposed and clipped."""
    counts = np.rint(10_000 * np.array(shares)).astype(int)
    flat = np.repeat(np.array([0.02, 0.07, 0.5, 1.0], np.float32), counts)
    return np.repeat(flat.reshape(100, 100, 1), 3, axis=2)


@pytest.mark.parametrize("loss", [(0.5, 0, 0.5, 0), (0, 0.9, 0.1, 0), (0, 0, 0.5, 0.5)])
def test_black_and_noisy_count_as_lost_like_clipped(loss):
    good, bad = _flat(0, 0, 1, 0), _flat(*loss)
    assert _choose([0, 2, 4, 6], frames=[good, bad, good, good]).indices[1] == 2
    assert _choose([0, 2, 4, 6], frames=[good, good, bad, good]).indices[1] == 1


def test_the_middle_frame_wins_and_steps_are_two_to_three_stops():
    frames = [_flat(0, 0, 1, 0)] * 9
    assert _choose(range(9), frames=frames).indices == (2, 4, 6)
    assert _choose(range(0, 18, 2), frames=frames).indices == (3, 4, 5)
    assert _choose([0, 1, 3, 4, 5, 7, 8], frames=frames[:7]).indices == (1, 3, 5)
    assert _choose([0, 1, 5, 9, 10], frames=frames[:5]).indices == (1, 2, 3)


def test_the_darkest_frames_of_a_scene_of_wide_range_are_not_enough():
    # Nine frames, a stop apart, of a room with a bright window: clipped and black by real ones.
    clipped = (0.021, 0.042, 0.100, 0.173, 0.279, 0.381, 0.443, 0.486, 0.572)
    black = (0.301, 0.181, 0.057, 0.004, 0, 0, 0, 0, 0)
    dark = (0.504, 0.380, 0.343, 0.269, 0.164, 0.034, 0.002, 0, 0)
    frames = [_flat(b, d - b, 1 - d - c, c) for c, b, d in zip(clipped, black, dark, strict=True)]
    assert _choose(range(9), frames=frames).indices == (0, 3, 6)


def _garden():
    """Five frames with the shares of pixels of a real bracket: a sunlit garden before dark ivy."""
    shares = [(0.677, 0.530, 0.0), (0.581, 0.397, 0.019), (0.474, 0.176, 0.160)]
    shares += [(0.354, 0.054, 0.198), (0.139, 0.0013, 0.239)]  # below 0.1, black, clipped
    return [
        _flat(black, dark - black, 1 - dark - clipped, clipped) for dark, black, clipped in shares
    ]


def test_neither_an_overexposed_nor_a_black_frame_is_the_reference():
    assert _choose(range(-2, 3), frames=_garden()).indices == (0, 2, 4)


def test_of_pairs_that_have_lost_nothing_the_even_one_is_taken_before_the_narrow_one():
    frames = [np.full((20, 20, 3), 0.5, np.float32)] * 4
    assert _choose([-3, 0, 1, 3], "1.jpg", frames).indices == (0, 1, 3)


@pytest.mark.parametrize("name", ["IMG_2.JPG", "img_2.jpg", "G_2", "a/IMG_2.JPG", r"C:\a\G_2"])
def test_the_reference_can_be_named_by_a_path_or_a_part(name):
    names = [f"IMG_{index}.JPG" for index in range(5)]
    choice = choose(_bracket([0, 1, 2, 3, 4]), np.arange(5.0), names, name)
    assert choice.indices[1] == 2


def test_a_whole_name_without_its_ending_is_no_part_of_others():
    names = ["IMG_10.jpg", "IMG_1.jpg", "IMG_11.jpg"]
    assert choose(_bracket([0, 2, 4]), np.array([0.0, 2, 4]), names, "img_1").indices == (0, 1, 2)


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
