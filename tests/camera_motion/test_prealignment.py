"""Pre-alignment: the camera's motion is undone, and nothing is done where nothing moved."""

import dataclasses

import cv2
import numpy as np
import pytest

from lab.studies.prealignment import displacement
from utils.camera_motion.consensus import consensus
from utils.camera_motion.homography import Reference, match_descriptors
from utils.camera_motion.prealignment import prealigned
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.scene import OtherFrame, Scene

TIMES = np.array([1, 4, 16], np.float32)
HEIGHT, WIDTH = 240, 320


def _radiance():
    """A textured wide view, to cut shifted views from."""
    generator = np.random.default_rng(0)
    octaves = [
        cv2.resize(generator.random((360 // size, 480 // size, 3), np.float32), (480, 360))
        for size in (40, 12, 5, 3)
    ]
    return 0.3 * (sum(octaves) / 4) ** 3


def _view(radiance, shift, angle=0.0):
    matrix = cv2.getRotationMatrix2D((240, 180), angle, 1.0)
    moved = cv2.warpAffine(radiance, matrix, (480, 360), flags=cv2.INTER_CUBIC)
    top, left = 60 + shift[1], 80 + shift[0]
    return np.maximum(moved[top : top + HEIGHT, left : left + WIDTH], 0)


def _bracket(low_shift, high_shift, angle=0.0, dtype: type = np.uint16):
    radiance = _radiance()
    views = [
        _view(radiance, low_shift, angle),
        _view(radiance, (0, 0)),
        _view(radiance, high_shift),
    ]
    frames = [hdr_to_ldr(view, time) for view, time in zip(views, TIMES, strict=True)]
    ldr = np.rint(np.stack(frames) * np.iinfo(dtype).max).astype(dtype)
    return Scene(name="moved", ldr=ldr, exposure_values=np.log2(TIMES), hdr=None)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_hand_held_motion_is_undone_and_reported(dtype):
    still, moved = _bracket((0, 0), (0, 0), dtype=dtype), _bracket((12, -9), (-7, 5), 1.5, dtype)
    aligned = prealigned(moved, "auto")
    assert aligned.ldr.dtype == dtype
    np.testing.assert_array_equal(aligned.ldr[1], moved.ldr[1])
    inner = (slice(25, -25), slice(25, -25))
    for index, side in ((0, "low"), (2, "high")):
        before, after = (
            np.abs(x.ldr[index][inner].astype(float) - still.ldr[index][inner]).mean()
            for x in (moved, aligned)
        )
        assert after < before / 4
        assert any(f"of {side}: homography, used" in note for note in aligned.notes)


@pytest.mark.parametrize("mode", ["auto", "off"])
def test_other_frames_are_warped_when_they_are_read(mode):
    still, moved = _bracket((0, 0), (0, 0)), _bracket((12, -9), (-7, 5), 1.5)
    other = OtherFrame(exposure_time=16.0, read=lambda: (moved.ldr[2], None))
    scene = dataclasses.replace(moved, others=(other,))
    read, gaps = prealigned(scene, mode).others[0].read()
    assert (gaps is None) == (mode == "off")
    expected = moved.ldr[2] if mode == "off" else prealigned(moved, "auto").ldr[2]
    np.testing.assert_array_equal(read, expected)
    inner = (slice(25, -25), slice(25, -25))
    error = np.abs(read[inner].astype(float) - still.ldr[2][inner]).mean()
    assert (error < 500) == (mode == "auto")


def test_a_shift_of_a_third_of_a_pixel_is_undone():
    """As by the release of a shutter; fine detail is lost otherwise."""
    still, radiance = _bracket((0, 0), (0, 0)), np.asarray(_radiance())
    shifted = cv2.warpAffine(radiance, np.array([[1, 0, 0.3], [0, 1, 0]]), (480, 360))
    ldr = still.ldr.copy()
    ldr[2] = np.rint(hdr_to_ldr(_view(shifted, (0, 0)), TIMES[2]) * 65535)
    aligned = prealigned(dataclasses.replace(still, ldr=ldr), "auto")
    inner = np.s_[2, 4:-4, 4:-4]
    before, after = (
        np.abs(frames[inner].astype(float) - still.ldr[inner]).mean()
        for frames in (ldr, aligned.ldr)
    )
    assert after < 0.5 * before


def test_a_steady_bracket_is_left_as_it_is():
    still = _bracket((0, 0), (0, 0))
    aligned = prealigned(still, "auto")
    assert aligned.ldr is still.ldr
    assert all("left unchanged" in note for note in aligned.notes)


def test_off_does_nothing():
    moved = _bracket((12, -9), (-7, 5))
    assert prealigned(moved, "off") is moved


def test_gaps_are_filled_with_the_reference_at_the_frames_exposure():
    moved = _bracket((40, 0), (0, 0))
    aligned = prealigned(moved, "auto").ldr
    still = _bracket((0, 0), (0, 0)).ldr
    gap = np.abs(aligned[0][:, :30].astype(float) - still[0][:, :30]) / 65535
    assert np.median(gap) < 0.02
    assert aligned[0].min() > 0


@pytest.mark.parametrize("frame", [np.zeros((64, 64, 3)), np.full((64, 64, 3), 255)])
def test_without_features_there_is_no_fit(frame):
    frame = frame.astype(np.uint8)
    assert Reference(frame).fit(frame) is None


def test_unrelated_frames_do_not_fit():
    noise = np.random.default_rng(0).integers(0, 255, (2, 200, 200, 3), np.uint8)
    assert Reference(noise[1]).fit(noise[0]) is None


@pytest.mark.parametrize(("shift", "frame"), [((12, -9), 0), ((-7, 5), 2)])
def test_a_shift_is_found_to_a_tenth_of_a_pixel(shift, frame):
    frames = _bracket(shift, shift, dtype=np.uint8).ldr
    fit = Reference(frames[1]).fit(frames[frame])
    assert fit is not None
    true = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]], float)
    assert displacement(None, true, (HEIGHT, WIDTH)) == pytest.approx(np.hypot(*shift))
    assert displacement(fit, true, (HEIGHT, WIDTH)) < 0.1


@pytest.mark.parametrize(
    ("right", "grade"), [(30, "homography"), (16, "affine"), (8, "translation"), (4, None)]
)
def test_the_fewer_matches_are_right_the_less_freedom_a_fit_has(right, grade):
    generator = np.random.default_rng(3)
    first = generator.uniform(0, 300, (right + 10, 2)).astype(np.float32)
    second = first + np.array([12, -9], np.float32)
    second[right:] = generator.uniform(0, 300, (10, 2))
    found = consensus(first, second)
    assert (found and found[0]) == grade
    if found:
        moved = cv2.perspectiveTransform(first[None, :right], found[1])[0]
        np.testing.assert_allclose(moved, second[:right], atol=0.5)


def test_nearest_descriptors_are_those_of_opencvs_brute_force():
    generator = np.random.default_rng(1)
    reference = generator.integers(0, 256, (300, 128)).astype(np.float32)
    noise = generator.uniform(0, 200, (200, 1)) * generator.normal(size=(200, 128))
    source = np.clip(np.rint(reference[generator.permutation(300)[:200]] + noise), 0, 255)
    source = source.astype(np.float32)
    pairs = cv2.BFMatcher().knnMatch(source, reference, k=2)
    near = [first for first, second in pairs if first.distance < 0.8 * second.distance]
    expected = [m.queryIdx for m in near], [m.trainIdx for m in near]
    assert 20 < len(near) < 180
    of_source, of_reference = match_descriptors(source, reference)
    assert (of_source.tolist(), of_reference.tolist()) == expected
