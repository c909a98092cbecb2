"""Names and places of the frames are the same in the settings."""

from typing import get_args, get_type_hints

from configs import paths
from configs.settings import FusionConfig
from utils.radiometry import bracket


def test_the_stages_are_named_after_the_frames_that_they_align():
    assert list(paths.ALIGNMENT) == list(bracket.SOURCE_FRAME)
    fixed = get_type_hints(FusionConfig)["fixed"]
    assert get_args(get_args(fixed)[0]) == tuple(bracket.SOURCE_FRAME)


def test_low_and_high_stand_around_the_reference():
    assert bracket.FRAMES[bracket.MID_FRAME] == bracket.MID
    assert bracket.SOURCE_FRAMES == (0, 2)
    assert [bracket.ALIGNED_FRAME[side] for side in bracket.SOURCE_FRAME] == [0, 1]
