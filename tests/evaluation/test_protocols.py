"""Evaluation protocols: frames, truth and numbers."""

import dataclasses
import math
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np
import pytest

from configs.settings import ProtocolName, SixteenBits
from tests.brackets import bracket
from utils.evaluation.protocols import PROTOCOLS, configured
from utils.evaluation.psnr_ssim import psnr, ssim
from utils.evaluation.scores import score_alignment, score_full, score_ntire, score_release
from utils.radiometry.levels import ldr_to_float, to_8bit
from utils.radiometry.radiance import hdr_to_ldr, mu_law
from utils.scenes.folders import read_scene
from utils.scenes.scene import SceneError

GOLDEN = Path(__file__).parents[1] / "golden"


def _pair():
    truth = bracket().hdr
    noise = np.random.default_rng(1).normal(0, 0.01, truth.shape).astype(np.float32)
    return np.clip(truth + noise, 0, None), truth  # above 1 in places


def test_only_the_leaking_protocol_leaks_and_its_title_says_so():
    assert set(PROTOCOLS) == set(get_args(ProtocolName))
    leaking = [name for name, protocol in PROTOCOLS.items() if protocol.leak]
    assert leaking == ["release-leak"]
    assert PROTOCOLS["release-leak"].title == "release-leak (LEAKS GROUND TRUTH)"
    scene = bracket()
    for name, protocol in PROTOCOLS.items():
        assert (protocol.leaked_reference(scene) is not None) == (name in leaking)


def test_full_leaves_the_scene_as_it_is():
    scene = bracket()
    assert PROTOCOLS["full"].prepare(scene) is scene
    assert (PROTOCOLS["full"].tile, PROTOCOLS["hdr-transformer"].tile) == (0, 256)
    ldr = ldr_to_float(scene.ldr)
    assert PROTOCOLS["full"].quantise_frames(ldr) is ldr
    assert PROTOCOLS["full"].quantise_aligned(ldr) is ldr


