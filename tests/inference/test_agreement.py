"""Agreement: the frames' own pixels where nothing moved, the networks' elsewhere."""

import cv2
import numpy as np
import pytest

from lab.studies.agreement import plain_merge
from utils.inference.agreement import agree
from utils.inference.measured_frame import Frame
from utils.radiometry.levels import to_16bit, to_display
from utils.radiometry.radiance import hdr_to_ldr, mu_law
from utils.scenes.scene import OtherFrame, Scene

TIMES = (1.0, 4.0, 16.0)
SIZE = (96, 128)


def scenery(height: int = 96, width: int = 128, seed: int = 0) -> np.ndarray:
    """Radiance from 0.002 to 0.2 that the middle frame does not clip, with some detail."""
    random = np.random.default_rng(seed)
    smooth = cv2.resize(random.random((6, 8, 1), np.float32), (128, 96))[..., None]
    fine = cv2.GaussianBlur(random.random((96, 128, 3), np.float32), (0, 0), 1.5)
    return (0.002 * 100**smooth * (0.8 + 0.4 * fine))[:height, :width]


def drifted(truth: np.ndarray) -> np.ndarray:
    """The truth with a brightness that drifts by a tenth, as networks' results do."""
    drift = 1 + 0.1 * np.sin(np.arange(truth.shape[1]) / 9)[:, None]
    return np.clip(truth * drift, 0, 1).astype(np.float32)


def exposed(radiance: np.ndarray, time: float, noise: float = 0, seed: int = 0) -> np.ndarray:
    """LDR of a frame; `noise` is that of 1 / `noise` squared electrons."""
    light = radiance * time
    random = np.random.default_rng(seed).standard_normal(light.shape)
    return hdr_to_ldr(light + noise * np.sqrt(light) * random, 1.0).astype(np.float32)


def merged(hdr, low, mid, high, *, synthesis=None, others=(), times=TIMES, gaps=None):
    """`agree` on a bracket of LDR frames; `gaps` are those of high."""
    frames = [
        OtherFrame(exposure_time=time, read=lambda seen=(frame, gap): seen)
        for frame, time, gap in (
            *((low, times[0], None), (high, times[2], gaps)),
            *((frame, time, None) for frame, time in others),
        )
    ]
    reference = OtherFrame(exposure_time=times[1], read=lambda: (mid, None))
    return agree(hdr, low if synthesis is None else synthesis, reference, frames)


def bracket(radiance, noise=0.0, times=TIMES):
    return [exposed(radiance, time, noise, seed) for seed, time in enumerate(times)]


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(mu_law(a) - mu_law(b)))))


@pytest.mark.parametrize("size", [SIZE, (61, 47)])
@pytest.mark.parametrize("to_levels", [to_16bit, to_display, np.float32])
def test_where_nothing_moves_errors_of_the_networks_are_gone(size, to_levels):
    truth = scenery(*size)
    networks = drifted(truth)
    result = merged(networks, *map(to_levels, bracket(truth)), synthesis=exposed(truth, 1.0))
    assert result.dtype == np.float32
    assert result.shape == truth.shape
    assert error(result, truth) < 0.25 * error(networks, truth)


@pytest.mark.parametrize("step", [4.0, 8.0])
def test_on_a_tripod_nothing_is_lost_to_a_plain_mean(step):
    times = (1.0, step, step**2)
    truth = scenery(seed=10)
    truth[:, 80:] *= 4
    frames = [to_display(frame) for frame in bracket(truth, noise=0.02, times=times)]
    values = np.log2(times).astype(np.float32)
    scene = Scene(name="tripod", ldr=np.stack(frames), exposure_values=values, hdr=None)
    plain = plain_merge(scene)
    result = merged(drifted(truth), *frames, synthesis=exposed(truth, 1.0), times=times)
    assert error(result, truth) < 1.02 * error(plain, truth)


def test_lights_are_as_bright_as_the_exposures_say():
    truth = scenery(seed=5)
    truth[20:80, 60:] = 0.3 + 10 * truth[20:80, 60:].clip(0, 0.06)
    networks = np.where(truth > 0.25, 1.05 * truth, truth).astype(np.float32).clip(0, 1)
    result = merged(networks, *bracket(truth))
    inside = np.s_[28:72, 68:120]
    np.testing.assert_allclose(np.median(result[inside] / truth[inside]), 1, atol=2e-3)


