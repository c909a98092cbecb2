"""Tone mapping: bounds, scale, order; black stays black."""

from typing import get_args

import cv2
import numpy as np
import pytest

from configs.settings import ToneName
from photo.showing.fusion import luminance
from photo.showing.tone import tone_map
from utils.images.drawing import shrink
from utils.radiometry.radiance import GAMMA, inverse_mu_law

OPERATORS = get_args(ToneName)


def _radiance():
    return np.random.default_rng(0).random((64, 80, 3)).astype(np.float32) ** 6


@pytest.mark.parametrize("operator", OPERATORS)
def test_pictures_use_the_range_and_no_colour_is_swapped(operator):
    hdr = _radiance()
    hdr[:20, :20] *= np.array([1, 0.1, 0.01], np.float32)
    shown = tone_map(hdr, operator)
    assert shown.dtype == np.uint8
    assert shown.shape == hdr.shape
    assert 60 < shown.mean() < 200
    red, green, blue = shown[:20, :20].reshape(-1, 3).mean(0)
    assert red > green > blue


@pytest.mark.parametrize("operator", ["fusion", "reinhard"])
def test_the_scale_of_radiance_does_not_matter(operator):
    hdr = _radiance() + np.float32(1e-3)
    difference = tone_map(hdr, operator).astype(int) - tone_map(hdr / 8, operator)
    assert np.abs(difference).max() <= 1


def test_reinhard_keeps_the_order_of_grey_values():
    grey = np.geomspace(1e-4, 1, 256, dtype=np.float32).reshape(16, 16, 1).repeat(3, axis=2)
    assert (np.diff(tone_map(grey, "reinhard")[..., 0].ravel().astype(int)) >= 0).all()


def _scene(height, width):
    """A dark half and one a hundred times as bright, both with smooth detail; black in a corner."""
    y, x = np.mgrid[0:height, 0:width] / height
    light = np.where(x < 0.7, 0.01, 1.0) * (0.6 + 0.4 * np.sin(20 * x) * np.sin(15 * y))
    light[: height // 8, : height // 8] = 0
    return (light[..., None] * [1.0, 0.8, 0.6]).astype(np.float32)


def test_fusion_keeps_the_order_of_places_and_opens_shadows_without_a_veil():
    hdr = _scene(300, 400)
    shown = tone_map(hdr, "fusion").astype(int)
    dark, bright = shown[100:, 20:190, 0], shown[:, 230:, 0]
    assert bright.mean() > dark.mean() + 20
    assert dark.mean() > tone_map(hdr, "reinhard")[100:, 20:190, 0].mean()
    assert shown[:30, :30].max() <= 4
    assert np.percentile(shown, 99.5) > 235
    rises = np.diff(hdr[200, 20:190, 0]) > 1e-4
    assert (np.diff(shown[200, 20:190, 0])[rises] >= -1).all()


def _lifted(patch):
    """A dark patch beside a bright half, and the linear values that it is shown with."""
    hdr = np.ones((200, 300, 3), np.float32)
    hdr[:, 150:] = patch
    hdr[:16] = 0  # the patch is not the darkest
    shown = tone_map(hdr, "fusion")[20:180, 170:280] / 255
    return hdr[20:180, 170:280], shown.astype(np.float32) ** GAMMA


@pytest.mark.parametrize("colour", [(2.0, 0.8, 0.3), (0.4, 1.2, 0.7), (1.1, 0.7, 3.0)])
def test_a_dark_colour_keeps_hue_and_saturation_when_it_is_lifted(colour):
    patch, shown = _lifted(np.array(colour) / 200)
    lift = np.log2(luminance(shown) / luminance(patch)).mean()
    assert lift > 3
    (hue, saturation, _), (shown_hue, shown_saturation, _) = (
        cv2.cvtColor(x.mean((0, 1))[None, None], cv2.COLOR_RGB2HSV)[0, 0] for x in (patch, shown)
    )
    assert abs(shown_hue - hue) < 5
    assert 0.75 < shown_saturation / saturation < 1


def test_noise_of_colours_is_damped_in_lifted_shadows_and_detail_is_kept():
    noise = np.random.default_rng(0).normal(1, 0.15, (200, 150, 3))
    detail = 1 + 0.3 * np.sin(np.arange(150) / 3)[None, :, None]
    patch, shown = _lifted(noise * detail / 200)
    colours = [(x / luminance(x)[..., None]).std((0, 1)).mean() for x in (patch, shown)]
    lightness = [np.log2(luminance(x)).std() for x in (patch, shown)]
    assert colours[1] < colours[0] / 2
    assert lightness[1] > 0.7 * lightness[0]


def test_fusion_adds_up_its_exposures_in_one_order(monkeypatch):
    """OpenCV's threads add up in the order in which they end; bits would differ run by run."""
    fusion, counts = cv2.createMergeMertens(1.0, 1.0, 1.0), []

    class Watched:
        @staticmethod
        def process(exposures):
            counts.append(cv2.getNumThreads())
            return fusion.process(exposures)

    monkeypatch.setattr(cv2, "createMergeMertens", lambda *_: Watched)
    before = cv2.getNumThreads()
    tone_map(_radiance(), "fusion")
    assert counts == [1]
    assert cv2.getNumThreads() == before


def test_fusion_leaves_no_halo_at_a_flat_edge():
    hdr = np.full((200, 300, 3), 0.01, np.float32)
    hdr[:, 150:] = 1.0
    row = tone_map(hdr, "fusion")[100, :, 0].astype(int)
    assert np.ptp(row[:150]) <= 12
    assert np.ptp(row[150:]) <= 12
    assert row[149] + 60 < row[150]


def test_fusion_of_a_large_picture_is_that_of_a_small_one_and_keeps_its_detail():
    """A picture above 1600 pixels a side takes the gain of its reduced self."""
    large = _scene(1200, 3200)
    reduced = shrink(tone_map(large, "fusion"), 1600).astype(int)
    difference = np.abs(reduced - tone_map(shrink(large, 1600), "fusion"))
    assert difference.mean() < 1
    assert np.percentile(difference, 99) <= 4
    large[600:, ::2] *= 0.5  # lines of one pixel, which the reduced picture cannot show
    shown = tone_map(large, "fusion")[610:1190, 100:2200, 1].astype(float)
    ratio = (shown[:, ::2] / shown[:, 1::2]) ** GAMMA
    assert np.median(ratio) == pytest.approx(0.5, abs=0.12)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("value", [0.0, -1.0, 1.0])
def test_flat_pictures_give_flat_finite_pictures(operator, value):
    assert tone_map(np.full((1, 1, 3), value, np.float32), operator).shape == (1, 1, 3)
    shown = tone_map(np.full((20, 30, 3), value, np.float32), operator)
    assert np.ptp(shown) == 0
    assert (shown.max() == 0) == (value <= 0)


def test_the_mu_law_is_rounded_and_clipped():
    levels = np.arange(256, dtype=np.float32)
    hdr = inverse_mu_law(levels / 255).reshape(16, 16, 1).repeat(3, axis=2)
    np.testing.assert_array_equal(tone_map(hdr, "mu-law")[..., 0].ravel(), levels)
    assert tone_map(np.array([[[-0.5, 1.5, 1.0]]]), "mu-law").tolist() == [[[0, 255, 255]]]
