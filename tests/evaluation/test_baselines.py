"""Yardsticks, where the right answer is known."""

import dataclasses

import numpy as np
import pytest

from tests.brackets import bracket
from utils.evaluation.baselines import BASELINES
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.scene import Scene, SceneError


def static_scene() -> Scene:
    """A smooth scene that does not move; the reference clips its right quarter."""
    times = np.array([1, 4, 16], np.float32)
    ramp = np.linspace(0.002, 1 / 3, 96, dtype=np.float32)
    radiance = np.broadcast_to(ramp[None, :, None], (64, 96, 3)).copy()
    ldr = np.stack([np.rint(hdr_to_ldr(radiance, time) * 255) for time in times])
    ldr = ldr.astype(np.uint8)
    return Scene(name="static", ldr=ldr, exposure_values=np.log2(times), hdr=radiance)


@pytest.mark.parametrize("name", BASELINES)
def test_a_static_scene_comes_out_right_where_the_reference_does_not_clip(name):
    scene = static_scene()
    result = BASELINES[name](scene)
    assert result.shape == (64, 96, 3)
    assert result.dtype == np.float32
    without_truth = BASELINES[name](dataclasses.replace(scene, hdr=None))
    assert np.isfinite(without_truth).all()
    assert without_truth.min() >= 0
    open_to_all = np.s_[16:-16, 24:60]
    truth = np.asarray(scene.hdr)[open_to_all]
    np.testing.assert_allclose(result[open_to_all], truth, rtol=0.15)


def test_the_reference_alone_loses_what_it_clips():
    result = BASELINES["reference"](static_scene())
    np.testing.assert_allclose(result[:, -20:], 0.25, rtol=1e-5)


@pytest.mark.parametrize("name", ["opencv-debevec", "opencv-robertson"])
@pytest.mark.parametrize("height", [3, 15])
def test_a_scene_too_small_to_be_aligned_is_refused(name, height):
    """OpenCV would end the process."""
    with pytest.raises(SceneError, match=rf"bracket: OpenCV .* 16x16 .*Received: 40x{height}"):
        BASELINES[name](bracket(height, 40))
    assert BASELINES["reference"](bracket(height, 40)).shape == (height, 40, 3)
