"""Result files, tables and sheets."""

import csv
import dataclasses
import math

import numpy as np
import pytest

from tests.brackets import bracket, source_networks
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import Metrics
from utils.images import frames
from utils.inference.pipeline import reconstruct_picture
from utils.radiometry.radiance import hdr_to_ldr, mu_law
from utils.reporting.results import markdown_table, write_aligned, write_metrics
from utils.reporting.sheets import alignment_sheet, comparison_sheet

FULL, LEAK = PROTOCOLS["full"], PROTOCOLS["release-leak"]
ROWS = [
    ("001", Metrics(psnr_mu=40.0, psnr_l=38.0, ssim_mu=0.98, ssim_l=0.96)),
    ("PAPER_X", Metrics(psnr_mu=41.0, psnr_l=39.5, ssim_mu=0.99, ssim_l=0.97)),
]


def _tone(hdr):
    return np.rint(255 * np.sqrt(np.clip(hdr, 0, 1))).astype(np.uint8)


def _mu_law(hdr):
    return np.rint(255 * mu_law(np.clip(hdr, 0, 1))).astype(np.uint8)


def test_csv_has_a_row_for_each_scene_then_their_mean(tmp_path):
    path = tmp_path / "results" / "metrics.csv"
    write_metrics(path, ROWS, "full")
    header, *rows = csv.reader(path.read_text().splitlines())
    assert header == ["scene", "protocol", "psnr_mu", "psnr_l", "ssim_mu", "ssim_l"]
    assert [row[0] for row in rows] == ["001", "PAPER_X", "mean"]
    assert {row[1] for row in rows} == {"full"}
    assert [float(x) for x in rows[-1][2:]] == pytest.approx([40.5, 38.75, 0.985, 0.965])
    assert [path.name for path in path.parent.iterdir()] == ["metrics.csv"]


def test_csv_without_numbers_has_only_its_heading(tmp_path):
    write_metrics(tmp_path / "metrics.csv", [], "full")
    expected = "scene,protocol,psnr_mu,psnr_l,ssim_mu,ssim_l\n"
    assert (tmp_path / "metrics.csv").read_text() == expected


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("x")'])
def test_a_name_is_no_formula_of_a_spreadsheet_and_numbers_stay(tmp_path, name):
    numbers = dataclasses.replace(ROWS[0][1], psnr_mu=-1.5)
    write_metrics(tmp_path / "metrics.csv", [(name, numbers), ("a=1", numbers)], "full")
    _, *rows = csv.reader((tmp_path / "metrics.csv").read_text().splitlines())
    assert [row[0] for row in rows] == [f"'{name}", "a=1", "mean"]
    assert {row[2] for row in rows} == {"-1.500000"}


def test_infinite_psnr_is_written(tmp_path):
    row = ("001", dataclasses.replace(ROWS[0][1], psnr_mu=math.inf))
    write_metrics(tmp_path / "metrics.csv", [row], "full")
    assert (tmp_path / "metrics.csv").read_text().count(",inf,") == 2  # the scene, the mean


def test_every_row_of_a_leaking_protocol_says_so(tmp_path):
    write_metrics(tmp_path / "metrics.csv", ROWS, LEAK.title)
    for text in ((tmp_path / "metrics.csv").read_text(), markdown_table(ROWS, LEAK.title)):
        numbers = [line for line in text.splitlines() if "0.98" in line or "0.99" in line]
        assert len(numbers) == 3
        assert all("LEAKS GROUND TRUTH" in line for line in numbers)


def test_markdown_table():
    assert markdown_table(ROWS, "full").splitlines() == [
        "| scene | protocol | psnr_mu | psnr_l | ssim_mu | ssim_l |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| 001 | full | 40.00 | 38.00 | 0.9800 | 0.9600 |",
        "| PAPER_X | full | 41.00 | 39.50 | 0.9900 | 0.9700 |",
        "| mean | full | 40.50 | 38.75 | 0.9850 | 0.9650 |",
    ]


