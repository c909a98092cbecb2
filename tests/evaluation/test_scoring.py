"""Scores of networks and of anyone's files, their tables and plots."""

import csv
import dataclasses
import math
import re
import types
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest

import evaluate
from configs import paths
from configs.settings import EvaluationConfig
from evaluate import from_networks
from tests import layouts
from tests.brackets import reference_networks, source_networks
from utils.evaluation import scoring
from utils.evaluation.baselines import BASELINES
from utils.evaluation.perceptual import Display
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import psnr
from utils.evaluation.published import PUBLISHED
from utils.evaluation.scoring import Meter, from_files, from_function, score
from utils.images import frames, radiance_maps
from utils.reporting import plots, score_tables, tables
from utils.scenes.data_sets import OFFICIAL_TEST_SCENES
from utils.scenes.folders import find_scenes, read_scene, scene_name

METER = Meter(display=Display(peak=1000, black=0.005))


@pytest.fixture
def root(tmp_path):
    """Two scenes below `Test`."""
    for name in ("EXTRA/001", "PAPER/X.1"):
        layouts.write(tmp_path / "Test", "Kalantari", name, seed=len(name))
    return tmp_path / "Test"


@pytest.fixture
def predictions(root, tmp_path):
    """The truths, one brighter, in the two ways files may be named."""
    folder = tmp_path / "method"
    for index, scene_folder in enumerate(find_scenes(root)):
        scene = _read(scene_folder, root)
        stem = folder / "PAPER_X.1" if index else folder / "EXTRA" / "001" / "result"
        stem.parent.mkdir(parents=True, exist_ok=True)
        brighter = scene.hdr * (1.01 if index else 1.05)
        radiance_maps.write_radiance(stem.with_name(f"{stem.name}.hdr"), brighter)
    return folder


def _read(folder, root) -> Any:
    """A scene that is known to have a truth."""
    return read_scene(folder, root)


def _score(root, predictions, *names):
    return score(root, [PROTOCOLS[name] for name in names], from_files(predictions, root), METER)


def _config(root, predictions, tmp_path, **changes):
    folders: dict[str, Any] = {"run": tmp_path / "run", "scenes": root, "predictions": predictions}
    return EvaluationConfig(**folders | changes)


