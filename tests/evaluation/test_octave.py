"""HDR-VDP-2 by Octave: a stand-in for the authors' code, and their code where it is."""

import csv
import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import evaluate
from configs.settings import EvaluationConfig
from tests.brackets import bracket
from utils.evaluation.octave.hdr_vdp_2 import HdrVdp2
from utils.images import radiance_maps
from utils.scenes.folders import write_scene

STAND_IN = """
function res = hdrvdp(test, reference, color_encoding, pixels_per_degree, options)
  if pixels_per_degree == 1
    pause(60);
  end
  if ~any(test(:))
    error("stand-in: black\\nresult");
  end
  f = fft2(padarray(test - reference, [1 1]));
  d = ifft2(f, size(f, 1), size(f, 2), "symmetric");
  res.Q = 100 - d(3, 4, 2) - 10 * strcmp(options{2}, "crt") - isreal(d) + 0 * upConv(1);
end
"""
FILTER = """
#include <matrix.h>
#include <mex.h>
double value();
void mexFunction(int nlhs, mxArray *plhs[], int nrhs, const mxArray *prhs[])
{
  plhs[0] = mxCreateDoubleScalar(value());
}
"""
VIEWING = EvaluationConfig(vdp_peak=50, vdp_seconds=60)


@pytest.fixture(autouse=True)
def _cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def folder(tmp_path):
    """A stand-in of the authors' package, with a filter for Octave alone."""
    if shutil.which("octave-cli") is None:
        assert os.environ.get("ESBN_OCTAVE") != "required", "Octave must be installed here"
        pytest.skip("needs GNU Octave")
    filters = tmp_path / "hdrvdp-2.2.0" / "matlabPyrTools_1.4_fixed"
    filters.mkdir(parents=True)
    (filters.parent / "hdrvdp.m").write_text(STAND_IN)
    (filters.parent / "hdrvdp_version.m").write_text("function v = hdrvdp_version()\nv = 2.2;\n")
    (filters / "upConv.m").write_text("function x = upConv(x)\n")
    return filters.parent


def _pair():
    truth = bracket().hdr
    result = truth.copy()
    result[1, 2, 1] = truth[1, 2, 1] + np.float32(0.25)
    return result, truth


def test_images_and_settings_arrive_as_they_are(folder):
    result, truth = _pair()
    metric = HdrVdp2(folder, VIEWING)
    assert metric.measure(result, truth) == pytest.approx(99 - 50 * 0.25)
    assert metric.measure(truth, truth) == pytest.approx(99)
    assert metric.note == "HDR-VDP-2: Q of version 2.2; filters: Octave code, not compiled."
    changed = dataclasses.replace(VIEWING, vdp_encoding="sRGB-display", vdp_display="crt")
    metric = HdrVdp2(folder, changed)
    assert metric.measure(result, truth) == pytest.approx(89 - 0.25)
    assert metric.title == "HDR-VDP-2 (sRGB-display, 30 pixels a degree, crt)"


def test_an_error_or_a_slow_scene_loses_that_scene_only(folder):
    result, truth = _pair()
    metric = HdrVdp2(folder, VIEWING)
    with pytest.raises(RuntimeError, match=r"failed\. Received: stand-in: black result"):
        metric.measure(0 * result, truth)
    assert metric.measure(result, truth) < 99
    slow = dataclasses.replace(VIEWING, vdp_pixels_per_degree=1, vdp_seconds=1)
    metric = HdrVdp2(folder, slow)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="no answer within 1 seconds"):
            metric.measure(result, truth)


def test_filters_are_compiled_once(folder, monkeypatch):
    if shutil.which("mkoctfile") is None:
        pytest.skip("needs mkoctfile")
    sources = folder / "matlabPyrTools_1.4_fixed" / "MEX"
    sources.mkdir()
    for name in ("upConv", "corrDn", "pointOp"):
        (sources / f"{name}.c").write_text(FILTER)
    (sources / "wrap.c").write_text("double value() { return 7; }\n")
    (folder / "hdrvdp.m").write_text(
        "function res = hdrvdp(varargin)\n"
        "res.Q = upConv(1) + ends_with_m(functions(@upConv).file);\nend\n"
        "function x = ends_with_m(name)\nx = strcmp(name((end-1):end), '.m');\nend\n"
    )
    metric = HdrVdp2(folder, VIEWING)
    assert metric.measure(*_pair()) == 7
    assert metric.note.endswith("filters: compiled.")
    monkeypatch.setenv("PATH", str(Path(shutil.which("octave-cli") or "").parent))
    (kept,) = (Path(os.environ["XDG_CACHE_HOME"]) / "esbn").iterdir()
    before = (kept / "upConv.mex").stat()
    HdrVdp2(folder, VIEWING)
    assert (kept / "upConv.mex").stat() == before


def test_what_is_missing_is_one_sentence(tmp_path, monkeypatch):
    with pytest.raises(
        ValueError, match=rf"authors' package\. Received: no hdrvdp\.m in {tmp_path}"
    ):
        HdrVdp2(tmp_path, VIEWING)
    (tmp_path / "hdrvdp.m").touch()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ValueError, match=r"GNU Octave .*Received: no program octave-cli"):
        HdrVdp2(tmp_path, VIEWING)


def test_octave_says_why_it_does_not_start(folder):
    (folder / "hdrvdp_version.m").write_text("function v = hdrvdp_version()\nerror('of no use')\n")
    with pytest.raises(ValueError, match=r"not start HDR-VDP-2\. Received: of no use"):
        HdrVdp2(folder, VIEWING)


def test_the_script_has_q_in_every_table(folder, tmp_path):
    result, truth = _pair()
    scene = bracket()
    stops = scene.exposure_values
    write_scene(tmp_path / "Test" / "a", ldr=scene.ldr, exposure_values=stops, hdr=truth)
    radiance_maps.write_radiance(tmp_path / "other" / "a.hdr", result)
    config = EvaluationConfig(
        scenes=tmp_path / "Test",
        predictions=tmp_path / "other",
        hdr_vdp_2=folder,
        baselines=True,
        vdp_peak=50,
    )
    assert evaluate.main(config) == 0
    title = "HDR-VDP-2 (rgb-bt.709 x 50 cd/m2, 30 pixels a degree, led-lcd)"
    for name in ("scenes", "protocols", "methods", "published"):
        text = (tmp_path / "other" / "evaluation" / f"{name}.csv").read_text()
        rows = list(csv.DictReader(line for line in text.splitlines() if line[0] != "#"))
        assert any(row[title][:4] in ("86.5", "86.4") for row in rows)
        latex = (tmp_path / "other" / "evaluation" / f"{name}.tex").read_text()
        assert "86." in latex
    assert {row["method"]: row[title] for row in rows}["SAFNet"] == "66.93¶"
    assert r"66.93$^\P$" in latex


@pytest.mark.skipif("ESBN_HDRVDP" not in os.environ, reason="ESBN_HDRVDP names no hdrvdp-2.2.x")
def test_the_authors_code_prefers_the_better_result():
    truth = bracket(96, 128).hdr
    noise = np.random.default_rng(1).normal(0, 1, truth.shape).astype(np.float32)
    metric = HdrVdp2(Path(os.environ["ESBN_HDRVDP"]), VIEWING)
    found = [metric.measure(truth * (1 + share * noise), truth) for share in (0.3, 0.03, 0)]
    assert sorted(set(found)) == found
