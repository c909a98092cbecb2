"""The commands of docs/train.md, in order, with tiny networks and pictures."""

import csv
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


@pytest.fixture
def maps(tmp_path, monkeypatch):
    """A folder with two radiance maps, as after the downloads of the first section."""
    for seed, place in enumerate(("radiance", "radiance_test")):
        layouts.write_map(tmp_path / "data" / place / "map.hdr", seed)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
    monkeypatch.setitem(protocols.PROTOCOLS, "hdr-transformer", protocols.hdr_transformer(tile=16))
    return tmp_path


def test_without_a_data_set_the_page_ends_with_a_table(maps, capsys):
    lines = commands.of_page(PAGE, "Without a data set")
    for script, *flags in lines:
        if not any(flag.startswith("weights/") for flag in flags):  # other tests run these
            run(script, *flags)
    trained = maps / "runs" / "tutorial"
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

    checkpoints = {path: path.read_bytes() for path in trained.glob("*/checkpoints/*")}
    capsys.readouterr()
    for script, *flags in lines:
        if script.startswith("training"):
            run(script, *flags)
    assert capsys.readouterr().out.count("nothing to do") == 3
    assert checkpoints
    assert {path: path.read_bytes() for path in checkpoints} == checkpoints


def test_kalantaris_data_set_ends_with_the_tables_of_five_protocols(official_tree, capsys):
    said = []
    for script, *flags in commands.of_page(PAGE, "Kalantari's data set"):
        if "--against" in flags:  # another method's results
            shutil.copytree(official_tree / "runs" / "kalantari" / "results", "other")
        run(script, *flags)
        said.append(capsys.readouterr().out)
    assert "Kalantari 2017, official, 89 scenes" in said[0]
    assert "nothing is wrong" in said[0]
    assert "70 training and 4 validation scenes" in said[1]

    trained = official_tree / "runs" / "kalantari"
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
    log = csv.DictReader(Path("runs/speed/align_high/log.csv").read_text().splitlines())
    assert all(np.isfinite(float(row["seconds"])) for row in log)
