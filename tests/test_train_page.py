"""The commands of docs/train.md, in order, with tiny networks and pictures."""

import contextlib
import csv
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests import commands, layouts
from utils.evaluation import protocols
from utils.images import radiance_maps
from utils.scenes import checks
from utils.scenes.data_sets import OFFICIAL_TEST_SCENES

PAGE = Path(__file__).parent.parent / "docs" / "train.md"
SECTIONS = "Without a data set", "Kalantari's data set"
TINY = {
    "make_scenes": ["--count=5", "--height=64", "--width=80", "--workers=1"],
    "training": [
        *("--network.width=4", "--network.residual-blocks=1", "--network.dense-layers=2"),
        *("--sampling.patch-size=16", "--steps=2", "--batch-size=2"),
    ],
}


def run(script: str, *flags: str) -> None:
    """Runs a line of the page with small numbers."""
    name = script.removesuffix(".py").rpartition(".")[2]
    kind = "training" if name.startswith("training") else name
    assert commands.run(script, *flags, *TINY.get(kind, [])) == 0, script


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """The folder in which the commands of the first section have run."""
    folder = tmp_path_factory.mktemp("tutorial")
    for seed, place in enumerate(("radiance", "radiance_test")):  # to be downloaded
        layouts.write_map(folder / "data" / place / "map.hdr", seed)
    with contextlib.chdir(folder):
        for script, *flags in commands.of_page(PAGE, SECTIONS[0]):
            if not any(flag.startswith("weights/") for flag in flags):  # other tests run these
                run(script, *flags)
    return folder


@pytest.fixture
def official_tree(tmp_path, monkeypatch):
    """Kalantari's data set in pictures of 40x24 pixels, with sizes of protocols to match."""
    names = [f"Training/{number:03}" for number in range(1, 75)]
    names += [f"Test/{name}" for name in sorted(OFFICIAL_TEST_SCENES)]
    for seed, name in enumerate(names):
        layouts.write(tmp_path / "data", "Kalantari", name, seed=seed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "_OFFICIAL_SIZE", (40, 24))
    monkeypatch.setattr(protocols, "_CROP_SIZE", (32, 16))
    monkeypatch.setattr(protocols, "_RELEASE_SIZE", (32, 24))
    small = dataclasses.replace(protocols.PROTOCOLS["hdr-transformer"], tile=16)
    monkeypatch.setitem(protocols.PROTOCOLS, "hdr-transformer", small)
    return tmp_path


def test_without_a_data_set_the_page_ends_with_a_table(tutorial):
    trained = tutorial / "runs" / "tutorial"
    assert (trained / "results" / "report.html").exists()
    rows = list(csv.DictReader((trained / "results" / "metrics.csv").read_text().splitlines()))
    assert [row["scene"] for row in rows] == [*(f"{i:05}" for i in range(1, 6)), "mean"]
    for name in ("psnr_mu", "psnr_l", "ssim_mu", "ssim_l"):
        values = [float(row[name]) for row in rows]
        assert np.isfinite(values).all()
        assert values[-1] == pytest.approx(np.mean(values[:-1]), abs=1e-3)
    for path in (trained / "results").rglob("*.hdr"):
        radiance = radiance_maps.read_radiance(path)
        assert radiance.shape == (64, 80, 3)
        assert 0 <= radiance.min() <= radiance.max() <= 1
    table = (trained / "evaluation" / "methods.md").read_text()
    assert "tutorial" in table
    assert "opencv-debevec" in table
    assert (trained / "fusion" / "curves.png").exists()


def test_the_same_command_does_nothing_when_a_stage_is_finished(tutorial, monkeypatch, capsys):
    checkpoints = {path: path.read_bytes() for path in tutorial.rglob("checkpoints/*")}
    monkeypatch.chdir(tutorial)
    (line,) = (x for x in commands.of_page(PAGE, SECTIONS[0]) if x[0] == "training_fusion.py")
    run(*line)
    assert "nothing to do" in capsys.readouterr().out
    assert checkpoints
    assert {path: path.read_bytes() for path in checkpoints} == checkpoints


def test_kalantaris_data_set_ends_with_the_tables_of_five_protocols(
    tutorial, official_tree, capsys
):
    """The trainings end with the tutorial's."""
    trained = official_tree / "runs" / "kalantari"
    said = []
    for script, *flags in commands.of_page(PAGE, SECTIONS[1]):
        if script == "lab.device_check":  # tests/lab/test_device_check.py
            commands.parse(script, *flags)
            continue
        if script.startswith("training"):
            assert commands.parse(script, *flags).run == Path("runs/kalantari")
            stage = script.removesuffix(".py").removeprefix("training_")
            shutil.copytree(tutorial / "runs" / "tutorial" / stage, trained / stage)
            continue
        if "--against" in flags:  # another method's results
            shutil.copytree(trained / "results", "other")
        run(script, *flags)
        said.append(capsys.readouterr().out)
    assert "Kalantari 2017, official, 89 scenes" in said[0]
    assert "nothing is wrong" in said[0]
    assert "70 training and 4 validation scenes" in said[1]

    results = sorted((trained / "results").rglob("*.hdr"))
    assert len(results) == 15
    assert {radiance_maps.read_radiance(path).shape for path in results} == {(24, 40, 3)}
    lines = (trained / "evaluation" / "protocols.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    expected = ["full", "crop-1440x960", "hdr-transformer", "ntire", "release"]
    assert [row["protocol"] for row in rows] == expected
    assert {row["scenes"] for row in rows} == {"15"}
    published = (trained / "evaluation" / "published.md").read_text()
    assert "| ours |" in published  # no mark: the official scenes, the first protocol
    assert "| SAFNet |" in published
    comparison = (trained / "results" / "evaluation" / "comparison.md").read_text()
    assert "| full | PSNR-μ | 15 | +0.00 |" in comparison