def _rows(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    return list(csv.DictReader(lines))


def test_frames_are_prepared_once_for_all_protocols_and_methods(root, monkeypatch):
    calls, seen = [], []

    def prealigned(scene, mode):
        calls.append((scene.name, mode))
        return dataclasses.replace(scene, ldr=np.zeros_like(scene.ldr))

    def predict(_scene, prepared, _protocol):
        seen.append(prepared.ldr.max())
        return prepared.hdr

    monkeypatch.setattr(scoring, "prealigned", prealigned)
    protocols = [PROTOCOLS[name] for name in ("full", "hdr-transformer")]
    score(root, protocols, predict, METER, "auto")
    assert calls == [("EXTRA/001", "auto"), ("PAPER/X.1", "auto")]
    assert seen == [0, 0, 0, 0]


def test_predictions_are_scored_against_the_truth(root, predictions):
    scores = _score(root, predictions, "full")
    assert not scores.failures
    assert list(scores.by_protocol["full"]) == ["EXTRA/001", "PAPER/X.1"]
    scene = _read(root / "EXTRA" / "001", root)
    result = radiance_maps.read_radiance(predictions / "EXTRA" / "001" / "result.hdr")
    numbers = scores.by_protocol["full"]["EXTRA/001"]
    assert numbers["psnr_l"] == psnr(result, scene.hdr)
    assert set(numbers) == {"psnr_mu", "psnr_l", "ssim_mu", "ssim_l", "pu21_psnr", "pu21_ssim"}
    assert scores.error_maps["full"]["EXTRA/001"].shape == (24, 40)


def test_a_prediction_of_the_scenes_size_is_resized_like_the_truth(root, predictions, monkeypatch):
    monkeypatch.setattr("utils.evaluation.protocols._RELEASE_SIZE", (48, 32))
    scores = _score(root, predictions, "release")
    assert scores.by_protocol["release"]["PAPER/X.1"]["psnr_mu"] > 40
    assert scores.error_maps["release"]["PAPER/X.1"].shape == (32, 48)


@pytest.mark.parametrize(
    ("scale", "said"),
    [(0.1, "darker than the truth by a constant 3.3 stops"), (4, "brighter"), (0.95, "")],
)
def test_a_prediction_off_by_a_constant_is_noticed(root, predictions, caplog, scale, said):
    scene = _read(root / "EXTRA" / "001", root)
    path = predictions / "EXTRA" / "001" / "result.hdr"
    radiance_maps.write_radiance(path, scale * scene.hdr)
    assert not _score(root, predictions, "full").failures
    assert said in caplog.text
    assert len(caplog.messages) == bool(said)


def test_a_negative_prediction_is_named_with_its_value(root, tmp_path):
    path = tmp_path / "001.exr"
    hdr = np.zeros((24, 40, 3), np.float32)
    hdr[0, 0, 0] = -0.01
    with OpenEXR.File({}, {"RGB": hdr}) as file:
        file.write(str(path))
    (failure,) = _score(root / "EXTRA" / "001", tmp_path, "full").failures
    assert f"must be at least 0. Received: {path}, -0.01" in failure


def test_a_protocol_that_fails_does_not_stop_the_others(root, predictions):
    scores = _score(root, predictions, "crop-1440x960", "full", "release-leak")
    assert [len(rows) for rows in scores.by_protocol.values()] == [0, 2, 0]
    assert len(scores.failures) == 4
    assert any("without a leak" in failure for failure in scores.failures)


def test_missing_and_wrong_predictions_are_named(root, predictions):
    (predictions / "PAPER_X.1.hdr").unlink()
    wrong = np.ones((8, 8, 3), np.float32)
    radiance_maps.write_radiance(predictions / "EXTRA" / "001" / "result.hdr", wrong)
    failures = _score(root, predictions, "full").failures
    for words, failure in zip(
        ("40x24 pixels.*of 8x8", "PAPER/X.1.*0 in it"), failures, strict=True
    ):
        assert re.search(words, failure)
    with pytest.raises(ValueError, match="no folder of predictions"):
        from_files(predictions / "absent", root)


@pytest.mark.parametrize("stem", ["PAPER_X.1", "PAPER/X.1", "PAPER/X.1/radiance"])
def test_the_exr_of_a_scene_is_preferred_to_its_hdr(root, predictions, stem):
    truth = _read(root / "PAPER" / "X.1", root).hdr
    (predictions / "PAPER_X.1.hdr").unlink()
    radiance_maps.write_radiance(predictions / f"{stem}.hdr", truth / 2)
    radiance_maps.write_exr(predictions / f"{stem}.exr", truth)
    scores = _score(root, predictions, "full")
    assert scores.by_protocol["full"]["PAPER/X.1"]["psnr_l"] > 60


@pytest.mark.parametrize("relative", [True, False])
def test_results_of_a_scene_that_windows_would_refuse_are_found(
    root, tmp_path, monkeypatch, relative
):
    monkeypatch.chdir(tmp_path)
    folder = Path("results") if relative else tmp_path / "results"
    for index, path in enumerate(find_scenes(root)):
        name = f"12:{index}0"
        inside = paths.scene_dir(folder, name)
        inside.mkdir(parents=True)
        truth = _read(path, root).hdr
        radiance_maps.write_radiance(inside / "radiance.hdr", truth)
        radiance_maps.write_exr(inside / "radiance.exr", truth)
        path.rename(root / name)
    assert not _score(root, folder, "full").failures


def test_what_a_killed_run_left_beside_a_prediction_is_ignored(root, predictions):
    inside = predictions / "PAPER" / "X.1"
    inside.mkdir(parents=True)
    (predictions / "PAPER_X.1.hdr").rename(inside / "theirs.hdr")
    (inside / ".theirs.partial.hdr").write_text("half")
    assert not _score(root, predictions, "full").failures


def test_baselines_stand_beside_the_method_on_the_same_scenes(root, predictions, tmp_path):
    (predictions / "PAPER_X.1.hdr").unlink()  # then no method may count that scene
    config = _config(root, predictions, tmp_path, results=tmp_path, baselines=True, method="theirs")
    assert evaluate.main(config) == 2
    rows = {row["method"]: row for row in _rows(tmp_path / "methods.csv")}
    assert list(rows) == ["theirs", "reference", "opencv-debevec", "opencv-robertson"]
    assert {row["scenes"] for row in rows.values()} == {"1"}
    scene = _read(root / "EXTRA" / "001", root)
    expected = PROTOCOLS["full"].score(BASELINES["reference"](scene), scene.hdr).psnr_mu
    assert rows["reference"]["PSNR-μ"].startswith(f"{expected:.2f} [")


def test_networks_merge_what_other_methods_aligned(root, tmp_path, monkeypatch):
    networks = dataclasses.replace(source_networks(), merging=lambda low, _mid, _high: low[..., 3:])
    monkeypatch.setattr(evaluate, "open_networks", lambda _: networks)
    monkeypatch.setattr(evaluate, "weights_files", lambda _: [])
    changes = {"results": tmp_path, "baselines": True, "agreement": False}
    assert evaluate.main(_config(root, None, tmp_path, prealign="off", **changes)) == 0
    rows = {row.pop("method"): row for row in _rows(tmp_path / "methods.csv")}
    names = ["source as it is", "AlignMTB", "homography", "optical flow"]
    assert list(rows) == ["ours", *(f"{name}, merged" for name in names), *BASELINES]
    assert rows["ours"] == rows["source as it is, merged"] != rows["optical flow, merged"]


def test_protocols_with_one_input_share_a_reconstruction(root):
    calls = []

    def predict(_scene, prepared, protocol):
        calls.append(protocol.name)
        return prepared.hdr * 0.9

    protocols = [PROTOCOLS[name] for name in ("full", "ntire", "hdr-transformer")]
    scores = score(root, protocols, predict, METER)
    assert calls == ["full", "hdr-transformer"] * 2
    full, ntire, _ = (rows["EXTRA/001"] for rows in scores.by_protocol.values())
    assert full["psnr_mu"] != ntire["psnr_mu"]
    assert full["pu21_psnr"] == ntire["pu21_psnr"]


def test_networks_are_scored_like_files_of_their_results(root):
    scores = score(root, [PROTOCOLS["full"]], from_networks(source_networks()), METER)
    scene = _read(root / "EXTRA" / "001", root)
    expected = psnr((scene.ldr[1] / 65535) ** 2.2 / 4, scene.hdr)
    assert scores.by_protocol["full"]["EXTRA/001"]["psnr_l"] == pytest.approx(expected, abs=1e-3)


def test_a_scene_without_truth_is_a_failure(root):
    for path in root.rglob("*.hdr"):
        path.unlink()
    scores = score(root, [PROTOCOLS["full"]], from_networks(reference_networks()), METER)
    assert "no truth" in scores.failures[0]


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.001, 1e30])
def test_a_bad_prediction_loses_its_own_scores_only(root, value):
    def predict(scene):
        result = scene.hdr * np.float32(0.9)
        result[3, 4] = value if scene.name == "PAPER/X.1" else result[3, 4]
        return result

    protocols = [PROTOCOLS[name] for name in ("full", "ntire", "hdr-transformer")]
    scores = score(root, protocols, from_function(predict), METER)
    for rows in scores.by_protocol.values():
        assert "EXTRA/001" in rows
        assert all(np.isfinite(list(numbers.values())).all() for numbers in rows.values())
    lost = [title for title, rows in scores.by_protocol.items() if "PAPER/X.1" not in rows]
    assert [line.split(":")[0] for line in scores.failures] == ["Scene PAPER/X.1"] * len(lost)
    assert lost or np.isfinite(value)


