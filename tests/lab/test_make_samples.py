"""lab/make_samples.py: the cut, the bundled scenes, and their truth."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from lab.make_samples import SAMPLES, SIZE, cut_out, main, render
from lab.settings import SamplesConfig
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.folders import find_scenes, read_scene

BUNDLED = Path(__file__).parents[2] / "samples"
DISC = dataclasses.replace(
    SAMPLES["dog_in_garden"], rectangle=(20, 20, 120, 110), scale=1.0, brightness=0.3
)


def photograph() -> np.ndarray:
    """A red disc before textured green."""
    random = np.random.default_rng(0)
    noise = random.integers(0, 40, (160, 170, 3))
    picture = np.add(noise, (20, 120, 30)).astype(np.uint8)
    return cv2.circle(picture, (80, 75), 35, (220, 40, 40), -1)


def test_a_thing_is_cut_out_with_soft_edges():
    sprite = cut_out(photograph(), DISC)
    y, x = np.mgrid[:110, :120]
    disc = np.hypot(x - 60, y - 55) < 35
    coverage = sprite[..., 3]
    assert (coverage > 0.5)[disc].mean() > 0.9
    assert (coverage > 0.5)[~disc].mean() < 0.01
    assert np.mean((coverage > 0.05) & (coverage < 0.95)) > 0.02
    inside = sprite[coverage > 0.99]
    assert (inside[:, 0] > 3 * inside[:, 1]).all()
    np.testing.assert_allclose(np.median(inside[:, 0]), 0.3, rtol=0.05)


def test_the_truth_is_the_middle_frame():
    panorama = np.exp(np.random.default_rng(1).normal(0, 1, (64, 128, 3))).astype(np.float32)
    scene = render(DISC, panorama, photograph())
    assert scene.ldr.shape == (3, *SIZE, 3)
    error = ldr_to_float(scene.ldr[1]) - hdr_to_ldr(np.asarray(scene.hdr), 4.0)
    assert np.abs(error).mean() < 0.01
    again = render(DISC, panorama, photograph())
    np.testing.assert_array_equal(again.ldr, scene.ldr)


@pytest.mark.parametrize("name", SAMPLES)
def test_bundled_scenes_are_those_of_the_script(name):
    scene = read_scene(BUNDLED / name)
    assert scene.ldr.shape == (3, *SIZE, 3)
    np.testing.assert_array_equal(scene.exposure_values, SAMPLES[name].step * np.arange(3))
    assert (scene.hdr is None) == name.startswith("limit")
    if scene.hdr is not None:
        error = ldr_to_float(scene.ldr[1]) - hdr_to_ldr(scene.hdr, scene.exposure_times[1])
        assert np.abs(error).mean() < 0.01
    sources = (BUNDLED / name / "source.txt").read_text()
    assert SAMPLES[name].panorama in sources
    assert SAMPLES[name].photograph in sources


def test_the_folder_holds_these_scenes_in_eight_megabytes():
    assert sorted(folder.name for folder in find_scenes(BUNDLED)) == sorted(SAMPLES)
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) <= 8e6


def test_a_missing_source_is_named(tmp_path):
    for name in ("radiance", "photographs"):
        (tmp_path / name).mkdir()
    config = SamplesConfig(
        radiance=tmp_path / "radiance",
        photographs=tmp_path / "photographs",
        scenes=tmp_path / "samples",
    )
    with pytest.raises(ValueError, match=r"radiance must have symmetrical_garden_02"):
        main(config)
