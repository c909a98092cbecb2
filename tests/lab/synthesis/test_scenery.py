"""Parts of synthetic scenes: views of maps, motion, objects, cameras, and motion blur."""

import numpy as np
import pytest

from lab.synthesis import cameras, highlights, motion, scenery, views
from lab.synthesis.objects import fine_outlines, strands
from lab.synthesis.objects.foregrounds import OVERSAMPLING, canvas_size, draw_sprite, paste
from lab.synthesis.objects.outlines import Wave
from utils.radiometry.radiance import hdr_to_ldr, ldr_to_hdr

STILL = motion.Track(state=np.zeros(6), rate=np.zeros(6), jitter=np.zeros((3, 6)))


def _checker(shape, squares):
    """Squares of this many pixels a side, of radiance 1 and 1/4."""
    y, x = np.mgrid[: shape[0], : shape[1]] // squares
    return views.prepare_map(np.dstack([np.where((x + y) % 2, 1.0, 0.25)] * 3))


def _disc():
    """A still body; a wave is drawn at 1 / 1.6 of its height."""
    zeros = np.zeros(1)
    return Wave(amplitudes=zeros, phases=zeros, drifts=zeros, corners=96, stretch=1)


def _alpha(outline, height, time=0):
    size = canvas_size(height)
    return draw_sprite(np.ones((size, size, 3), np.float32), outline, time, height)[..., 3]


def test_prepare_map_scales_the_99th_percentile_to_one():
    radiance = np.random.default_rng(0).random((50, 80, 3)) * 7
    radiance[0, 0] = -1
    log_map = views.prepare_map(radiance)
    assert np.percentile(log_map.max(-1), 99) == pytest.approx(0, abs=1e-3)
    assert log_map.dtype == np.float16
    assert np.exp(np.float32(log_map[0, 0, 0])) == pytest.approx(1e-6, rel=0.01)


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


def test_turned_panorama_has_no_seam():
    longitude = (np.arange(512) + 0.5) / 512 * 2 * np.pi
    log_map = np.broadcast_to(np.sin(longitude)[None, :, None], (256, 512, 3))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        row = np.log(views.random_view(log_map, 40, 160, rng).render(40, 160)[20, :, 0])
        assert np.abs(np.diff(row, 2)).max() < 0.01


def test_photograph_is_cropped_inside_with_room_to_move():
    y, x = np.mgrid[:90, :120].astype(np.float32)
    log_map = np.dstack([x, y, x]) / 100
    for seed in range(10):
        view = views.random_view(log_map, 40, 60, np.random.default_rng(seed))
        shifted = view.render(40, 60, np.array([[1, 0, 1.0], [0, 1, 1.0], [0, 0, 1]]))
        steps = np.log(view.render(40, 60)[1:, 1:]) - np.log(shifted[:-1, :-1])
        np.testing.assert_allclose(steps, 0, atol=3e-3)  # remap rounds to 1/32 pixel
        assert np.all(np.diff(np.log(view.render(40, 60)[..., 0]), axis=1) > 0)


def test_expansion_is_identity_below_its_threshold_and_rises_smoothly():
    white = np.linspace(0, 1, 1001)
    expanded = highlights.expand(white)
    below = white <= highlights.THRESHOLD
    np.testing.assert_array_equal(expanded[below], white[below])
    assert expanded[-1] == pytest.approx(highlights.PEAK)
    slope = np.diff(expanded) / np.diff(white)
    assert slope.min() > 0.999
    assert np.abs(np.diff(slope)).max() < 0.1  # no kink


def test_photograph_keeps_its_darks_and_gains_highlights():
    ldr = np.full((80, 120, 3), 100, np.uint8)
    ldr[:40] = 255
    radiance = highlights.photograph_radiance(ldr)
    np.testing.assert_allclose(radiance[60:], ldr_to_hdr(100 / 255, 1), rtol=1e-5)
    assert 3 < radiance[5].max() <= highlights.PEAK
    assert radiance[5].min() > radiance[37].max()  # a clipped area glows from edge to middle


@pytest.mark.parametrize("seed", range(5))
def test_reference_frame_is_at_rest_and_static_cameras_stay(seed):
    rng = np.random.default_rng(seed)
    camera = motion.random_camera_track(rng, 96, static=False)
    np.testing.assert_array_equal(camera.at(1, 0), np.zeros(6))
    assert np.abs(camera.at(0, 0)).max() > 0
    static = motion.random_camera_track(rng, 96, static=True)
    for frame in range(3):
        np.testing.assert_array_equal(static.at(frame, 0.3), static.state)


