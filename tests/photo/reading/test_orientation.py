"""Orientation tags that contradict the other photographs and the pixels."""

import numpy as np
import pytest

from photo.reading.brackets.headers import read_header
from photo.reading.brackets.orientation import turned
from photo.reading.folder import read_photographs
from tests import photos
from utils.radiometry.levels import ldr_to_float, to_8bit

FRAMES = photos.sample()


def _tagged(folder, frames, tags, suffix):
    """Photographs of upright frames, stored as the tag of the second says, with tags of their own.

    A tag of None is left out.
    """
    folder.mkdir()
    for index, (frame, tag, time) in enumerate(zip(frames, tags, photos.TIMES, strict=True)):
        block = photos.exif(time, orientation=tag or 1)
        if tag is None:
            del block[0x0112]
        photos.write(folder / f"{index}{suffix}", turned(frame, tags[1], tag or 1), block)
    return folder


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize(
    "tags", [(3, 1, 1), (8, 6, 6), (1, 6, 6), (None, 6, 6), (6, 1, 1), (6, 8, 8), (1, 3, 3)]
)
@pytest.mark.parametrize("place", [0, 2])
def test_one_odd_tag_is_named_and_overruled(tmp_path, tags, place, suffix):
    tags = tags if place == 0 else tags[::-1]
    scene = read_photographs(_tagged(tmp_path / "a", FRAMES, tags, suffix))
    assert np.abs(ldr_to_float(scene.ldr) - ldr_to_float(FRAMES)).mean() < 0.03
    (warning,) = scene.warnings
    said = f"{place}{suffix} has the orientation tag {tags[place] or 1}, the others {tags[1]}; its"
    assert warning.startswith(said)


@pytest.mark.parametrize("tags", [(3, 1, 1), (1, 3, 3), (6, 8, 8), (6, 1, 1)])
def test_a_tag_that_the_pixels_confirm_is_used(tmp_path, tags):
    folder = tmp_path / "a"
    folder.mkdir()
    for index, (frame, tag, time) in enumerate(zip(FRAMES, tags, photos.TIMES, strict=True)):
        photos.write(folder / f"{index}.png", frame, photos.exif(time, orientation=tag))
    scene = read_photographs(folder)
    assert not scene.warnings
    np.testing.assert_array_equal(scene.ldr, to_8bit(FRAMES))


def test_a_photograph_of_another_thing_keeps_its_tag(tmp_path):
    other = np.random.default_rng(1).integers(0, 65535, FRAMES[0].shape, np.uint16)
    folder = _tagged(tmp_path / "a", [other, *FRAMES[1:]], (6, 1, 1), ".png")
    with pytest.raises(ValueError, match=r"one size, upright.*0\.png 64x96"):
        read_photographs(folder)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_a_headers_size_is_upright(tmp_path, suffix):
    for tag in (1, 3, 6, 8):
        path = tmp_path / f"{tag}{suffix}"
        if suffix == ".tif":
            photos.write_tiff(path, FRAMES[0], photos.Exposure(time=0.01), tag)
        else:
            photos.write(path, FRAMES[0], photos.exif(0.01, orientation=tag))
        header = read_header(path)
        assert (header.size, header.orientation) == ((96, 64), tag)
