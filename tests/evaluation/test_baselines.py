"""Yardsticks, where the right answer is known."""

import dataclasses
import math

import cv2
import numpy as np
import pytest

from tests.brackets import bracket
from utils.evaluation.baselines import ALIGNMENTS, BASELINES
from utils.evaluation.psnr_ssim import psnr
from utils.evaluation.scores import moved, score_alignment
from utils.radiometry.bracket import SOURCE_FRAMES
from utils.radiometry.levels import ldr_to_float
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


@pytest.mark.parametrize("name", ["opencv-debevec", "opencv-robertson", "AlignMTB", "optical flow"])
@pytest.mark.parametrize(("height", "width"), [(3, 40), (15, 40), (8, 100)])
def test_a_scene_too_small_to_be_aligned_is_refused(name, height, width):
    """OpenCV would end the process."""
    message = rf"bracket: OpenCV .* 16x16 .*Received: {width}x{height}"
    with pytest.raises(SceneError, match=message):
        (BASELINES | ALIGNMENTS)[name](bracket(height, width))
    assert BASELINES["reference"](bracket(height, width)).shape == (height, width, 3)


def textured_scene(move) -> Scene:
    """A scene of 120x240 pixels, of which low and high show what `move` makes of the radiance."""
    noise = np.random.default_rng(0).random((120, 240, 3)).astype(np.float32) - 0.5
    texture = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (1, 2, 4, 8, 16))
    radiance = np.clip((texture - np.min(texture)) / np.ptp(texture) / 8, 0.001, 1)
    frames = [hdr_to_ldr(radiance if i == 1 else move(radiance), 4.0**i) * 65535 for i in range(3)]
    return Scene(
        name="textured",
        ldr=np.rint(frames).astype(np.uint16),
        exposure_values=np.array([0, 2, 4], np.float32),
        hdr=radiance,
    )


def shift(image):
    return np.roll(image, (5, -8), (0, 1))


def wave(image):
    rows, columns = np.indices(image.shape[:2], np.float32)
    return cv2.remap(image, columns + 4 * np.sin(rows / 20), rows, cv2.INTER_CUBIC)


@pytest.mark.parametrize(
    ("name", "move", "least"),
    [
        ("AlignMTB", shift, 40),
        ("homography", shift, 45),
        ("optical flow", shift, 34),
        ("optical flow", wave, 34),
    ],
)
def test_an_alignment_undoes_what_it_can_describe(name, move, least):
    scene = textured_scene(move)
    aligned = ALIGNMENTS[name](scene)
    inside = np.s_[16:-16, 16:-16]
    for frame, index in zip(aligned, SOURCE_FRAMES, strict=True):
        expected = hdr_to_ldr(scene.hdr, scene.exposure_times[index])[inside]
        assert psnr(ldr_to_float(scene.ldr[index])[inside], expected) < 35
        assert psnr(frame[inside], expected) > least


@pytest.mark.parametrize("name", ALIGNMENTS)
def test_what_is_aligned_stays(name):
    scene = textured_scene(np.copy)
    numbers = score_alignment(ALIGNMENTS[name](scene), scene)
    assert min(numbers["PSNR low"], numbers["PSNR high"]) > 36
    assert math.isnan(numbers["PSNR low, moved"])
    assert math.isnan(numbers["SSIM high, moved"])


def test_flow_leaves_what_the_source_does_not_show():
    scene = textured_scene(np.copy)
    scene.ldr[1, 40:100, 60:140] = scene.ldr[1, ::-1, ::-1][40:100, 60:140]
    aligned = ALIGNMENTS["optical flow"](scene)
    same = (aligned == ldr_to_float(scene.ldr[[0, 2]])).all(-1)
    assert same[:, 50:90, 70:130].mean() > 0.7


def test_moved_is_where_the_source_differs_from_the_truth():
    scene = textured_scene(np.copy)
    scene.ldr[0, 50:70, 100:120] += 13107  # 0.2
    expected = np.zeros((120, 240), bool)
    expected[47:73, 97:123] = True  # one pixel of the mean, two of the margin
    low, high = moved(scene)
    assert not high.any()
    assert (low & ~expected).sum() == 0
    assert low.sum() > 0.95 * expected.sum()