@pytest.mark.parametrize("seed", range(12))
def test_objects_fit_their_canvas_and_cover_something(seed):
    outline = fine_outlines.random_matted(np.random.default_rng(seed))
    for time in (-1, 0, 1):
        alpha = _alpha(outline, 90, time)
        assert alpha.min() >= 0
        assert alpha.max() > 0.5
        assert max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 0.02


def test_holes_uncover_and_strands_cross_them():
    disc, hole = _disc(), (np.zeros(2), 0.5, _disc())
    bar = strands.Strand(root=(0.0, -0.3), angle=0, length=0.6, thickness=0.04, profile="bar")
    pierced = _alpha(strands.Matted(body=disc, holes=[hole]), 160)
    crossed = _alpha(strands.Matted(body=disc, holes=[hole], strands=[bar]), 160)
    middle = len(pierced) // 2
    assert pierced[middle, middle] == 0
    assert pierced[middle, middle + round(0.22 * 160)] > 0.99
    assert crossed[middle, middle] > 0.9
    assert crossed[middle, middle + 12] == 0


@pytest.mark.parametrize("pose", [(40, 30, 0, 0), (33.5, 36.25, 1.0, 0.2)])
def test_paste_puts_the_centre_at_the_pose_and_covers(pose):
    size = canvas_size(48)
    white = np.ones((size, size, 3), np.float32)
    sprite = draw_sprite(white, strands.Matted(body=_disc()), 0, 48)
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
    height = 40.0 * OVERSAMPLING
    size = canvas_size(height)
    thing = scenery.MovingObject(
        texture=np.ones((size, size, 3), np.float32),
        outline=strands.Matted(body=_disc()),
        height=height,
        track=motion.Track(
            state=np.array([64.0, 32, 0, 0]),
            rate=np.array([20.0, 0, 0, 0]),
            jitter=np.zeros((3, 4)),
        ),
    )
    dark = views.View(
        log_map=np.full((100, 150, 3), -20, np.float32), to_map=np.eye(3), kind="photograph"
    )
    stage = scenery.Scenery(
        background=dark, scale=1.0, camera=STILL, objects=[thing], size=(64, 128)
    )
    x = np.arange(128)
    shots = [stage.shot(1, duration)[..., 0] for duration in (0.0, 0.2, 0.6)]
    spreads = [np.average((x - 64) ** 2, weights=shot.sum(0)) for shot in shots]
    # A box of this length, in pixels, of 3 and of 9 sharp renderings.
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
    ldr = cameras.sense(radiance, np.ones(3), np.random.default_rng(seed), cameras.CAMERAS["noisy"])
    assert ldr.dtype == np.uint8
    light = (ldr / 255.0) ** 2.2
    np.testing.assert_allclose(light.mean((1, 2, 3)), levels, rtol=5e-3)
    step = 2.2 * levels ** (1.2 / 2.2) / 255  # of the quantiser, in light
    variance = light.var((1, 2, 3)) - step**2 / 12
    full_well = (levels[2] - levels[1]) / (variance[2] - variance[1])
    assert 1500 < full_well < 60000
    assert np.all(np.diff(variance) > 0)


def test_clean_camera_is_exact():
    ldr = np.random.default_rng(0).random((3, 20, 30, 3), np.float32)
    rng = np.random.default_rng(1)
    assert cameras.random_defects(rng, 0.0) == cameras.CLEAN
    state = rng.bit_generator.state
    np.testing.assert_array_equal(cameras.store(ldr, cameras.CLEAN, rng), np.rint(255 * ldr))
    assert rng.bit_generator.state == state
    np.testing.assert_array_equal(cameras.reference_radiance(ldr[1], 4.0, 0.0), ldr[1])


@pytest.mark.parametrize("curve", [-0.15, 0.45])
def test_tone_curve_rises_and_the_truth_follows_the_reference(curve):
    y = np.linspace(0, 1, 1001)
    toned = cameras.tone_curve(y, curve)
    assert np.diff(toned).min() > 0
    np.testing.assert_allclose(toned[[0, 500, 1000]], [0, 0.5, 1], atol=1e-12)
    radiance = np.linspace(0.001, 1, 50)
    truth = cameras.reference_radiance(radiance, 4.0, curve)
    stored = cameras.tone_curve(hdr_to_ldr(radiance, 4.0), curve)
    clipped = radiance >= 0.25
    np.testing.assert_allclose(ldr_to_hdr(stored, 4.0)[~clipped], truth[~clipped])
    np.testing.assert_array_equal(truth[clipped], radiance[clipped])
