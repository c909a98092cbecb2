"""The search for photographs: order of names, system folders, own results beside them."""

import pytest

import reconstruction_align2
import reconstruction_fusion
from configs.settings import ReconstructionConfig
from photo.reading.folder import read_photographs
from photo.reading.search import find_brackets, photograph_paths
from tests import photos
from tests.brackets import bracket, source_networks
from utils.scenes.folders import read_scene, write_scene
from utils.scenes.layouts import RESULT_NAMES

FRAMES = photos.sample()


def test_photographs_and_folders_come_in_natural_order(tmp_path):
    names = ["IMG_9.JPG", "IMG_10.jpg", "img_11.JPG", "IMG_100.jpg"]
    for day in ("day 10", "day 9"):
        (tmp_path / day).mkdir()
        for name in names:
            (tmp_path / day / name).touch()
    found = find_brackets(tmp_path)
    assert [entry.folder.name for entry in found] == ["day 9", "day 10"]
    assert [path.name for path in photograph_paths(tmp_path / "day 9")] == names


@pytest.mark.parametrize("reverse", [False, True])
def test_lines_of_an_exposure_file_of_any_case_go_by_name(tmp_path, reverse):
    photos.write_bracket(tmp_path / "a", FRAMES, (None,) * 3)
    for old, new in (("1", "IMG_9"), ("2", "IMG_10"), ("3", "IMG_11")):
        (tmp_path / "a" / f"{old}.jpg").rename(tmp_path / "a" / f"{new}.jpg")
    (tmp_path / "a" / "Exposure.TXT").write_text("0\n2\n4\n")
    files = photograph_paths(tmp_path / "a")[:: -1 if reverse else 1]
    scene = read_photographs(tmp_path / "a", files=files)
    assert scene.files == ("IMG_9.jpg", "IMG_10.jpg", "IMG_11.jpg")
    assert scene.exposure_values.tolist() == [0, 2, 4]


@pytest.mark.parametrize("name", ["@eaDir/1.jpg", "#recycle", "$RECYCLE.BIN", "__MACOSX", ".x"])
def test_folders_of_systems_are_skipped(tmp_path, name):
    photos.write_bracket(tmp_path / "a", FRAMES)
    photos.write_bracket(tmp_path / "a" / name, FRAMES)
    assert [found.folder for found in find_brackets(tmp_path)] == [tmp_path / "a"]


@pytest.mark.parametrize("inner", [".", "church"])
def test_results_beside_photographs_and_frames_are_not_read_again(tmp_path, monkeypatch, inner):
    scripts = (reconstruction_align2, reconstruction_fusion)
    for script in scripts:
        monkeypatch.setattr(script, "open_networks", lambda *_, **__: source_networks())
    folder = tmp_path / "photographs"
    photos.write_bracket(folder / inner, FRAMES)
    scene = bracket()
    write_scene(folder / "set", ldr=scene.ldr, exposure_values=scene.exposure_values, hdr=scene.hdr)
    config = ReconstructionConfig(scenes=(folder,), results=folder, prealign="off", picture="tif")
    first = find_brackets(folder)
    for script in (*scripts, *scripts):
        assert script.main(config) == 0
        assert find_brackets(folder) == first
    results = folder / ("photographs" if inner == "." else inner)
    written = {path.name for path in results.iterdir()} - {"1.jpg", "2.jpg", "3.jpg"}
    assert written == RESULT_NAMES - {"picture.jpg", "picture.png", "alignments.png"}
    assert not read_photographs(folder / inner).warnings
    assert read_scene(folder / "set").ldr.shape == scene.ldr.shape