@pytest.mark.parametrize("moved", [1.0, 0.04])
def test_steps_wider_than_the_networks_know(moved):
    """On a tripod lights come from the low frame, if they could clip the reference."""
    times = (1.0, 16.0, 256.0)
    truth = 0.3 * scenery(seed=11)
    truth[:, 64:] = 0.3 + 30 * truth[:, 64:].clip(0, 0.02)
    other = truth.copy()
    other[54:84, 80:110] *= moved
    low, mid, high = bracket(truth, times=times)
    networks = np.where(truth > 0.25, 0.4, truth).astype(np.float32)
    result = merged(
        networks, exposed(other, 1.0), mid, high, synthesis=np.full_like(low, 0.6), times=times
    )
    far, near = np.s_[8:28, 72:120], np.s_[50:88, 76:114]
    assert error(result[far], truth[far]) < 0.1 * error(networks[far], truth[far])
    limit = 0.1 if moved == 1 else 1.01
    assert error(result[near], truth[near]) < limit * error(networks[near], truth[near])


@pytest.mark.parametrize("white", [0, 700])  # a clipped sky
@pytest.mark.parametrize("quality", [None, 90, 75])
def test_jpegs_are_told_by_their_blocks(quality, white):
    tiles = (3, 3, 1) if white == 0 else (8, 8, 1)
    levels = to_display(np.tile(exposed(scenery(seed=12), 4.0, noise=0.01), tiles))
    levels[:white] = 255
    if quality is not None:
        _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        levels = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    frame = Frame(
        OtherFrame(exposure_time=4.0, read=lambda: (np.asarray(levels), None)), darkest=False
    )
    assert frame.jpeg == (quality is not None)


def test_what_was_filled_in_a_gap_is_no_second_measurement():
    truth = scenery() * 0.05  # in the shadows, where the high frame counts
    low, mid, high = bracket(truth, noise=0.02)
    gaps = np.zeros(truth.shape[:2], bool)
    gaps[:, :40] = True
    high[gaps] = hdr_to_ldr(mid[gaps] ** 2.2 * (TIMES[2] / TIMES[1]), 1.0)  # a copy
    inside, far = np.s_[:, 8:32], np.s_[:, 56:]
    told, not_told = (merged(truth, low, mid, high, gaps=x) for x in (gaps, None))
    assert error(told[inside], truth[inside]) < 0.7 * error(not_told[inside], truth[inside])
    np.testing.assert_allclose(told[far], not_told[far], rtol=0.02, atol=1e-4)


@pytest.mark.parametrize("step", [4.0, 8.0])
def test_a_channel_without_light_says_nothing_of_brightness(step):
    """A stage lit in red, and a lamp that the reference clips."""
    times = (1.0, step, step**2)
    ramp = np.tile(np.linspace(0, 1, SIZE[1], dtype=np.float32)[:, None], (SIZE[0], 1, 1))
    truth = (0.1 + 0.7 * ramp) / step * np.array([1, 0, 0], np.float32)
    lamp = np.s_[40:80, 40:90]
    truth[lamp] = (0.3 + 0.4 * ramp[lamp]) * np.array([1, 0.8, 0.6], np.float32)
    low, mid, high = (to_display(exposed(truth, time)) for time in times)
    result = merged(truth, low, mid, high, synthesis=exposed(truth, 1.0), times=times)
    inner = np.s_[48:72, 48:82]
    np.testing.assert_allclose(result[inner], truth[inner], rtol=0.05)


def test_noise_is_below_that_of_every_frame():
    truth = scenery()
    frames = bracket(truth, noise=0.03)
    result = merged(drifted(truth), *frames)
    alone = [frame**2.2 / time for frame, time in zip(frames, TIMES, strict=True)]
    shown = (frames[2].max(-1) < 0.9)[..., None]
    assert error(result * shown, truth * shown) < 0.9 * error(alone[2] * shown, truth * shown)
    assert error(result, truth) < 0.7 * error(alone[1], truth)


def test_noise_of_the_reference_stays_behind():
    truth = scenery()
    frames = bracket(truth, noise=0.1)
    blank = np.zeros_like(truth)
    result = merged(truth, blank, frames[1], blank, synthesis=exposed(truth, 1.0))
    assert error(result, truth) < 0.3 * error(frames[1] ** 2.2 / 4, truth)