def test_a_library_error_or_a_black_truth_of_one_scene_is_named(root):
    def predict(scene):
        if scene.name == "EXTRA/001":
            raise RuntimeError("out of luck")
        return np.full_like(scene.ldr[1], 0.5, np.float32)

    path = next((root / "PAPER" / "X.1").glob("*.hdr"))
    radiance_maps.write_radiance(path, np.zeros_like(radiance_maps.read_radiance(path)))
    scores = score(root, [PROTOCOLS["ntire"]], from_function(predict), METER)
    assert not scores.by_protocol["ntire"]
    assert scores.failures[0] == "Scene EXTRA/001: out of luck"
    assert scores.failures[1].startswith("Scene PAPER/X.1: ")


def test_the_script_writes_tables_and_plots(root, predictions, tmp_path, capsys):
    better = tmp_path / "better"
    better.mkdir()
    for folder in find_scenes(root):
        truth = _read(folder, root).hdr
        radiance_maps.write_radiance(better / f"{scene_name(folder, root)}.hdr", truth)
    names = ("full", "ntire")
    config = _config(root, predictions, tmp_path, protocol=names, against=better)
    assert evaluate.main(config) == 0
    results = predictions / "evaluation"
    names = ("scenes", "protocols", "published", "paper", "comparison")
    written = {f"{name}{suffix}" for name in names for suffix in (".csv", ".md", ".tex")}
    plots_written = {"scenes.png", "errors.png"}
    expected = {"provenance.json"} | written | plots_written
    assert {path.name for path in results.iterdir()} == expected
    rows = _rows(results / "scenes.csv")
    assert [row["scene"] for row in rows] == ["EXTRA/001", "PAPER/X.1", "mean", "low", "high"] * 2
    values = [float(row["PSNR-μ"]) for row in rows[:3]]
    assert values[2] == pytest.approx(sum(values[:2]) / 2, abs=0.01)
    for row in _rows(results / "comparison.csv"):
        assert row["wins"] in ("0:2", "0:1", "0:0")
    assert "display of 1000 cd/m2, black 0.005 cd/m2" in capsys.readouterr().out
    for name in plots_written:
        assert frames.read_ldr(results / name).std() > 10


