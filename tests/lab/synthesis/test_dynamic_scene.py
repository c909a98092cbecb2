"""Generator 2: views as sharp as their maps, fine edges, highlights of photographs, cameras."""

import cv2
import numpy as np
import pytest

from lab import places
from lab.synthesis import (
    cameras,
    dynamic_scene,
    highlights,
    motion,
    sharp_scenes,
    views,
)
from lab.synthesis.maps import Kind
from lab.synthesis.objects import fine_outlines, strands
from lab.synthesis.objects.foregrounds import canvas_size, draw_sprite
from lab.synthesis.objects.outlines import Wave
from utils.radiometry.radiance import hdr_to_ldr, ldr_to_hdr


def _checker(shape, squares):
    """Squares of this many pixels a side, of radiance 1 and 1/4, at half precision."""
    y, x = np.mgrid[: shape[0], : shape[1]] // squares
    radiance = np.where((x + y) % 2, 1.0, 0.25)
    return views.prepare_map(np.dstack([radiance] * 3), np.float16)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("shape", [(1024, 2048), (700, 1000)])
def test_detail_of_two_pixels_keeps_its_contrast(shape, seed):
    view = views.sharp_view(_checker(shape, 2), 96, 128, np.random.default_rng(seed))
    assert 0.7 < view.zoom < 1.4
    image = view.render(96, 128)[..., 0]
    middle = image[36:60, 48:80]  # a quarter of the contrast at the least, all of it at zoom 1
    assert np.percentile(middle, 90) > 1.6 * np.percentile(middle, 10)


def test_minified_detail_is_averaged_not_skipped():
    rng = np.random.default_rng(0)
    view = views.sharp_view(_checker((400, 1000), 1), 60, 80, rng, zoom=0.25)
    image = view.render(60, 80)
    assert view.skipped > 3
    assert image.mean() == pytest.approx(0.625, abs=0.02)
    assert image.std() < 0.08


def test_turned_panorama_has_no_seam():
    longitude = (np.arange(512) + 0.5) / 512 * 2 * np.pi
    log_map = np.broadcast_to(np.sin(longitude)[None, :, None], (256, 512, 3))
    for seed in range(8):
        rng = np.random.default_rng(seed)
        row = np.log(views.sharp_view(log_map, 40, 160, rng).render(40, 160)[20, :, 0])
        assert np.abs(np.diff(row, 2)).max() < 0.01


def test_half_precision_gives_the_same_view():
    radiance = np.exp(np.random.default_rng(0).normal(0, 1, (90, 140, 3)))
    images = [
        views.sharp_view(views.prepare_map(radiance, dtype), 40, 60, np.random.default_rng(1))
        for dtype in (np.float16, np.float32)
    ]
    np.testing.assert_allclose(images[0].render(40, 60), images[1].render(40, 60), rtol=0.01)


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


@pytest.mark.parametrize("seed", range(30))
def test_outlines_stay_on_their_canvas_and_have_soft_edges(seed):
    outline = fine_outlines.random_matted(np.random.default_rng(seed))
    size = canvas_size(90)
    for time in (-1, 0, 1):
        sprite = draw_sprite(np.ones((size, size, 3), np.float32), outline, time, 90, 0.5)
        alpha = sprite[..., 3]
        assert alpha.min() >= 0
        assert alpha.max() > 0.5
        assert max(alpha[0].max(), alpha[-1].max(), alpha[:, 0].max(), alpha[:, -1].max()) < 0.02
        assert np.all(sprite[..., :3] >= 0)


def _still_disc(corners=96):
    zeros = np.zeros(1)
    return Wave(amplitudes=zeros, phases=zeros, drifts=zeros, corners=corners, stretch=1)


def test_holes_uncover_and_strands_cross_them():
    disc = _still_disc()
    hole = (np.zeros(2), 0.5, disc)
    bar = strands.Strand(
        root=(0.0, -0.3), angle=0, length=0.6, thickness=0.04, profile="bar", tint=np.ones(3)
    )
    size = canvas_size(160)
    white, middle = np.ones((size, size, 3), np.float32), size // 2
    pierced = draw_sprite(white, strands.Matted(body=disc, holes=[hole]), 0, 160)[..., 3]
    crossed = draw_sprite(white, strands.Matted(body=disc, holes=[hole], strands=[bar]), 0, 160)[
        ..., 3
    ]
    ring = middle + round(0.22 * 160)
    assert pierced[middle, middle] == 0
    assert pierced[middle, ring] > 0.99
    assert crossed[middle, middle] > 0.9
    assert crossed[middle, middle + 12] == 0


def test_hairs_are_thinner_at_their_tips():
    hair = strands.Strand(root=(0.0, 0.5), angle=np.pi, length=0.9, thickness=0.05)
    size = canvas_size(200)
    outline = strands.Matted(strands=[hair])
    alpha = draw_sprite(np.ones((size, size, 3), np.float32), outline, 0, 200)[..., 3]
    widths = alpha.sum(1)
    foot, tip = size // 2 + 80, size // 2 - 60
    assert 7 < widths[foot] < 11
    assert 0.5 < widths[tip] < 0.45 * widths[foot]


