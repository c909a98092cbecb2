"""Whole synthetic scenes: exposure, motion, the truth, and what they are made of."""

from typing import Any

import cv2
import numpy as np
import pytest

from lab import make_scenes
from lab.synthesis import dynamic_scene, views
from lab.synthesis.cameras import CAMERAS
from lab.synthesis.maps import Kind
from utils.radiometry.radiance import hdr_to_ldr

SIZE: Any = {"height": 64, "width": 96}
KINDS: tuple[Kind, ...] = ("sharp", "photograph", "small")


def _noise_map(seed):
    """Blurred noise over four decades, seamless from right to left."""
    noise = np.random.default_rng(seed).standard_normal((128, 256, 3))
    noise = cv2.GaussianBlur(np.hstack([noise] * 3), (0, 0), 1.5)[:, 256:512]
    return views.prepare_map(np.exp(6 * noise))


MAPS = tuple(map(_noise_map, range(3)))


def _scene(seed, *, maps=MAPS, kinds=KINDS, static=False, **fields):
    rng = np.random.default_rng(seed)
    return dynamic_scene.random_scene(maps.__getitem__, kinds, rng, static=static, **SIZE | fields)


def _error(scene, frame):
    """Difference of a frame from the truth exposed like it, in 8-bit levels."""
    time = 2.0 ** scene.exposure_values[frame]
    return scene.ldr[frame] - np.rint(255 * hdr_to_ldr(scene.hdr, time))


@pytest.mark.parametrize("seed", range(6))
def test_truth_is_the_reference_frame_without_noise(seed):
    scene = _scene(seed)
    assert scene.ldr.shape == (3, 64, 96, 3)
    assert scene.ldr.dtype == np.uint8
    assert scene.hdr.shape == (64, 96, 3)
    assert scene.hdr.dtype == np.float32
    assert 0 <= scene.hdr.min() < scene.hdr.max() <= 1
    assert np.abs(_error(scene, 1)).mean() < 6
    assert abs(_error(scene, 1).mean()) < 0.7


@pytest.mark.parametrize("seed", range(4))
def test_truth_explains_every_frame_of_a_static_scene_only(seed):
    still, moving = (_scene(seed, static=static) for static in (True, False))
    errors = [
        max(np.abs(_error(scene, side)).mean() for side in (0, 2)) for scene in (still, moving)
    ]
    assert errors[0] < 7
    assert errors[1] > errors[0] + 3
    identity = np.broadcast_to(np.eye(3), (3, 3, 3))
    np.testing.assert_allclose(still.homographies, identity, atol=1e-12)
    np.testing.assert_allclose(moving.homographies[1], np.eye(3), atol=1e-12)
    assert np.abs(moving.homographies[[0, 2]] - np.eye(3)).max((1, 2)).min() > 0.1


def test_saturation_is_that_of_a_bracket():
    scenes = [_scene(seed) for seed in range(12)]
    shares = np.array([(scene.ldr == 255).any(-1).mean((1, 2)) for scene in scenes])
    low, mid, high = shares.T
    assert low.max() < 0.1
    assert 0.005 < mid.mean() < 0.4
    assert np.all(mid < 0.6)
    assert 0.1 < high.mean() < 0.85
    assert np.median([np.quantile(scene.hdr.max(-1), 0.99) for scene in scenes]) > 0.3


def test_exposure_steps_are_those_given_or_a_mixture_mostly_of_two_and_three():
    rng = np.random.default_rng(0)
    mixture = CAMERAS["all"]
    draw = dynamic_scene.random_exposure_values
    given = {tuple(draw(rng, (2, 2.5), mixture)) for _ in range(20)}
    assert given == {(0, 2, 4), (0, 2.5, 5)}
    low, high = np.diff([draw(rng, (), mixture) for _ in range(1000)]).T
    assert np.mean(np.isin(low, [2, 3])) > 0.7
    assert set(low) == {1, 1.5, 2, 3, 4}
    assert set(high) == {1, 1.5, 2, 3, 4}


def test_camera_defects_change_nothing_but_the_camera():
    clean, bad = (_scene(5, camera_defects=share) for share in (0.0, 1.0))
    assert clean.sources == bad.sources
    assert np.any(clean.ldr != bad.ldr)
    np.testing.assert_array_equal(clean.exposure_values, bad.exposure_values)


def test_no_place_is_on_two_sides():
    for test in make_scenes.TEST:
        for validation in make_scenes.VALIDATION:
            assert test not in validation
            assert validation not in test
