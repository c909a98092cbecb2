"""Both reconstruction scripts on a tree of small scenes."""

import csv
import dataclasses

import cv2
import numpy as np
import pytest

import reconstruction_align2
import reconstruction_fusion
from configs import paths
from configs.settings import ReconstructionConfig
from photo.reading.inputs import PreparedScenes
from photo.reading.search import find_brackets
from tests.brackets import bracket, source_networks
from utils import files
from utils.camera_motion.prealignment import prealigned
from utils.images import frames, radiance_maps
from utils.radiometry.levels import ldr_to_float, to_8bit
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.folders import read_scene, write_scene
from utils.scenes.scene import SceneError

SCRIPTS = [reconstruction_align2, reconstruction_fusion]
NETWORKS = source_networks()


@pytest.fixture(autouse=True)
def _networks(monkeypatch):
    for script in SCRIPTS:
        monkeypatch.setattr(script, "open_networks", lambda *_: NETWORKS)


@pytest.fixture
def config(tmp_path):
    """Three scenes of odd sizes, the second without truth."""
    for name, height, truth in (("EXTRA/001", 21, True), ("EXTRA/002", 16, False), ("X", 24, True)):
        scene = bracket(height, 19, truth=truth)
        write_scene(
            tmp_path / "Test" / name,
            ldr=scene.ldr,
            exposure_values=scene.exposure_values,
            hdr=scene.hdr,
        )
    return ReconstructionConfig(run=tmp_path / "run", scenes=(tmp_path / "Test",))


def _rows(path):
    return {row["scene"]: row for row in csv.DictReader(path.read_text().splitlines())}


def test_align2_writes_frames_and_their_psnr(config, capsys):
    assert reconstruction_align2.main(config) == 0
    results = config.run / "results"
    frame = frames.read_ldr(results / "EXTRA" / "002" / "aligned_high.png")
    expected = to_8bit(bracket(16, 19).ldr[2])
    assert np.abs(frame.astype(int) - expected).max() <= 1
    rows = _rows(results / "aligned.csv")
    assert list(rows) == ["EXTRA/001", "X", "mean"]
    for row in rows.values():  # these networks give back their source
        assert float(row["psnr_low"]) == pytest.approx(float(row["psnr_input_low"]), abs=1e-3)
        assert row["protocol"] == "full, camera motion taken out (auto)"
    assert "| X | full, camera motion taken out (auto) |" in capsys.readouterr().out


def test_fusion_writes_radiance_pictures_and_numbers(config, capsys):
    assert reconstruction_fusion.main(config) == 0
    results = config.run / "results"
    names = {str(path.relative_to(results)) for path in results.rglob("*.*")}
    files = ("radiance.hdr", "radiance.exr", "picture.png", "ultrahdr.jpg", "sheet.png")
    written = {f"{name}/{file}" for name in ("EXTRA/001", "EXTRA/002", "X") for file in files}
    assert names == written | {"metrics.csv", "report.html"}
    hdr = radiance_maps.read_radiance(results / "EXTRA" / "001" / "radiance.hdr")
    expected = ldr_to_float(bracket(21, 19).ldr[1]) ** 2.2 / 4
    np.testing.assert_allclose(hdr, expected, atol=1e-3)
    rows = _rows(results / "metrics.csv")
    assert list(rows) == ["EXTRA/001", "X", "mean"]
    psnr = [float(row["psnr_mu"]) for row in rows.values()]
    assert psnr[2] == pytest.approx((psnr[0] + psnr[1]) / 2, abs=1e-5)
    said = capsys.readouterr().out
    assert "| mean | full, camera motion taken out (auto), anchored |" in said
    assert said.splitlines()[-1] == f"Wrote 3 scenes to {results}; open {results}/report.html"


@pytest.mark.parametrize("anchor", [True, False])
def test_results_are_anchored_to_the_reference_unless_told_otherwise(config, anchor, monkeypatch):
    def dimmed(_low, mid, _high):
        return 0.9 * (mid[..., 3:] + 1) - 1

    networks = dataclasses.replace(NETWORKS, merging=dimmed)
    monkeypatch.setattr(reconstruction_fusion, "open_networks", lambda *_: networks)
    assert reconstruction_fusion.main(dataclasses.replace(config, anchor=anchor)) == 0
    hdr = radiance_maps.read_radiance(config.run / "results" / "EXTRA" / "001" / "radiance.hdr")
    reference = ldr_to_float(bracket(21, 19).ldr[1])
    well_exposed = reference.max(-1) < 0.8
    found = np.median((hdr / (reference**2.2 / 4))[well_exposed])
    assert found == pytest.approx(1.0 if anchor else 0.9, abs=0.03)


