"""lab/paper_table.py on Kalantari's test scenes in small, with networks of random weights."""

import csv
import dataclasses
import json
import sys

import numpy as np
import pytest

from lab import paper_table, settings
from tests import layouts, tiny
from utils.evaluation.published import PUBLISHED
from utils.scenes.data_sets import OFFICIAL_TEST_SCENES


def test_one_command_makes_the_table_of_a_trained_run(tmp_path, tiny_records, monkeypatch, capfd):
    for seed, name in enumerate(sorted(OFFICIAL_TEST_SCENES)):
        layouts.write(tmp_path / "Test", "Kalantari", name, seed=seed)
    tiny.write_run(tmp_path / "run", tiny_records)
    config = dataclasses.replace(settings.paper_table("quick"), run=tmp_path / "run")
    flags = [f"--run={config.run}", f"--scenes={tmp_path / 'Test'}"]
    monkeypatch.setattr(sys, "argv", ["paper_table.py", *flags])
    assert paper_table.main(config) == 0
    folder = tmp_path / "run" / "evaluation"
    lines = (folder / "paper.csv").read_text().splitlines()
    rows = list(csv.DictReader(line for line in lines if line[0] != "#"))
    names = [row["scene or method"] for row in rows]
    extra, paper = (
        [name for name in sorted(OFFICIAL_TEST_SCENES) if name.startswith(part)]
        for part in ("EXTRA", "PAPER")
    )
    assert names[:17] == [*extra, "EXTRA, mean of 10", *paper, "PAPER, mean of 5"]
    assert [name.rstrip("†‡") for name in names[17:-1]] == [x.method for x in PUBLISHED]
    assert names[-1] == "ours"  # no mark: all official scenes, the first protocol
    values = {name: row for name, row in zip(names, rows, strict=True) if row["SSIM-l"] != "-"}
    for column, rounding in {"PSNR-μ": 1, "PSNR-l": 1, "SSIM-μ": 0.01, "SSIM-l": 0.01}.items():
        for mean, part in ((names[10], extra), (names[16], paper), ("ours", extra + paper)):
            expected = np.mean([float(values[name][column]) for name in part])
            assert float(values[mean][column]) == pytest.approx(expected, abs=0.01 * rounding)
    assert rows[-1]["protocol"] == "full"
    assert r"\toprule" in (folder / "paper.tex").read_text()
    assert (folder / "paper.md").read_text() in capfd.readouterr().out
    sums = json.loads((folder / "provenance.json").read_text())["weights_sha256"]
    assert any("fusion" in path for path in sums)


def test_a_run_that_has_not_finished_is_refused(tmp_path, tiny_records):
    tiny.write_run(tmp_path, tiny_records)
    for path in (tmp_path / "fusion" / "checkpoints").glob("ckpt-6*"):
        path.unlink()
    config = dataclasses.replace(settings.paper_table("quick"), run=tmp_path)
    with pytest.raises(ValueError, match=r"--like .*Received: .*fusion at step 4 of 6"):
        paper_table.main(config)