def test_standing_objects_move_against_the_camera_the_more_the_nearer():
    camera = motion.Track(
        state=np.zeros(6), rate=np.array([3.0, -1, 0, 0, 0, 0]), jitter=np.zeros((3, 6))
    )
    for depth in (1.0, 2.5):
        track = motion.random_own_track(
            np.random.default_rng(0),
            np.array([20.0, 30]),
            width=100,
            camera=camera,
            depth=depth,
            static=True,
        )
        moved = track.at(2, 0) - track.at(1, 0)
        np.testing.assert_allclose(moved[:2], [-3 * depth, depth])


def test_most_objects_move_by_5_to_150_pixels_of_a_whole_picture():
    rng = np.random.default_rng(0)
    still = motion.Track(state=np.zeros(6), rate=np.zeros(6), jitter=np.zeros((3, 6)))
    rates = [
        motion.random_own_track(rng, np.zeros(2), width=1500, camera=still, depth=1, static=False)
        for _ in range(2000)
    ]
    speeds = np.array([np.hypot(*track.rate[:2]) for track in rates])
    moving = speeds[speeds > 1]
    assert np.mean((moving > 5) & (moving < 150)) > 0.65
    assert 0.1 < np.mean(moving > 150) < 0.3


def test_clean_camera_is_exact():
    ldr = np.random.default_rng(0).random((3, 20, 30, 3), np.float32)
    assert all(
        cameras.random_defects(np.random.default_rng(seed), 0.0) == cameras.CLEAN
        for seed in range(50)
    )
    rng = np.random.default_rng(1)
    state = rng.bit_generator.state
    stored = cameras.store(ldr, cameras.CLEAN, rng)
    np.testing.assert_array_equal(stored, np.rint(255 * ldr))
    assert rng.bit_generator.state == state
    np.testing.assert_array_equal(cameras.reference_radiance(ldr[1], 4.0, 0.0), ldr[1])


def test_defects_have_their_shares_and_leave_the_reference_exposed_as_stated():
    rng = np.random.default_rng(0)
    found = [cameras.random_defects(rng, 0.35) for _ in range(2000)]
    bad = [defects for defects in found if defects != cameras.CLEAN]
    assert 0.27 < len(bad) / 2000 < 0.38
    assert all(abs(error) <= 0.5 for defects in bad for error in defects.exposure_errors)
    assert all(defects.exposure_errors[1] == 0 for defects in bad)
    assert {defects.quality for defects in bad} == {None, *range(85, 98)}


@pytest.mark.parametrize("curve", [-0.15, 0.45])
def test_tone_curve_rises_and_the_reference_tells_the_truth_with_it(curve):
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


def test_jpeg_and_noise_of_colour_stay_small_and_keep_what_is_clipped():
    y, x = np.mgrid[:64, :96] / 96
    frame = np.dstack([x, 0.5 + 0.3 * y, 1 - x]).astype(np.float32)
    frame[:16] = 1
    defects = cameras.Defects(chroma_noise=0.01, quality=90)
    stored = cameras.store(np.stack([frame] * 3), defects, np.random.default_rng(0))
    error = stored.astype(float) / 255 - frame
    assert 0.002 < error[:, 24:].std() < 0.03
    assert stored[:, :8].min() >= 254


def _maps():
    rng = np.random.default_rng(0)
    smooth = [cv2.GaussianBlur(rng.standard_normal((128, 256, 3)), (0, 0), 1.5) for _ in range(3)]
    return [views.prepare_map(np.exp(6 * noise), np.float16) for noise in smooth]


def _scene(seed, **fields):
    maps = _maps()
    kinds = ("sharp", "photograph", "small")
    rng = np.random.default_rng(seed)
    fields = {"static": False, "height": 48, "width": 64} | fields
    return sharp_scenes.random_scene(maps.__getitem__, kinds, rng, **fields)


def test_static_clean_scene_is_its_truth_exposed():
    scene = _scene(3, static=True, exposure_steps=(2,))
    expected = hdr_to_ldr(scene.hdr, np.float32(4))
    clean = scene.hdr.max(-1) < 1
    assert np.abs(scene.ldr[1] / 255 - expected)[clean].mean() < 0.02


def test_scene_of_defects_differs_from_the_clean_one_only_in_its_camera():
    clean, bad = (_scene(5, camera_defects=share) for share in (0.0, 1.0))
    assert clean.sources == bad.sources
    assert np.any(clean.ldr != bad.ldr)
    np.testing.assert_array_equal(clean.exposure_values, bad.exposure_values)


def test_shares_of_kinds_are_kept_among_those_there_are():
    rng = np.random.default_rng(0)
    kinds: list[Kind] = ["sharp" if i == 8 else "small" for i in range(9)]
    shares = {"sharp": 0.6, "photograph": 0.2, "small": 0.2}
    picked = [sharp_scenes._pick(kinds, shares, rng) for _ in range(2000)]
    assert np.mean(np.array(picked) == 8) == pytest.approx(0.75, abs=0.04)
    assert set(picked) == set(range(9))


def test_no_place_is_on_two_sides():
    for test in places.TEST:
        for validation in places.VALIDATION:
            assert test not in validation
            assert validation not in test


def test_mixture_of_steps_is_mostly_of_two_and_three_stops():
    rng = np.random.default_rng(0)
    steps = [dynamic_scene.random_exposure_values(rng, ())[1] for _ in range(1000)]
    assert np.mean(np.isin(steps, [2, 3])) > 0.7
    assert set(steps) == {1, 1.5, 2, 3}