@pytest.mark.parametrize("name", ["release", "release-leak"])
def test_release_resizes_8_bit_frames_and_truth_to_1344x896(name):
    scene = bracket(100, 150)
    prepared = PROTOCOLS[name].prepare(scene)
    assert prepared.ldr.shape == (3, 896, 1344, 3)
    frame = np.rint(scene.ldr[2] / 257).astype(np.float32) / 255
    expected = cv2.resize(frame, (1344, 896), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(ldr_to_float(prepared.ldr[2]), expected, atol=1e-5)
    np.testing.assert_array_equal(prepared.hdr, cv2.resize(scene.hdr, (1344, 896)))


def test_release_truncates_frames_and_rounds_aligned_frames():
    protocol = PROTOCOLS["release"]
    values = np.array([0.0, 100.7, 101.0, 254.99, 255.0], np.float32) / 255
    np.testing.assert_allclose(protocol.quantise_frames(values) * 255, [0, 100, 101, 254, 255])
    np.testing.assert_allclose(protocol.quantise_aligned(values) * 255, [0, 101, 101, 255, 255])
    levels = ldr_to_float(np.arange(256, dtype=np.uint8))
    for quantise in (protocol.quantise_frames, protocol.quantise_aligned):
        np.testing.assert_array_equal(quantise(levels), levels)


def test_the_leak_is_the_truth_exposed_like_the_reference():
    scene = bracket()
    leaked = PROTOCOLS["release-leak"].leaked_reference(scene)
    assert leaked is not None
    expected = np.floor(255 * hdr_to_ldr(scene.hdr, np.float32(4))) / 255
    np.testing.assert_allclose(leaked, expected, atol=1e-6)
    assert PROTOCOLS["release-leak"].leaked_reference(bracket(truth=False)) is None


def test_crop_takes_the_centre_and_refuses_a_smaller_scene():
    scene = bracket(1000, 1500, dtype=np.uint8)
    prepared = PROTOCOLS["crop-1440x960"].prepare(scene)
    np.testing.assert_array_equal(prepared.ldr, scene.ldr[:, 20:980, 30:1470])
    np.testing.assert_array_equal(prepared.hdr, scene.hdr[20:980, 30:1470])
    with pytest.raises(SceneError, match=r"Scene bracket: .*1440x960.* Received: 1500x900"):
        PROTOCOLS["crop-1440x960"].prepare(bracket(900, 1500, dtype=np.uint8))


def test_what_16_bits_are_divided_by_is_a_setting():
    scene = bracket()
    frames = {bits: configured("full", bits).prepare(scene).ldr for bits in get_args(SixteenBits)}
    np.testing.assert_array_equal(frames["8"], to_8bit(scene.ldr))
    np.testing.assert_array_equal(frames["16/65535"], scene.ldr)
    assert frames["16/65536"].dtype == np.float32
    np.testing.assert_array_equal(frames["16/65536"], scene.ldr / np.float32(65536))
    assert configured("full", "16/65536").title == "full, input 16/65536"
    assert configured("release", "8").title == configured("release", None).title == "release"
    eight = bracket(dtype=np.uint8)
    assert configured("full", "16/65536").prepare(eight) is eight


@pytest.mark.parametrize("name", ["release", "full"])
def test_a_scene_without_truth_is_prepared(name):
    assert PROTOCOLS[name].prepare(bracket(truth=False)).hdr is None


@pytest.mark.parametrize("score", [score_full, score_release])
def test_psnr_is_unclipped_with_peak_1(score):
    result, truth = _pair()
    assert result.max() > 1
    metrics = score(result, truth)
    assert metrics.psnr_l == psnr(result, truth)
    assert metrics.psnr_mu == psnr(mu_law(result), mu_law(truth))


@pytest.mark.parametrize("score", [score_full, PROTOCOLS["hdr-transformer"].score])
def test_full_ssim_clips_to_one(score):
    result, truth = _pair()
    clipped, metrics = np.clip(result, 0, 1), score(result, truth)
    settings: dict[str, Any] = {"data_range": 1.0, "gaussian": True}
    assert metrics.ssim_l == ssim(clipped, truth, **settings)
    assert metrics.ssim_mu == ssim(mu_law(clipped), mu_law(truth), **settings)


def test_ntire_is_the_challenges_formula():
    result, truth = (np.asarray(image, np.float64) for image in _pair())
    files = [np.maximum(image, 0) ** (1 / 2.24) for image in (result, truth)]
    files = [np.round(x * (65535 / x.max())) / (65535 / x.max()) for x in files]
    linear = [x**2.24 for x in files]
    norm = np.percentile(linear[1], 99)
    toned = [np.log(1 + 5000 * np.tanh(x / norm)) / np.log(5001) for x in linear]
    expected = -10 * np.log10(np.mean((toned[0] - toned[1]) ** 2))
    metrics = score_ntire(result, truth)
    assert metrics.psnr_mu == pytest.approx(expected, abs=1e-9)
    assert math.isfinite(score_ntire(np.zeros_like(truth), truth).psnr_mu)
    peak = files[1].max()
    expected = -10 * np.log10(np.mean((files[0] / peak - files[1] / peak) ** 2))
    assert metrics.psnr_l == pytest.approx(expected, abs=1e-9)
    assert metrics.ssim_mu == pytest.approx(
        ssim(toned[0], toned[1], data_range=1.0, gaussian=True), abs=1e-9
    )


@pytest.mark.parametrize(
    ("depth", "limit"), [("8", 63.3), ("16/65535", 111.5), ("16/65536", 106.9)]
)
def test_how_far_the_depth_of_the_frames_alone_limits_psnr_mu(depth, limit):
    """The best that merging could do without noise and motion; docs/evaluate.md quotes it."""
    truth: Any = read_scene(GOLDEN / "scene" / "001").hdr
    levels = 255 if depth == "8" else 65535
    scale = 65535 / 65536 if depth == "16/65536" else 1
    best = np.zeros_like(truth, np.float64)
    for time in (1, 4, 16):  # each pixel from the brightest frame that does not clip it
        ldr = hdr_to_ldr(truth.astype(np.float64), time)
        quantised = np.rint(ldr * levels) / levels * scale
        best = np.where((ldr < 1) | (time == 1), quantised**2.2 / time, best)
    assert psnr(mu_law(best), mu_law(truth.astype(np.float64))) == pytest.approx(limit, abs=0.1)


def test_release_ssim_has_the_truths_range():
    result, truth = _pair()
    metrics = score_release(result, truth)
    assert metrics.ssim_l == ssim(result, truth, data_range=float(np.ptp(truth)))
    span = float(np.ptp(mu_law(truth)))
    assert metrics.ssim_mu == ssim(mu_law(result), mu_law(truth), data_range=span)


def test_perfectly_aligned_frames_have_infinite_psnr_unlike_the_inputs():
    scene = bracket()
    aligned = np.stack([hdr_to_ldr(scene.hdr, scene.exposure_times[i]) for i in (0, 2)])
    numbers = score_alignment(aligned, scene, scene.hdr)
    assert {value for name, value in numbers.items() if "PSNR" in name} == {math.inf}
    assert min(value for name, value in numbers.items() if "SSIM" in name) == pytest.approx(1)
    unaligned = score_alignment(ldr_to_float(scene.ldr[[0, 2]]), scene)
    assert max(unaligned["PSNR low"], unaligned["PSNR high"]) < 20
    assert unaligned["PSNR low, moved"] <= unaligned["PSNR low"]
    with pytest.raises(ValueError, match="no truth"):
        score_alignment(aligned, bracket(truth=False))


def test_an_input_without_motion_differs_from_the_truth_by_quantisation_only():
    scene = bracket()
    still = np.rint(hdr_to_ldr(scene.hdr, scene.exposure_times[0]) * 65535).astype(np.uint16)
    scene = dataclasses.replace(scene, ldr=np.stack([still, still, still]))
    numbers = score_alignment(ldr_to_float(scene.ldr[:2]), scene)
    assert numbers["PSNR low"] == pytest.approx(20 * math.log10(65535 * 12**0.5), abs=0.2)
