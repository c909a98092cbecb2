"""The commands of docs/reproduce.md on a tiny fake of the official tree: 74 + 10 + 5 scenes."""

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

PAGE = Path(__file__).parent.parent / "docs" / "reproduce.md"
TINY = [
    "--network.width=4",
    "--network.residual-blocks=1",
    "--network.dense-layers=2",
    "--sampling.patch-size=16",
    "--steps=2",
    "--batch-size=2",
]
SIZE = (40, 24)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """The official tree with pictures of 40x24 pixels, and sizes that go with them."""
    names = [f"Training/{number:03}" for number in range(1, 75)]
    names += [f"Test/{name}" for name in sorted(OFFICIAL_TEST_SCENES)]
    for seed, name in enumerate(names):
        layouts.write(tmp_path / "data", "Kalantari", name, seed=seed)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checks, "_OFFICIAL_SIZE", SIZE)
    monkeypatch.setattr(protocols, "_CROP_SIZE", (32, 16))
    monkeypatch.setattr(protocols, "_RELEASE_SIZE", (32, 24))
    monkeypatch.setitem(protocols.PROTOCOLS, "hdr-transformer", protocols.hdr_transformer(tile=16))
    return tmp_path


def test_the_page_runs_on_a_tiny_official_tree(tree, capsys):
    lines = commands.of_page(PAGE)
    assert [name for name, *_ in lines] == [
        "make_tfrecord.py",
        "make_tfrecord.py",
        "training_align_high.py",
        "training_align_low.py",
        "training_fusion.py",
        "reconstruction_fusion.py",
        "evaluate.py",
        "evaluate.py",
        "training_align_high.py",
    ]
    said = []
    for script, *flags in lines:
        if "--against" in flags:  # another method's results
            shutil.copytree(tree / "runs" / "kalantari" / "results", tree / "other")
        tiny = TINY if script.startswith("training") else []
        assert commands.run(script, *flags, *tiny) == 0
        said.append(capsys.readouterr().out)
    assert "Kalantari 2017, official, 89 scenes" in said[0]
    assert "nothing is wrong" in said[0]
    assert "70 training and 4 validation scenes" in said[1]

    run = tree / "runs" / "kalantari"
    assert len(list((run / "results").rglob("*.hdr"))) == 15
    assert radiance_maps.read_radiance(run / "results" / "PAPER" / "ManStanding.hdr").shape == (
        24,
        40,
        3,
    )
    lines = (run / "evaluation" / "protocols.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    expected = ["full", "crop-1440x960", "hdr-transformer", "ntire", "release"]
    assert [row["protocol"] for row in rows] == expected
    assert {row["scenes"] for row in rows} == {"15"}
    published = (run / "evaluation" / "published.md").read_text()
    assert "| ours |" in published  # no mark: the official scenes, the first protocol
    assert "| SAFNet |" in published
    comparison = (run / "results" / "evaluation" / "comparison.md").read_text()
    assert "| full | PSNR-μ | 15 | +0.00 |" in comparison
    log = csv.DictReader((tree / "runs/speed/align_high/log.csv").read_text().splitlines())
    assert all(np.isfinite(float(row["seconds"])) for row in log)
