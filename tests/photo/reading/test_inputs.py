"""Both reconstruction scripts on a tree of small scenes."""

import csv
import dataclasses
import re
from typing import get_args

import cv2
import numpy as np
import pytest

import reconstruction_align2
import reconstruction_fusion
from configs.settings import PrealignmentName, ReconstructionConfig
from photo.reading.search import find_brackets
from tests.brackets import bracket, source_networks
from utils import files
from utils.images import frames, radiance_maps
from utils.radiometry.levels import ldr_to_float, to_8bit
from utils.scenes.folders import read_scene, write_scene
from utils.scenes.scene import SceneError

SCRIPTS = [reconstruction_align2, reconstruction_fusion]
NETWORKS = source_networks()


@pytest.fixture(autouse=True)
def _networks(monkeypatch):
    for script in SCRIPTS:
        monkeypatch.setattr(script, "open_networks", lambda *_, **__: NETWORKS)


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
    rows = {row.pop("protocol"): row for row in _aligned(results)}
    title = "full, camera motion taken out (auto)"
    assert list(rows) == [f"source as it is: {title}", f"ESBN: {title}"]
    assert rows[f"ESBN: {title}"] == rows[f"source as it is: {title}"]  # these networks' result
    assert f"| ESBN | {title} | 2 |" in capsys.readouterr().out


def _aligned(results):
    """Rows of the means."""
    text = (results / "aligned.csv").read_text()
    lines = [line for line in text.splitlines() if line[0] != "#"]
    return [row for row in csv.DictReader(lines) if row["scene"] == "mean"]


@pytest.mark.parametrize("protocol", ["full", "release"])
def test_align2_compares_with_geometric_alignments(config, protocol, monkeypatch):
    monkeypatch.setattr("utils.evaluation.protocols._RELEASE_SIZE", (48, 32))
    settings = dataclasses.replace(config, baselines=True, protocol=protocol)
    assert reconstruction_align2.main(settings) == 0
    results = config.run / "results"
    rows = {row["protocol"]: row for row in _aligned(results)}
    names = ["source as it is", "AlignMTB", "homography", "optical flow"]
    title = f"ESBN: {protocol}, camera motion taken out (auto)"
    assert list(rows) == [*(f"{name}: {protocol}" for name in names), title]
    low = {name: float(row["PSNR low"]) for name, row in rows.items()}
    assert low[f"optical flow: {protocol}"] > low[f"source as it is: {protocol}"] + 3
    if protocol == "release":  # large enough for camera motion to be found, and taken out
        assert low[title] > low[f"source as it is: {protocol}"] + 3
    merged = {row["merged PSNR-μ"] for row in rows.values()}
    assert len(merged) == 1  # the stand-in for merging gives back the reference
    assert frames.read_ldr(results / "X" / "alignments.png").std() > 10
    assert not (results / "EXTRA" / "002" / "alignments.png").exists()


def test_fusion_writes_radiance_pictures_and_numbers(config, capsys):
    assert reconstruction_fusion.main(dataclasses.replace(config, agreement=False)) == 0
    results = config.run / "results"
    folders = {str(path.relative_to(results)) for path in results.glob("**/")}
    assert folders == {".", "EXTRA", "EXTRA/001", "EXTRA/002", "X"}
    hdr = radiance_maps.read_radiance(results / "EXTRA" / "001" / "radiance.hdr")
    expected = ldr_to_float(bracket(21, 19).ldr[1]) ** 2.2 / 4
    np.testing.assert_allclose(hdr, expected, atol=1e-3)
    rows = _rows(results / "metrics.csv")
    assert list(rows) == ["EXTRA/001", "X", "mean"]
    psnr = [float(row["psnr_mu"]) for row in rows.values()]
    assert psnr[2] == pytest.approx((psnr[0] + psnr[1]) / 2, abs=1e-5)
    said = capsys.readouterr().out
    assert "| mean | full, camera motion taken out (auto) |" in said
    assert said.splitlines()[-1] == f"Wrote 3 scenes to {results}; open {results}/report.html"


