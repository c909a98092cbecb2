"""The commands of docs/tutorial.md, in order, on smaller numbers."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from tests import commands
from utils.images import radiance_maps

PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
TINY = {
    "make_scenes": ["--height=64", "--width=80", "--workers=1"],
    "training": [
        *("--network.width=4", "--network.residual-blocks=1", "--network.dense-layers=2"),
        *("--sampling.patch-size=32", "--steps=2", "--batch-size=2"),
    ],
}


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
    for script, *flags in commands.of_page(PAGE):
        if "weights" in flags:  # the shipped networks take minutes; other tests run them
            continue
        name = script.removesuffix(".py").rpartition(".")[2]
        tiny = TINY.get(name, TINY["training"] if name.startswith("training") else [])
        if "--count" in flags:
            flags[flags.index("--count") + 1] = "6"
        assert commands.run(script, *flags, *tiny) == 0, script
    run = folder / "runs" / "quick"
    assert (run / "results" / "report.html").exists()
    table = (run / "evaluation" / "methods.md").read_text()
    assert "mine" in table
    assert "opencv-debevec" in table
    assert (run / "fusion" / "curves.png").exists()