def test_the_error_maps_are_those_of_the_protocol_in_their_title(
    root, predictions, tmp_path, monkeypatch
):
    drawn = {}
    monkeypatch.setattr("utils.evaluation.protocols._RELEASE_SIZE", (48, 32))
    monkeypatch.setattr(
        plots, "error_maps", lambda _path, maps, title: drawn.setdefault(title, maps)
    )
    names = ("crop-1440x960", "release", "full")  # the scenes are too small for the first
    assert evaluate.main(_config(root, predictions, tmp_path, protocol=names)) == 2
    assert list(drawn) == ["ours, protocol release"]
    sizes = {name: error.shape for name, error in drawn["ours, protocol release"].items()}
    assert sizes == dict.fromkeys(("EXTRA/001", "PAPER/X.1"), (32, 48))


def test_the_script_says_what_failed(root, predictions, tmp_path, capsys):
    config = _config(root, predictions, tmp_path, protocol=("crop-1440x960",))
    assert evaluate.main(config) == 2
    captured = capsys.readouterr()
    assert captured.err.count("error:") == 2
    assert "No scene could be scored" in captured.out


def _official(value=44.0) -> dict[str, scoring.Numbers]:
    numbers: scoring.Numbers = dict.fromkeys(("psnr_mu", "psnr_l", "ssim_mu", "ssim_l"), value)
    return dict.fromkeys(sorted(OFFICIAL_TEST_SCENES), numbers)