@pytest.mark.parametrize("agreement", [True, False])
def test_results_have_the_references_own_pixels_unless_told_otherwise(
    config, agreement, monkeypatch
):
    def dimmed(_low, mid, _high):
        return 0.9 * (mid[..., 3:] + 1) - 1

    networks = dataclasses.replace(NETWORKS, merging=dimmed)
    monkeypatch.setattr(reconstruction_fusion, "open_networks", lambda *_: networks)
    assert reconstruction_fusion.main(dataclasses.replace(config, agreement=agreement)) == 0
    hdr = radiance_maps.read_radiance(config.run / "results" / "EXTRA" / "001" / "radiance.hdr")
    reference = ldr_to_float(bracket(21, 19).ldr[1])
    well_exposed = reference.max(-1) < 0.8
    found = np.median((hdr / (reference**2.2 / 4))[well_exposed])
    assert found == pytest.approx(1.0 if agreement else 0.9, abs=0.03)


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
def test_a_results_folder_that_is_moved_ends_the_run_before_the_next_scene(
    config, script, monkeypatch
):
    results, moved = config.run / "results", config.run / "moved"

    def read(folder, root):
        if folder.name == "002":  # 001 is written
            results.rename(moved)
        return read_scene(folder, root)

    monkeypatch.setattr("photo.reading.inputs.read_scene", read)
    with pytest.raises(files.LockedError, match=f"^{results} was moved or replaced .*Received: "):
        script.main(config)
    assert (moved / "EXTRA" / "001").exists()
    assert not results.exists()


@pytest.mark.parametrize(
    ("height", "factor", "message"),
    [(8, 1, "SSIM needs 11 pixels a side"), (24, 1e17, "of one scale.* of the truth")],
)
def test_a_result_without_a_score_is_written_and_left_out_of_the_mean(
    config, height, factor, message, capsys
):
    scene = bracket(height, 19)
    write_scene(
        config.scenes[0] / "odd",
        ldr=scene.ldr,
        exposure_values=scene.exposure_values,
        hdr=scene.hdr * factor,
    )
    assert reconstruction_fusion.main(config) == 2
    assert re.search(f"^error: Scene odd has no score: .*{message}", capsys.readouterr().err, re.M)
    assert (config.run / "results" / "odd" / "radiance.hdr").exists()
    rows = _rows(config.run / "results" / "metrics.csv")
    assert list(rows) == ["EXTRA/001", "X", "mean"]
    assert float(rows["mean"]["psnr_l"]) > 0


@pytest.mark.parametrize(
    "error", [SceneError("3 frames"), MemoryError("34 GiB"), cv2.error("Insufficient memory")]
)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_scene_that_cannot_be_read_does_not_stop_the_others(
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
    assert not list(results.glob("EXTRA/001*"))


def test_a_scene_that_does_not_fit_the_protocol_is_reported(config, capsys):
    config = dataclasses.replace(config, protocol="crop-1440x960")
    assert reconstruction_fusion.main(config) == 2
    captured = capsys.readouterr()
    assert "Scene X: protocol crop-1440x960 needs 1440x960" in captured.err
    assert captured.out == f"Wrote 0 scenes to {config.run / 'results'}\n"


@pytest.mark.parametrize("script", SCRIPTS)
def test_scenes_without_truth_leave_no_table_and_are_not_read_again(config, script, capsys):
    config = dataclasses.replace(config, scenes=(config.scenes[0] / "EXTRA" / "002",))
    assert script.main(config) == 0
    results = config.run / "results"
    assert not list(results.glob("*.csv"))
    last = capsys.readouterr().out.splitlines()[-1]
    assert "1 scene to" in last or "of 1 scene" in last
    with pytest.raises(SceneError, match="only results"):
        find_brackets(results)


@pytest.mark.parametrize("mode", get_args(PrealignmentName))
def test_camera_motion_is_taken_out_of_scenes_and_named_in_tables(config, monkeypatch, mode):
    def taken_out(scene, given):
        assert given == mode
        return dataclasses.replace(scene, ldr=scene.ldr // 2)

    monkeypatch.setattr("photo.reading.inputs.prealigned", taken_out)
    config = dataclasses.replace(config, prealign=mode)
    assert [script.main(config) for script in SCRIPTS] == [0, 0]
    results = config.run / "results"
    low = frames.read_ldr(results / "X" / "aligned_low.png")  # these networks return their source
    expected = to_8bit(bracket(24, 19).ldr[0] // 2)
    assert np.abs(low.astype(int) - expected).max() <= 1
    title = "full" if mode == "off" else f"full, camera motion taken out ({mode})"
    assert _aligned(results)[-1]["protocol"] == f"ESBN: {title}"
    for row in _rows(results / "metrics.csv").values():
        assert row["protocol"] == f"{title}, agreement"
    assert f"<td>{title}, agreement</td>" in (results / "report.html").read_text()


def test_alignment_needs_no_merging_network(config, monkeypatch):
    def opened(*_, merging=True):
        assert not merging
        return dataclasses.replace(NETWORKS, merging=None)

    monkeypatch.setattr(reconstruction_align2, "open_networks", opened)
    assert reconstruction_align2.main(config) == 0
