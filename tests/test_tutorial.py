"""The commands of docs/tutorial.md, in order, on smaller numbers."""

import importlib
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest

from configs import presets
from utils import command
from utils.images import radiance_maps

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
PRESETS = {
    "make_scenes": presets.scenes,
    "make_tfrecord": presets.records,
    "training_align_high": presets.alignment,
    "training_align_low": presets.alignment,
    "training_fusion": presets.fusion,
    "reconstruction_fusion": presets.reconstruction,
    "evaluate": presets.evaluation,
}
TINY = {
    "make_scenes": ["--height=64", "--width=80", "--workers=1"],
    "training": [
        *("--network.width=4", "--network.residual-blocks=1", "--network.dense-layers=2"),
        *("--sampling.patch-size=32", "--steps=2", "--batch-size=2"),
    ],
}


def _commands():
    lines = PAGE.read_text().splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith("    python ")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder with some maps, as after the first step of the page."""
    generator = np.random.default_rng(0)
    for place in ("radiance", "radiance_test"):
        (tmp_path / "data" / place).mkdir(parents=True)
        noise = generator.random((16, 32, 3), np.float32) ** 4
        picture = cv2.resize(noise, (256, 128), interpolation=cv2.INTER_CUBIC)
        radiance_maps.write_radiance(
            tmp_path / "data" / place / "map.hdr", np.maximum(picture, 1e-3)
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_ends_with_two_tables(folder):
    for script, *flags in _commands():
        if "weights" in flags:  # the shipped networks take minutes; other tests run them
            continue
        name = script.removesuffix(".py")
        tiny = TINY.get(name, TINY["training"] if name.startswith("training") else [])
        if "--count" in flags:
            flags[flags.index("--count") + 1] = "6"
        config = command.parse(PRESETS[name], None, [*flags, *tiny])
        assert (importlib.import_module(name).main(config) or 0) == 0, script
    run = folder / "runs" / "quick"
    assert (run / "results" / "report.html").exists()
    table = (run / "evaluation" / "methods.md").read_text()
    assert "mine" in table
    assert "opencv-debevec" in table
    assert (run / "fusion" / "curves.png").exists()
