"""From folders of photographs to results and messages."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

import reconstruction_fusion
from configs import presets
from configs.settings import ReconstructionConfig
from tests import photos
from tests.brackets import source_networks
from tests.photo.reading.test_folder import FRAMES, VARIANTS, exposed
from utils.images import frames, radiance_maps
from utils.radiometry.levels import ldr_to_float

NETWORKS = source_networks()
FILES = {"radiance.hdr", "radiance.exr", "picture.jpg", "ultrahdr.jpg", "sheet.png"}


@pytest.fixture(autouse=True)
def _networks(monkeypatch):
    monkeypatch.setattr(reconstruction_fusion, "open_networks", lambda *_: NETWORKS)


def _config(root):
    return ReconstructionConfig(
        run=root / "run", scenes=(root / "photos",), results=root / "results", picture="jpg"
    )


def test_all_variants_of_brackets_run_in_one_go(tmp_path):
    names = [f"{index:02} {name}" for index, name in enumerate(VARIANTS)]
    (tmp_path / "photos").mkdir()
    for name, make in zip(names, VARIANTS.values(), strict=True):
        make(tmp_path / "photos" / name)
    config = _config(tmp_path)
    assert reconstruction_fusion.main(config) == 0
    assert {path.name for path in (tmp_path / "results").iterdir()} == {*names, "report.html"}
    for folder in (tmp_path / "results" / name for name in names):
        assert {path.name for path in folder.iterdir()} == FILES
        shown = frames.read_ldr(folder / "picture.jpg")
        assert shown.shape == FRAMES.shape[1:]
        assert 40 < shown.mean() < 220
        radiance = radiance_maps.read_radiance(folder / "radiance.exr")
        assert radiance.max() > 0.01
    with Image.open(tmp_path / "results" / names[0] / "picture.jpg") as picture:
        assert picture.getexif()[0x0110] == "Model 1"
        assert 0x0112 not in picture.getexif()


def test_a_bad_file_stops_its_scene_only_and_is_named_at_the_end(tmp_path, capsys):
    for name in "abc":
        photos.write_bracket(tmp_path / "photos" / name, FRAMES)
    path = tmp_path / "photos" / "b" / "2.jpg"
    path.write_bytes(path.read_bytes()[:500])
    assert reconstruction_fusion.main(_config(tmp_path)) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(lines) == 1
    assert lines[0].startswith("error: Scene b: ")
    assert "2.jpg" in lines[0]
    names = {path.name for path in (tmp_path / "results").iterdir()}
    assert names == {"a", "c", "report.html"}
    page = (tmp_path / "results" / "report.html").read_text()
    assert "Not reconstructed" in page
    assert "Scene b: " in page


def test_results_that_cannot_be_written_are_one_line_for_each_scene(tmp_path, capsys):
    photos.write_bracket(tmp_path / "photos" / "a", FRAMES)
    (tmp_path / "results" / "report.html").mkdir(parents=True)  # a folder where a file should be
    (tmp_path / "results" / "a").touch()
    assert reconstruction_fusion.main(_config(tmp_path)) == 2
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert len(errors) == 2  # the scene, the page
    assert all("results" in line for line in errors)


def test_radiance_that_is_not_finite_is_no_picture(tmp_path, capsys, monkeypatch):
    photos.write_bracket(tmp_path / "photos" / "a", FRAMES)
    broken = dataclasses.replace(
        NETWORKS, merging=lambda _low, mid, _high: np.full_like(mid[..., 3:], np.nan)
    )
    monkeypatch.setattr(reconstruction_fusion, "open_networks", lambda *_: broken)
    assert reconstruction_fusion.main(_config(tmp_path)) == 2
    assert "Scene a: the networks' radiance must be finite" in capsys.readouterr().err
    assert not (tmp_path / "results" / "a").exists()


def test_brackets_of_a_panorama_keep_one_brightness(tmp_path):
    """Two views of one scene overlap; the camera metered the darker one two stops brighter."""
    radiance = ldr_to_float(FRAMES[1]) ** 2.2 / 4 + np.float32(1e-3)
    radiance[:, 48:] /= 16
    for name, view, metered in (("a", radiance[:, :72], 0), ("b", radiance[:, 24:], 2)):
        exposed(tmp_path / "photos" / name, view, [metered, metered + 2, metered + 4])
    config = dataclasses.replace(_config(tmp_path), picture="png")
    apart = {}
    for shared in (None, "a"):
        assert reconstruction_fusion.main(dataclasses.replace(config, exposure_of=shared)) == 0
        a, b = (tmp_path / "results" / name for name in "ab")
        hdr = [radiance_maps.read_radiance(x / "radiance.exr") + 1e-3 for x in (a, b)]
        shown = [frames.read_ldr(x / "picture.png").astype(int) for x in (a, b)]
        stops = np.log2(hdr[0][:, 24:]) - np.log2(hdr[1][:, :48])
        apart[shared] = np.abs(np.median(stops)), np.abs(shown[0][:, 24:] - shown[1][:, :48]).mean()
    assert apart[None][0] > 1.5
    assert apart["a"][0] < 0.05
    assert apart["a"][1] < apart[None][1] / 2


def test_a_brightness_that_cannot_be_shared_is_refused(tmp_path, capsys):
    photos.write_bracket(tmp_path / "photos" / "a", FRAMES)
    photos.write_bracket(tmp_path / "photos" / "b", FRAMES, (None, None, None))
    (tmp_path / "photos" / "b" / "exposure.txt").write_text("0\n2\n4\n")
    config = dataclasses.replace(_config(tmp_path), exposure_of="a")
    assert reconstruction_fusion.main(config) == 2
    assert "Scene b: --exposure-of compares exposures, which must be in" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"one of the scenes a, b\. Received: 'c'"):
        reconstruction_fusion.main(dataclasses.replace(config, exposure_of="c"))


def test_without_scenes_and_data_set_the_usage_is_shown(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert reconstruction_fusion.main(presets.reconstruction("quick")) == 2
    assert "reconstruction_fusion.py --scenes a.jpg b.jpg c.jpg" in capsys.readouterr().out