def test_results_folder_and_a_single_scene(config, tmp_path):
    config = ReconstructionConfig(
        run=config.run, scenes=(config.scenes[0] / "X",), results=tmp_path / "elsewhere"
    )
    assert reconstruction_fusion.main(config) == 0
    assert (tmp_path / "elsewhere" / "X" / "radiance.hdr").exists()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_two_runs_into_one_folder_exclude_each_other(config, script):
    results = config.run / "results"
    for other in SCRIPTS:
        with files.lock(results), pytest.raises(files.LockedError, match=f"{results} is in use by"):
            other.main(config)
    assert not list(results.iterdir())
    assert script.main(config) == 0
    assert not list(results.glob(".*"))


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_folder_that_takes_no_files_is_said_before_anything_is_made(config, script, monkeypatch):
    monkeypatch.setattr(PreparedScenes, "__iter__", lambda _: pytest.fail("read"))
    config.run.touch()
    with pytest.raises(OSError, match=f"Nothing can be written.*{config.run / 'results'}"):
        script.main(config)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_broken_scene_does_not_stop_the_others(config, script, capsys):
    (config.scenes[0] / "EXTRA" / "001" / "exposure.txt").write_text("0\n2\n")
    assert script.main(config) == 2
    assert "EXTRA/001" in capsys.readouterr().err
    results = config.run / "results"
    assert (results / "X").exists()
    assert not list(results.glob("EXTRA/001*"))


@pytest.mark.parametrize("error", [MemoryError("34 GiB"), cv2.error("Insufficient memory")])
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_scene_for_which_memory_lacks_does_not_stop_the_others(
    config, script, error, capsys, monkeypatch
):
    def read(folder, root):
        if folder.name == "001":
            raise error
        return read_scene(folder, root)

    monkeypatch.setattr("photo.reading.inputs.read_scene", read)
    assert script.main(config) == 2
    assert f"Scene EXTRA/001: {error}" in capsys.readouterr().err
    results = config.run / "results"
    assert (results / "X").exists()


def test_a_scene_that_does_not_fit_the_protocol_is_reported(config, capsys):
    config = ReconstructionConfig(run=config.run, scenes=config.scenes, protocol="crop-1440x960")
    assert reconstruction_fusion.main(config) == 2
    captured = capsys.readouterr()
    assert "Scene X: protocol crop-1440x960 needs 1440x960" in captured.err
    results = paths.results_dir(config.run)
    assert captured.out == f"Wrote 0 scenes to {results}\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_scenes_nothing_is_loaded(config, script, monkeypatch):
    monkeypatch.setattr(script, "open_networks", lambda *_: pytest.fail("loaded"))
    config = ReconstructionConfig(run=config.run, scenes=(config.scenes[0] / "absent",))
    with pytest.raises(SceneError, match="absent"):
        script.main(config)


@pytest.mark.parametrize("script", SCRIPTS)
def test_scenes_without_truth_leave_no_table_and_are_not_read_again(config, script, capsys):
    config = ReconstructionConfig(run=config.run, scenes=(config.scenes[0] / "EXTRA" / "002",))
    assert script.main(config) == 0
    results = paths.results_dir(config.run)
    assert not list(results.glob("*.csv"))
    last = capsys.readouterr().out.splitlines()[-1]
    assert "1 scene to" in last or "of 1 scene" in last
    with pytest.raises(SceneError, match="only results"):
        find_brackets(results)


@pytest.fixture
def shifted(tmp_path):
    """One scene whose low frame is shifted, and its frames with that undone."""
    octaves = [
        cv2.resize(np.random.default_rng(0).random((160 // n, 240 // n, 3), np.float32), (240, 160))
        for n in (20, 7, 3)
    ]
    wide = 0.2 * np.mean(octaves, axis=0) ** 2
    views = [wide[:128, left : left + 192] for left in (8, 0, 0)]
    times = np.array([1, 4, 16], np.float32)
    frames = [hdr_to_ldr(view, time) for view, time in zip(views, times, strict=True)]
    ldr = np.rint(255 * np.stack(frames)).astype(np.uint8)
    folder = tmp_path / "Shifted" / "S"
    write_scene(folder, ldr=ldr, exposure_values=np.array([0, 2, 4]), hdr=views[1])
    config = ReconstructionConfig(run=tmp_path / "run", scenes=(folder,))
    return config, prealigned(read_scene(folder), "auto").ldr


@pytest.mark.parametrize(
    ("mode", "title"),
    [
        ("off", "full"),
        ("auto", "full, camera motion taken out (auto)"),
        ("on", "full, camera motion taken out (on)"),
    ],
)
def test_camera_motion_is_taken_out_of_scenes(shifted, mode, title):
    config, expected = shifted
    config = dataclasses.replace(config, prealign=mode)
    assert reconstruction_align2.main(config) == 0
    assert reconstruction_fusion.main(config) == 0
    results = config.run / "results"
    low = frames.read_ldr(results / "S" / "aligned_low.png")  # these networks return their source
    same = np.abs(low.astype(int) - expected[0]).max() <= 1
    assert same == (mode != "off")
    for table, own in (("aligned.csv", title), ("metrics.csv", f"{title}, anchored")):
        assert {row["protocol"] for row in _rows(results / table).values()} == {own}
    assert f"<td>{title}, anchored</td>" in (results / "report.html").read_text()


def test_before_merging_is_trained_only_alignment_runs(config, monkeypatch):
    alignments = dataclasses.replace(NETWORKS, merging=None)
    for script in SCRIPTS:
        monkeypatch.setattr(script, "open_networks", lambda *_: alignments)
    assert reconstruction_align2.main(config) == 0
    with pytest.raises(ValueError, match="merging network is not trained"):
        reconstruction_fusion.main(config)
