"""Scenes: reading, writing, finding, and one clear error for each defect."""

import logging
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from utils.images import frames, radiance_maps
from utils.radiometry import levels, rgbe
from utils.scenes import folders
from utils.scenes.scene import SceneError

GOLDEN = Path(__file__).parents[1] / "golden" / "scene"


def _write(folder, *, suffix=".png", dtype=np.uint8, exposures=(0, 2, 4), truth=True):
    """Frames of constant value 10, 20, 30 in the order of their names."""
    folder.mkdir(parents=True)
    for index in range(3):
        frame = np.full((8, 16, 3), 10 * (index + 1), dtype)
        frames.write_ldr(folder / f"frame{index}{suffix}", frame)
    (folder / "exposure.txt").write_text("".join(f"{value}\n" for value in exposures))
    if truth:
        radiance_maps.write_radiance(folder / "HDRImg.hdr", np.full((8, 16, 3), 0.5, np.float32))
    return folder


def test_golden_scene_of_the_official_layout():
    scene = folders.read_scene(GOLDEN / "001")
    assert scene.name == "001"
    assert scene.ldr.shape == (3, 320, 320, 3)
    assert scene.ldr.dtype == np.uint16
    np.testing.assert_array_equal(scene.exposure_values, [0, 2, 4])
    np.testing.assert_array_equal(scene.exposure_times, [1, 4, 16])
    assert scene.exposure_values.dtype == scene.exposure_times.dtype == np.float32
    assert scene.hdr is not None
    assert scene.hdr.dtype == np.float32
    assert 0 <= scene.hdr.min() < scene.hdr.max() == 1
    mid = levels.ldr_to_float(scene.ldr[1])
    expected = np.clip(scene.hdr * 4, 0, 1) ** (1 / 2.2)
    assert np.abs(mid - expected).mean((0, 1)).max() < 0.01


@pytest.mark.parametrize("suffix", [".tif", ".tiff", ".png", ".jpg", ".JPEG"])
def test_every_frame_format_without_truth(tmp_path, suffix):
    folder = _write(tmp_path / "a", suffix=suffix, truth=False)
    for other in ("source.txt", ".thumb.png"):
        (folder / other).write_text("ignored")
    scene = folders.read_scene(folder)
    np.testing.assert_array_equal(scene.ldr[:, 0, 0, 0], [10, 20, 30])
    assert scene.hdr is None


def test_frames_are_ordered_by_exposure_and_rebased_with_a_notice(tmp_path, caplog):
    folder = _write(tmp_path / "a", exposures=(3, -2, 0.5))
    with caplog.at_level(logging.WARNING):
        scene = folders.read_scene(folder)
    np.testing.assert_array_equal(scene.ldr[:, 0, 0, 0], [20, 30, 10])
    np.testing.assert_array_equal(scene.exposure_values, [0, 2.5, 5])
    assert "[-2.0, 0.5, 3.0]" in caplog.text


def test_write_then_read(tmp_path):
    rng = np.random.default_rng(0)
    written: dict[str, Any] = {
        "ldr": rng.integers(0, 65536, (3, 12, 20, 3), np.uint16),
        "exposure_values": np.array([0, 1, 2.5]),
        "hdr": rgbe.round_to_rgbe(rng.random((12, 20, 3), np.float32)),
    }
    folders.write_scene(tmp_path / "x" / "a", **written)
    scene = folders.read_scene(tmp_path / "x" / "a", tmp_path)
    assert scene.name == "x/a"
    for field, value in written.items():
        np.testing.assert_array_equal(getattr(scene, field), value)
    with pytest.raises(FileExistsError, match="never overwritten"):
        folders.write_scene(tmp_path / "x" / "a", **written)
    with pytest.raises(ValueError, match="finite"):
        folders.write_scene(tmp_path / "x" / "b", **{**written, "hdr": -written["hdr"]})
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["a"]


def test_find_scenes_at_any_depth(tmp_path):
    for name in ("EXTRA/002", "EXTRA/001", "PAPER/ManStanding", ".hidden/003"):
        _write(tmp_path / name)
    (tmp_path / "sheet.png").write_bytes(b"")
    found = folders.find_scenes(tmp_path)
    names = [folders.scene_name(folder, tmp_path) for folder in found]
    assert names == ["EXTRA/001", "EXTRA/002", "PAPER/ManStanding"]
    assert folders.find_scenes(found[0]) == [found[0]]
    assert folders.scene_name(found[0], found[0]) == "001"
    (tmp_path / "empty").mkdir()
    for name, message in (("empty", "there is none"), ("missing", "no folder")):
        with pytest.raises(SceneError, match=message):
            folders.find_scenes(tmp_path / name)


def _remove(name):
    return lambda folder: (folder / name).unlink()


def _text(content, name="exposure.txt"):
    return lambda folder: (folder / name).write_text(content)


def _frame(shape, dtype: type = np.uint8):
    return lambda folder: frames.write_ldr(folder / "frame1.png", np.zeros(shape, dtype))


def _narrow_truth(folder):
    radiance_maps.write_radiance(folder / "HDRImg.hdr", np.full((8, 12, 3), 0.5, np.float32))


DEFECTS = {
    "no frames": (lambda f: [p.unlink() for p in f.glob("*.png")], "3 frames.*Received: 0 .none"),
    "four frames": (
        lambda f: shutil.copy(f / "frame0.png", f / "x.tif"),
        r"Received: 4 .*x\.tif",
    ),
    "unreadable": (_text("?", "frame1.png"), r"Not a readable image.*frame1\.png"),
    "sizes": (_frame((8, 12, 3)), r"one size.*frame0\.png 16x8 uint8, frame1\.png 12x8 uint8"),
    "depths": (_frame((8, 16, 3), np.uint16), r"bit depth.*frame1\.png 16x8 uint16"),
    "no exposures": (_remove("exposure.txt"), r"missing.*no .*exposure\.txt"),
    "shutter": (_text("1000\n250\n60"), r"neither stops nor times.*\['1000', '250', '60'\]"),
    "truth size": (_narrow_truth, r"HDRImg\.hdr must have.*16x8.*Received: 12x8"),
    "truth broken": (_text("?", "HDRImg.hdr"), r"Not a readable image.*HDRImg\.hdr"),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_defect_is_one_clear_error(tmp_path, defect):
    change, message = DEFECTS[defect]
    folder = _write(tmp_path / "night")
    change(folder)
    with pytest.raises(SceneError, match=f"(?s)^Scene night: .*{message}") as error:
        folders.read_scene(folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.25, "-0.25"), (np.nan, "nan"), (np.inf, "inf"), (2e18, r"1\.99.*e\+18")],
)
def test_impossible_truth(tmp_path, monkeypatch, value, text):
    # RGBE itself holds none of the first three; a reader of another format would hand them over.
    folder = _write(tmp_path / "night")
    hdr = np.full((8, 16, 3), 0.5, np.float32)
    hdr[3, 4, 1] = value
    monkeypatch.setattr(radiance_maps, "read_radiance", lambda _: hdr)
    with pytest.raises(SceneError, match=f"night: .*HDRImg.hdr.*Received: {text} and 0 more"):
        folders.read_scene(folder)


def test_to_8bit_is_what_opencv_reads_from_a_16_bit_tiff(tmp_path):
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1).repeat(3, -1)
    frames.write_ldr(tmp_path / "a.tif", every)
    np.testing.assert_array_equal(levels.to_8bit(every), cv2.imread(str(tmp_path / "a.tif")))
    eight = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(levels.to_8bit(eight), eight)