def test_marks_of_the_papers_table():
    table = score_tables.paper_table("ours", {"full": _official(), "release": _official()})
    rows = {row[0]: row for row in table.rows}
    assert {"SAFNet", "AFUNet", "ours", "DeepHDR†", "HDR-GAN†", "Kalantari‡", "ours†"} < set(rows)
    assert rows["AFUNet"][1:5] == ["44.91", "42.59", "0.9923", "0.9906"]
    assert rows["AFUNet"][-1] == "table of AFUNet, ICCV 2025"
    assert not any("§" in note for note in table.notes)
    other = score_tables.paper_table("ours", {"full": {"a": _official()["EXTRA/001"]}})
    assert other.rows[-1][0] == "ours§"
    assert any(note.startswith("§") for note in other.notes)


def test_every_published_row_has_a_source():
    assert len(OFFICIAL_TEST_SCENES) == 15
    assert all(entry.source for entry in PUBLISHED)
    assert all(38 < entry.psnr_l < entry.psnr_mu < 45 for entry in PUBLISHED)
    assert "ESBN" not in {entry.method for entry in PUBLISHED}


def test_the_three_forms_hold_the_same_numbers():
    table = tables.Table(
        heading=["scene", "PSNR-μ"], rows=[["a_1†", "40.00"], ["b", "41.50"]], notes=["† else."]
    )
    assert tables.to_csv(table) == "# † else.\nscene,PSNR-μ\na_1†,40.00\nb,41.50\n"
    assert tables.to_markdown(table) == (
        "| scene | PSNR-μ |\n| --- | ---: |\n| a_1† | 40.00 |\n| b | 41.50 |\n\n† else.  \n"
    )
    assert tables.to_latex(table).splitlines() == [
        "% † else.",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r"scene & PSNR-$\mu$ \\",
        r"\midrule",
        r"a\_1$^\dagger$ & 40.00 \\",
        r"b & 41.50 \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


def test_the_protocol_table_has_an_interval_for_each_mean():
    by_scene = {str(i): {"psnr_mu": 40.0 + i, "ssim_mu": 0.9} for i in range(3)}
    table = score_tables.protocol_table({"full": by_scene, "release": {}}, ["note"])
    assert table.rows == [["full", "3", "41.00 [40.00, 42.00]", "0.9000 [0.9000, 0.9000]"]]


def test_a_comparison_uses_the_scenes_that_both_have():
    first = {"full": {"a": {"psnr_mu": 41.0}, "b": {"psnr_mu": 40.0}}}
    second = {"full": {"b": {"psnr_mu": 39.5}, "c": {"psnr_mu": 1.0}}}
    table = score_tables.comparison_table(("x", "y"), first, second)
    expected = ["full", "PSNR-μ", "1", "+0.50", "+0.50 to +0.50", "1:0", "1"]
    assert table.rows == [expected]


def test_error_maps_share_one_scale(tmp_path):
    small, large = np.full((10, 20), 0.01), np.full((10, 20), 0.08)
    plots.error_maps(tmp_path / "e.png", {"a": small, "b": large}, "title")
    picture = frames.read_ldr(tmp_path / "e.png").astype(int)
    left, right = np.array_split(picture[:, : picture.shape[1] * 3 // 4], 2, axis=1)
    assert left.reshape(-1, 3).min(0).sum() < right[right.sum(-1) > 200].min(0).sum()


def test_infinite_psnr_does_not_break_the_bars(tmp_path):
    plots.scene_bars(tmp_path / "s.png", {"full": {"a": math.inf, "b": 40.0}, "x": {"a": math.inf}})
    assert (tmp_path / "s.png").exists()


def test_cvvdp_is_measured_and_named(root):
    vdp: Any = types.SimpleNamespace(title="ColorVideoVDP v0, 75 [pix/deg]", measure=lambda *_: 9.5)
    meter = dataclasses.replace(METER, vdp=vdp)
    scores = score(root, [PROTOCOLS["full"]], from_networks(source_networks()), meter)
    assert scores.by_protocol["full"]["EXTRA/001"]["cvvdp"] == 9.5
    table = score_tables.scene_table(scores.by_protocol, meter.notes)
    assert table.heading[-1] == "ColorVideoVDP"
    assert "75 [pix/deg]" in table.notes[-1]
    assert METER.notes == meter.notes[:1]