def test_aligned_files_are_low_and_high(tmp_path):
    aligned = np.zeros((2, 5, 7, 3), np.float32)
    aligned[1] = 200 / 255
    write_aligned(tmp_path, "001", aligned)
    assert frames.read_ldr(tmp_path / "001" / "aligned_low.png").max() == 0
    assert frames.read_ldr(tmp_path / "001" / "aligned_high.png").min() == 200


@pytest.mark.parametrize(
    ("truth", "width"), [(True, 5 * 488), (False, 4 * 488)], ids=["truth", "no truth"]
)
def test_sheets_are_bounded_and_leave_out_a_missing_truth(truth, width):
    scene = bracket(300, 1000, truth=truth)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    sheet = comparison_sheet(scene, reconstruction, ["title"], _tone(reconstruction.hdr), _tone)
    assert sheet.dtype == np.uint8
    assert sheet.shape == (28 + 2 * (28 + 144 + 8), width, 3)


def test_a_sheet_shows_inputs_above_what_was_made_of_them():
    scene = bracket(40, 40, dtype=np.uint8)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    sheet = comparison_sheet(scene, reconstruction, [], _tone(reconstruction.hdr), _tone)
    above, below = (sheet[top : top + 40] for top in (28, 28 + 40 + 8 + 28))
    for column, frame in ((0, 0), (2, 2)):
        left = 328 * column
        np.testing.assert_array_equal(above[:, left : left + 40], scene.ldr[frame])
        np.testing.assert_array_equal(below[:, left : left + 40], scene.ldr[frame])
    np.testing.assert_array_equal(below[:, 328:368], _tone(reconstruction.hdr))
    np.testing.assert_array_equal(above[:, 984:1024], _tone(scene.hdr))
    np.testing.assert_array_equal(above[:, 1312:1352], _mu_law(reconstruction.hdr))
    np.testing.assert_array_equal(below[:, 1312:1352], _mu_law(scene.hdr))


def test_a_sheet_of_alignments_has_the_truth_first_and_a_column_for_each():
    scene = bracket(40, 40)
    aligned = np.stack([np.zeros((40, 40, 3)), np.ones((40, 40, 3))])
    sheet = alignment_sheet(
        scene, {"a": aligned, "b": 1 - aligned}, {"a": scene.hdr, "b": scene.hdr}
    )
    low, high, merged = (sheet[top + 28 : top + 68] for top in (0, 76, 152))
    exposed = np.rint(255 * hdr_to_ldr(scene.hdr, 1.0)).astype(np.uint8)
    np.testing.assert_array_equal(low[:, :40], exposed)
    assert [low[0, 328 * i, 0] for i in (1, 2)] == [0, 255]
    assert [high[0, 328 * i, 0] for i in (1, 2)] == [255, 0]
    for left in (0, 328, 656):
        np.testing.assert_array_equal(merged[:, left : left + 40], _mu_law(scene.hdr))


def test_without_a_truth_the_mu_law_view_of_the_result_is_the_last_panel():
    scene = bracket(40, 40, truth=False)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    sheet = comparison_sheet(scene, reconstruction, [], _tone(reconstruction.hdr), _tone)
    mu_law = _mu_law(reconstruction.hdr)
    np.testing.assert_array_equal(sheet[28:68, 984:1024], mu_law)
    assert (sheet[76:, 984:] == 255).all()


def test_the_error_is_black_where_result_and_truth_agree():
    scene = bracket(40, 40)
    reconstruction = reconstruct_picture(source_networks(), scene, FULL)
    hdr = scene.hdr.copy()
    hdr[:, 20:] = np.where(hdr[:, 20:] > 0.1, 0, 1)
    wrong = dataclasses.replace(reconstruction, hdr=hdr)
    sheet = comparison_sheet(scene, wrong, [], _tone(hdr), _tone)
    assert (sheet[76:104, 984 + 138 : 984 + 150] == 255).all()  # between caption and scale
    error = sheet[104:144, 984:1024]
    assert error[:, :20].max() <= 4
    assert error[:, 20:].min() > 150
