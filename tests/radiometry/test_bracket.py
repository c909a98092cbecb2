"""Names and places of the frames are the same in all the homes that must not import each other."""

from typing import get_args, get_type_hints

from configs import paths
from configs.settings import FusionConfig
from models import frames
from utils.radiometry import bracket


def test_the_models_have_the_same_names_and_places():
    for name in ("FRAMES", "LOW", "MID", "HIGH", "MERGING", "MID_FRAME", "SOURCE_FRAME"):
        assert getattr(frames, name) == getattr(bracket, name), name


def test_the_stages_are_named_after_the_frames_that_they_align():
    assert list(paths.ALIGNMENT) == list(bracket.SOURCE_FRAME)
    fixed = get_type_hints(FusionConfig)["fixed"]
    assert get_args(get_args(fixed)[0]) == tuple(bracket.SOURCE_FRAME)


def test_low_and_high_stand_around_the_reference():
    assert bracket.FRAMES[bracket.MID_FRAME] == bracket.MID
    assert bracket.SOURCE_FRAMES == (0, 2)
    assert [bracket.ALIGNED_FRAME[side] for side in bracket.SOURCE_FRAME] == [0, 1]