@pytest.mark.parametrize("contrast", [0.5, 0.8, 1.25, 2.0])
@pytest.mark.parametrize("frame", [0, 2])
def test_what_moved_does_not_come_back(contrast, frame):
    """Also if its colour is close to what it hides."""
    truth = scenery(seed=3)
    truth[:48, :64] = 0.01  # smooth, dark: only the high frame shows it well
    moved = truth.copy()
    moved[12:36, 16:48] *= contrast
    frames = bracket(truth, noise=0.01)
    frames[frame] = exposed(moved, TIMES[frame], 0.01, seed=9)
    result = merged(truth.astype(np.float32), *frames)
    inside = np.s_[8:40, 12:52]
    assert error(result[inside], truth[inside]) < 0.25 * error(moved[inside], truth[inside])


@pytest.mark.parametrize("brighter", [0.4, 1.5])
def test_what_moved_before_a_clipped_sky_does_not_come_back(brighter):
    truth = scenery(seed=4)
    truth[:, 64:] = 0.5
    moved = truth.copy()
    moved[30:60, 80:110] *= brighter
    low, mid, high = bracket(truth)
    low = exposed(moved, 1.0)
    result = merged(truth.astype(np.float32), low, mid, high, synthesis=exposed(truth, 1.0))
    assert error(result[:, 64:], truth[:, 64:]) < 0.05 * error(moved[:, 64:], truth[:, 64:])


def test_clipped_lights_are_those_of_the_low_frame_where_it_agrees():
    truth = scenery(seed=5)
    truth[20:80, 60:] = 0.3 + 10 * truth[20:80, 60:].clip(0, 0.06)
    low, mid, high = bracket(truth)
    networks = np.where(mid < 1, truth, drifted(truth)).astype(np.float32)
    result = merged(networks, low, mid, high, synthesis=low + 0.01)
    assert error(result, truth) < 0.2 * error(networks, truth)


def test_what_all_frames_clip_is_white():
    truth = scenery(seed=6)
    truth[30:60, 40:80] = 1.0
    networks = np.where(truth < 1, truth, 0.8).astype(np.float32)
    result = merged(networks, *bracket(truth))
    assert result[34:56, 44:76].min() > 0.99


@pytest.mark.parametrize("stops", [-0.1, 0.1])
def test_frames_of_other_brightness_than_stated_leave_no_step(stops):
    truth = scenery(seed=7)
    truth[:, 64:] = 0.4 + 0.1 * truth[:, 64:]
    times = [time * 2**error for time, error in zip(TIMES, (stops, 0, -stops), strict=True)]
    result = merged(truth.astype(np.float32), *bracket(truth, times=times))
    assert np.abs(result / truth - 1).max() < 0.06
    assert np.abs(np.diff(mu_law(result) - mu_law(truth), axis=1)).max() < 0.01


@pytest.mark.parametrize("value", [0.0, 1.0])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("size", [(24, 32), (5, 3), (1, 1)])
def test_black_and_white_stay_in_range(value, level, size):
    hdr = np.full((*size, 3), value, np.float32)
    ldr = np.full_like(hdr, level)
    result = merged(hdr, ldr, ldr, ldr)
    assert np.isfinite(result).all()
    assert 0 <= result.min() <= result.max() <= 1


def test_other_frames_reduce_noise_and_extend_the_range():
    truth = scenery(seed=8)
    truth[:30, :40] = 1.6  # the low frame clips it
    frames = bracket(truth, noise=0.05)
    networks = np.clip(truth, 0, 1).astype(np.float32)
    without = merged(networks, *frames)
    others = [(exposed(truth, time, 0.05, seed=int(time * 8)), time) for time in (0.5, 2.0, 8.0)]
    result = merged(networks, *frames, others=others)
    dark = np.s_[32:]
    assert error(result[dark], truth[dark]) < 0.95 * error(without[dark], truth[dark])
    assert without.max() <= 1
    np.testing.assert_allclose(np.median(result[4:26, 4:36]), 1.6, rtol=0.03)


@pytest.mark.parametrize(("size", "most"), [(SIZE, 1e-6), ((61, 47), 1.5e-2)])
def test_bands_of_rows_leave_no_seam(monkeypatch, size, most):
    truth = scenery(*size)
    frames = bracket(truth, noise=0.03)
    whole = merged(drifted(truth), *frames)
    monkeypatch.setattr("utils.inference.cells._BAND", 12)
    difference = merged(drifted(truth), *frames) - whole
    assert np.abs(difference).max() <= most * truth.max()
