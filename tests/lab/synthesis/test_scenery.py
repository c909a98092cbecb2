"""Synthetic scenes: geometry of views, objects and motion, the sensor, and the truth."""

from typing import Any

import cv2
import numpy as np
import pytest

from lab.synthesis import dynamic_scene, motion, views
from lab.synthesis.objects.foregrounds import OVERSAMPLING, canvas_size, draw_sprite, paste
from lab.synthesis.objects.outlines import Wave, random_outline
from utils.radiometry import radiance


def _noise_map(height, width, seed=0):
    """Blurred noise over four decades, seamless from right to left."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((height, width, 3)).astype(np.float32)
    noise = np.hstack([noise] * 3)
    noise = cv2.GaussianBlur(noise, (0, 0), 1.5)[:, width : 2 * width]
    return views.prepare_map(np.exp(6 * noise))


MAPS = (_noise_map(64, 128), _noise_map(90, 120, 1), _noise_map(64, 128, 2))
SIZE: Any = {"height": 64, "width": 96}


def _scene(seed, *, static=False):
    rng = np.random.default_rng(seed)
    return dynamic_scene.random_scene(MAPS.__getitem__, len(MAPS), rng, static=static, **SIZE)


def _exposed(scene, frame):
    time = 2.0 ** scene.exposure_values[frame]
    return np.rint(255 * radiance.hdr_to_ldr(scene.hdr, time))


def test_prepare_map_scales_the_99th_percentile_to_one():
    radiance = np.random.default_rng(0).random((50, 80, 3)) * 7
    radiance[0, 0] = -1
    log_map = views.prepare_map(radiance)
    assert np.percentile(log_map.max(-1), 99) == pytest.approx(0, abs=1e-5)
    assert log_map.dtype == np.float32
    assert np.exp(log_map[0, 0, 0]) == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("value", "message"), [(np.nan, "finite.*nan"), (np.inf, "finite.*inf"), (0.0, "black")]
)
def test_impossible_map_is_refused(value, message):
    with pytest.raises(ValueError, match=message):
        views.prepare_map(np.full((4, 8, 3), value))


def test_panorama_direction_falls_on_the_pixel_of_the_pinhole_camera():
    width, focal = 512, 60.0
    log_map = np.zeros((width // 2, width, 3), np.float32)
    longitude, latitude = 0.3, 0.2
    u = (longitude / (2 * np.pi) + 0.5) * width - 0.5
    v = (latitude / np.pi + 0.5) * width / 2 - 0.5
    log_map[round(v) - 1 : round(v) + 2, round(u) - 1 : round(u) + 2] = 5
    to_map = np.array([[1 / focal, 0, -39.5 / focal], [0, 1 / focal, -29.5 / focal], [0, 0, 1]])
    image = views.View(log_map=log_map, to_map=to_map, kind="panorama").render(60, 80)
    y, x = divmod(int(image[..., 0].argmax()), 80)
    assert x == pytest.approx(39.5 + focal * np.tan(longitude), abs=1.2)
    assert y == pytest.approx(29.5 + focal * np.tan(latitude) / np.cos(longitude), abs=1.2)


def test_panorama_has_no_seam():
    longitude = (np.arange(256) + 0.5) / 256 * 2 * np.pi
    log_map = np.broadcast_to(np.sin(longitude)[None, :, None], (128, 256, 3))
    focal = 40.0
    ahead = np.array([[1 / focal, 0, -39.5 / focal], [0, 1 / focal, -19.5 / focal], [0, 0, 1]])
    behind = np.diag([-1.0, 1, -1]) @ ahead
    view = views.View(
        log_map=np.ascontiguousarray(log_map, np.float32), to_map=behind, kind="panorama"
    )
    row = np.log(view.render(40, 80)[20, :, 0])
    assert np.abs(np.diff(row, 2)).max() < 0.01
    assert row.min() < -0.5 < 0.5 < row.max()


@pytest.mark.parametrize("shape", [(64, 128), (90, 120), (300, 200)])
@pytest.mark.parametrize(("height", "width"), [(64, 96), (150, 100)])
def test_views_of_any_map_are_positive_and_in_its_range(shape, height, width):
    log_map = np.random.default_rng(0).uniform(-3, 0, (*shape, 3)).astype(np.float32)
    for seed in range(4):
        view = views.random_view(log_map, height, width, np.random.default_rng(seed))
        image = view.render(height, width)
        assert image.shape == (height, width, 3)
        assert image.dtype == np.float32
        assert np.exp(-4.5) < image.min() < image.max() < np.exp(1.5)


def test_photograph_is_cropped_inside_with_room_to_move():
    y, x = np.mgrid[:90, :120].astype(np.float32)
    log_map = np.dstack([x, y, x]) / 100
    for seed in range(10):
        view = views.random_view(log_map, 40, 60, np.random.default_rng(seed))
        shifted = view.render(40, 60, np.array([[1, 0, 1.0], [0, 1, 1.0], [0, 0, 1]]))
        steps = np.log(view.render(40, 60)[1:, 1:]) - np.log(shifted[:-1, :-1])
        np.testing.assert_allclose(steps, 0, atol=1e-4)
        assert np.all(np.diff(np.log(view.render(40, 60)[..., 0]), axis=1) > 0)


def test_homography_of_rest_is_identity_and_shift_is_in_pixels():
    np.testing.assert_allclose(motion.homography(np.zeros(6), (40, 60)), np.eye(3), atol=1e-12)
    moved = motion.homography(np.array([3.0, -2, 0, 0, 0, 0]), (40, 60)) @ [10, 20, 1]
    np.testing.assert_allclose(moved / moved[2], [13, 18, 1])


@pytest.mark.parametrize("seed", range(5))
def test_reference_frame_is_at_rest_and_static_tracks_stay(seed):
    rng = np.random.default_rng(seed)
    camera = motion.random_camera_track(rng, 96, static=False)
    np.testing.assert_array_equal(camera.at(1, 0), np.zeros(6))
    assert np.abs(camera.at(0, 0)).max() > 0
    thing = motion.random_object_track(rng, (64, 96), static=False)
    np.testing.assert_array_equal(thing.at(1, 0), thing.state)
    for track in (
        motion.random_camera_track(rng, 96, static=True),
        motion.random_object_track(rng, (64, 96), static=True),
    ):
        for frame in range(3):
            np.testing.assert_array_equal(track.at(frame, 0.3), track.state)


@pytest.mark.parametrize("seed", range(30))
def test_objects_fit_their_canvas_and_have_soft_edges(seed):
    height = 60.0
    size = canvas_size(height)
    outline = random_outline(np.random.default_rng(seed))
    for time in (-1, 0, 1):
        sprite = draw_sprite(np.ones((size, size, 3), np.float32), outline, time, height)
        alpha = sprite[..., 3]
        assert alpha.min() >= 0
        assert alpha.max() == pytest.approx(1, abs=1e-3)
        assert max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) == 0
        assert np.mean((alpha > 0.1) & (alpha < 0.9)) > 0.005


def test_outline_changes_from_frame_to_frame():
    texture = np.ones((canvas_size(60), canvas_size(60), 3), np.float32)
    for seed in range(8):
        outline = random_outline(np.random.default_rng(seed))
        before, after = (draw_sprite(texture, outline, time, 60)[..., 3] for time in (-1, 1))
        assert np.abs(before - after).mean() > 1e-3


def _disc(height):
    """A white disc of this diameter on its canvas; waves are drawn at 1 / 1.6 of their height."""
    wave = Wave(
        amplitudes=np.zeros(1), phases=np.zeros(1), drifts=np.zeros(1), corners=96, stretch=1
    )
    size = canvas_size(height)
    return draw_sprite(np.ones((size, size, 3), np.float32), wave, 0, height)


@pytest.mark.parametrize("pose", [(40, 30, 0, 0), (33.5, 36.25, 1.0, 0.2)])
def test_paste_puts_the_centre_at_the_pose_and_covers(pose):
    sprite = _disc(48)
    image = paste(np.zeros((64, 96, 3), np.float32), sprite, np.array(pose))[..., 0]
    area = image.sum()
    y, x = np.mgrid[:64, :96]
    assert (image * x).sum() / area == pytest.approx(pose[0], abs=0.1)
    assert (image * y).sum() / area == pytest.approx(pose[1], abs=0.1)
    expected = sprite[..., 3].sum() * (np.exp(pose[3]) / OVERSAMPLING) ** 2
    assert area == pytest.approx(expected, rel=0.01)
    covered = paste(np.full((64, 96, 3), 5, np.float32), sprite, np.array(pose))
    assert covered[round(pose[1]), round(pose[0]), 0] == pytest.approx(1, abs=1e-4)
    assert covered[0, 0, 0] == 5


def test_motion_blur_grows_with_the_exposure_and_keeps_the_light():
    wave = Wave(
        amplitudes=np.zeros(1), phases=np.zeros(1), drifts=np.zeros(1), corners=96, stretch=1
    )
    height = 40.0 * OVERSAMPLING
    size = canvas_size(height)
    thing = dynamic_scene.MovingObject(
        texture=np.ones((size, size, 3), np.float32),
        outline=wave,
        height=height,
        track=motion.Track(
            state=np.array([64.0, 32, 0, 0]),
            rate=np.array([20.0, 0, 0, 0]),
            jitter=np.zeros((3, 4)),
        ),
    )
    still = motion.Track(state=np.zeros(6), rate=np.zeros(6), jitter=np.zeros((3, 6)))
    dark = views.View(
        log_map=np.full((100, 150, 3), -20, np.float32), to_map=np.eye(3), kind="photograph"
    )
    stage = dynamic_scene.Scenery(
        background=dark, scale=1.0, camera=still, objects=[thing], size=(64, 128)
    )
    x = np.arange(128)
    shots = [stage.shot(1, duration)[..., 0] for duration in (0.0, 0.2, 0.6)]
    spreads = [np.average((x - 64) ** 2, weights=shot.sum(0)) for shot in shots]
    # A box of this length, in pixels, from 3 and from 9 sharp renderings.
    for spread, blur, count in ((spreads[1], 4, 3), (spreads[2], 12, 9)):
        expected = blur**2 / 12 * (1 - 1 / count**2)
        assert spread - spreads[0] == pytest.approx(expected, abs=0.25)  # bilinear's own spread
    for shot in shots[1:]:
        assert shot.sum() == pytest.approx(shots[0].sum(), rel=1e-3)
    centres = [(s * x).sum() / s.sum() for s in (stage.shot(f, 0)[32, :, 0] for f in range(3))]
    np.testing.assert_allclose(np.diff(centres), 20, atol=0.1)


@pytest.mark.parametrize("seed", range(4))
def test_sensor_noise_is_shot_and_read_noise(seed):
    levels = np.array([0.05, 0.2, 0.6], np.float32)
    radiance = np.broadcast_to(levels[:, None, None, None], (3, 200, 200, 3)).astype(np.float32)
    ldr = dynamic_scene.sense(radiance, np.ones(3), np.random.default_rng(seed))
    assert ldr.dtype == np.uint8
    light = (ldr / 255.0) ** 2.2
    np.testing.assert_allclose(light.mean((1, 2, 3)), levels, rtol=5e-3)
    step = 2.2 * levels ** (1.2 / 2.2) / 255  # of the quantiser, in light
    variance = light.var((1, 2, 3)) - step**2 / 12
    full_well = (levels[2] - levels[1]) / (variance[2] - variance[1])
    assert 1500 < full_well < 60000
    assert np.all(np.diff(variance) > 0)


def test_sensor_clips():
    radiance = np.stack([np.full((8, 8, 3), value, np.float32) for value in (0.0, 1.5, 3.0)])
    ldr = dynamic_scene.sense(radiance, np.ones(3), np.random.default_rng(0))
    assert ldr[0].max() < 30
    assert ldr[1:].min() == 255


@pytest.mark.parametrize("seed", range(6))
def test_truth_is_the_reference_frame_without_noise(seed):
    scene = _scene(seed)
    assert scene.ldr.shape == (3, 64, 96, 3)
    assert scene.ldr.dtype == np.uint8
    assert scene.hdr.shape == (64, 96, 3)
    assert scene.hdr.dtype == np.float32
    assert 0 <= scene.hdr.min() < scene.hdr.max() <= 1
    difference = scene.ldr[1] - _exposed(scene, 1)
    assert np.abs(difference).mean() < 6
    assert abs(difference.mean()) < 0.7
    assert np.abs(difference)[_exposed(scene, 1) > 100].max() < 40


def test_steps_are_one_to_three_stops():
    for low, high in dynamic_scene.STEPS:
        assert 1 <= low <= 3
        assert 1 <= high - low <= 3


@pytest.mark.parametrize("seed", range(4))
def test_truth_explains_every_frame_of_a_static_scene_only(seed):
    errors = {
        static: max(np.abs(scene.ldr[frame] - _exposed(scene, frame)).mean() for frame in (0, 2))
        for static, scene in ((s, _scene(seed, static=s)) for s in (True, False))
    }
    assert errors[True] < 7
    assert errors[False] > errors[True] + 3


def test_same_generator_same_scene():
    one, same, other = _scene(3), _scene(3), _scene(4)
    np.testing.assert_array_equal(one.ldr, same.ldr)
    np.testing.assert_array_equal(one.hdr, same.hdr)
    assert one.sources == same.sources
    assert np.mean(one.ldr != other.ldr) > 0.5


def test_saturation_is_that_of_a_bracket():
    shares = np.array([(scene.ldr == 255).any(-1).mean((1, 2)) for scene in map(_scene, range(12))])
    low, mid, high = shares.T
    assert low.max() < 0.1
    assert 0.005 < mid.mean() < 0.3
    assert np.all(mid < 0.6)
    assert 0.1 < high.mean() < 0.8


def test_maps_without_texture_are_avoided():
    flat = np.zeros((64, 128, 3), np.float32)
    chosen = [
        dynamic_scene.random_scene(
            (flat, MAPS[0]).__getitem__, 2, np.random.default_rng(seed), static=True, **SIZE
        ).sources[0]
        for seed in range(8)
    ]
    assert chosen == [1] * 8


def test_a_scene_knows_where_its_cameras_were():
    still, moving = _scene(0, static=True), _scene(0)
    np.testing.assert_allclose(
        still.homographies, np.broadcast_to(np.eye(3), (3, 3, 3)), atol=1e-12
    )
    np.testing.assert_allclose(moving.homographies[1], np.eye(3), atol=1e-12)
    assert min(np.abs(moving.homographies[frame] - np.eye(3)).max() for frame in (0, 2)) > 0.1


def test_only_the_exposure_steps_that_are_named():
    found = {
        tuple(
            dynamic_scene.random_scene(
                MAPS.__getitem__,
                len(MAPS),
                np.random.default_rng(seed),
                static=True,
                exposure_steps=(2, 2.5),
                **SIZE,
            ).exposure_values
        )
        for seed in range(8)
    }
    assert found == {(0, 2, 4), (0, 2.5, 5)}


def test_another_gamma_moves_the_other_frames_but_not_the_reference():
    def scene(**fields):
        rng = np.random.default_rng(3)
        return dynamic_scene.random_scene(
            MAPS.__getitem__, len(MAPS), rng, static=True, exposure_steps=(2,), **SIZE, **fields
        )

    plain, other = scene(), scene(gamma_spread=0.2)
    np.testing.assert_array_equal(plain.hdr, other.hdr)
    low, mid, high = (other.ldr.astype(int) - plain.ldr).mean((1, 2, 3))
    assert abs(mid) < 0.5  # only its noise is another
    assert abs(low) > 2
    assert low * high < 0  # nearer to the reference, or farther, on both sides


def test_the_low_frame_is_bright_where_lights_are():
    peaks = [np.quantile(s.hdr.max(-1), 0.99) for s in map(_scene, range(12))]
    assert np.median(peaks) > 0.3


def test_one_map_is_enough_even_a_flat_one():
    flat = np.zeros((64, 128, 3), np.float32)
    scene = dynamic_scene.random_scene(
        lambda _: flat, 1, np.random.default_rng(0), static=False, **SIZE
    )
    assert set(scene.sources) == {0}
