"""Every layout of the field loads as the same scene."""

import logging

import numpy as np
import pytest

from photo.reading.inputs import PreparedScenes
from tests.layouts import LAYOUTS, pictures, write
from utils.evaluation.protocols import PROTOCOLS
from utils.images import frames
from utils.radiometry import rgbe
from utils.scenes import folders
from utils.scenes.layouts import find_files


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_loads_as_the_scene_it_was_written_from(tmp_path, layout, caplog):
    write(tmp_path, layout, "001")
    folder = write(tmp_path, layout, "002", seed=1)
    found = folders.find_scenes(tmp_path)
    assert len(found) == 2
    assert found[1] == folder
    assert len([*PreparedScenes([tmp_path], PROTOCOLS["full"])]) == 2
    assert find_files(folder).layout == layout
    with caplog.at_level(logging.WARNING):
        scene = folders.read_scene(folder, tmp_path)
    frames, radiance = pictures(seed=1)
    np.testing.assert_array_equal(scene.ldr, frames)
    np.testing.assert_allclose(scene.exposure_values, [0, 2, 4], atol=1e-6)
    if LAYOUTS[layout][2]:
        np.testing.assert_array_equal(scene.hdr, rgbe.round_to_rgbe(radiance))
    else:
        assert scene.hdr is None
    assert ("times, not stops" in caplog.text) == (layout == "Tursun")
    assert ("counted from the darkest" in caplog.text) == (layout in ("Tursun", "DeepHDR mirror"))


def test_a_scene_of_challenge123_takes_one_frame_of_each_moment(tmp_path):
    folder = write(tmp_path, "Challenge123", "004")
    for moment in (1, 2, 3):  # the data set holds three frames of every moment
        for index in (1, 2, 3):
            path = tmp_path / f"004_{moment}" / f"ldr_img_{index}.tif"
            if not path.exists():
                frames.write_ldr(path, np.zeros((24, 40, 3), np.uint16))
    assert folders.find_scenes(tmp_path) == [folder]
    prepared = PreparedScenes([tmp_path], PROTOCOLS["full"])
    assert [scene.name for scene in prepared] == ["004_2"]
    assert prepared.failures == ()
    np.testing.assert_array_equal(folders.read_scene(folder).ldr, pictures()[0])


def test_other_pictures_beside_named_frames_are_ignored(tmp_path):
    folder = write(tmp_path, "Hu", "001")
    frames.write_ldr(folder / "preview.jpg", np.zeros((4, 4, 3), np.uint8))
    assert folders.read_scene(folder).ldr.shape == (3, 24, 40, 3)
