"""Provenance of a table: enough to make it again, and to see whether it was."""

import hashlib
import json
import re
import sys
from pathlib import Path

from configs import paths
from configs.settings import EvaluationConfig
from utils.reporting import provenance
from utils.runs.networks import weights_files


def test_the_shipped_weights_are_named_with_their_checksums(tmp_path):
    config = EvaluationConfig(run=tmp_path, weights=paths.WEIGHTS_DIR / "esbn-64")
    found = weights_files(config)
    assert [path.stem for path in found] == ["high", "low", "merging"]
    sums = provenance.describe([], found)["weights_sha256"]
    stored = (paths.WEIGHTS_DIR / "esbn-64" / "SHA256SUMS").read_text()
    assert all(f"{value}  {Path(key).name}" in stored for key, value in sums.items())


def test_authors_checkpoints_are_named(tmp_path):
    for suffix in (".index", ".data-00000-of-00001"):
        (tmp_path / f"iter_1{suffix}").write_bytes(suffix.encode())
    config = EvaluationConfig(
        run=tmp_path,
        weights=paths.WEIGHTS_DIR / "esbn-64",
        release_merging=str(tmp_path / "iter_1"),
    )
    names = [path.name for path in weights_files(config)]
    assert names.count("iter_1.index") == 1
    assert "merging.safetensors" not in names
    assert "low.safetensors" in names


def test_the_file_says_what_was_run(tmp_path, monkeypatch):
    weights = tmp_path / "w"
    weights.write_bytes(b"x")
    monkeypatch.setattr(sys, "argv", ["/somewhere/evaluate.py", "--method", "a b"])
    provenance.write(tmp_path, ["full"], [weights])
    stored = json.loads((tmp_path / "provenance.json").read_text())
    assert stored["command"] == "evaluate.py --method 'a b'"
    assert stored["protocols"] == ["full"]
    assert stored["weights_sha256"] == {str(weights): hashlib.sha256(b"x").hexdigest()}
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", stored["commit"])
    assert stored["machine"]["tensorflow"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", stored["date"])
