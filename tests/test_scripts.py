"""The whole sequence of scripts as README.md names it, on a tiny tree, and training once more."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from utils.images import frames, radiance_maps

ROOT = Path(__file__).parent.parent
TRAINING = [
    "--network.width=4",
    "--network.residual-blocks=1",
    "--network.dense-layers=2",
    "--sampling.patch-size=32",
    "--sampling.stride=16",
    "--steps=4",
    "--batch-size=2",
    "--log-every=2",
    "--validate-every=2",
    "--checkpoint-every=2",
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A folder with two small radiance maps."""
    folder = tmp_path_factory.mktemp("tree")
    generator = np.random.default_rng(0)
    (folder / "radiance").mkdir()
    for name in ("pano_a", "pano_b"):
        noise = generator.random((16, 32, 3), np.float32) ** 4
        picture = cv2.resize(noise, (256, 128), interpolation=cv2.INTER_CUBIC)
        radiance_maps.write_radiance(folder / "radiance" / f"{name}.hdr", np.maximum(picture, 1e-3))
    return folder


def run(script: str, tree: Path, *flags: str) -> str:
    """Runs a script in the tree as a user would, and returns what it says."""
    words = [str(ROOT / script)] if script.endswith(".py") else ["-m", script]
    done = subprocess.run(
        [sys.executable, *words, *flags],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def train(tree: Path) -> str:
    """All stages in order; returns what they said."""
    stages = ("align_high", "align_low", "fusion")
    return "".join(run(f"training_{stage}.py", tree, *TRAINING) for stage in stages)


def test_the_sequence_runs_and_training_resumes(tree):
    flags = ["--scenes=data/Training", "--count=4", "--height=64", "--width=80"]
    run("lab.make_scenes", tree, "--radiance=radiance", *flags)
    run("make_tfrecord.py", tree, "--validation-scenes=1")
    train(tree)
    run("reconstruction_align2.py", tree, "--scenes=data/Training")
    run("reconstruction_fusion.py", tree, "--scenes=data/Training")
    results = tree / "runs" / "quick" / "results"
    rows = list(csv.DictReader((results / "metrics.csv").read_text().splitlines()))
    assert [row["scene"] for row in rows] == ["00001", "00002", "00003", "00004", "mean"]
    for name in ("psnr_mu", "psnr_l", "ssim_mu", "ssim_l"):
        values = [float(row[name]) for row in rows]
        assert np.isfinite(values).all()
        assert values[-1] == pytest.approx(np.mean(values[:-1]), abs=1e-3)
    hdr = radiance_maps.read_radiance(results / "00001.hdr")
    assert hdr.shape == (64, 80, 3)
    assert hdr.min() >= 0
    assert hdr.max() <= 1
    assert frames.read_ldr(results / "00001.png").shape == (64, 80, 3)
    assert (results / "00001_sheet.png").exists()
    assert (results / "00001" / "aligned_low.png").exists()
    assert (results / "aligned.csv").exists()

    checkpoints = {path: path.read_bytes() for path in tree.glob("runs/quick/*/checkpoints/*")}
    said = train(tree)
    assert said.count("nothing to do") == 3
    assert checkpoints
    for path, content in checkpoints.items():
        assert path.read_bytes() == content

    for stage in ("align_high", "align_low", "fusion"):
        log = tree / "runs" / "quick" / stage / "log.csv"
        assert [row["step"] for row in csv.DictReader(log.read_text().splitlines())] == ["2", "4"]


def test_bad_input_is_one_line_and_exit_code_2(tree):
    done = subprocess.run(
        [sys.executable, str(ROOT / "reconstruction_fusion.py"), "--scenes", "nowhere"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "nowhere" in done.stderr.splitlines()[-1]
