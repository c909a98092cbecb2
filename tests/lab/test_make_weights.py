"""The recipe of the shipped weights: every line is a command, and a rehearsal reaches the end."""

import dataclasses
import subprocess

import cv2
import numpy as np
import pytest

from lab import make_weights, places
from lab.settings import RecipeConfig
from tests import commands
from utils import files
from utils.images import frames, radiance_maps
from utils.runs import weights


@pytest.fixture
def config(tmp_path):
    """Maps and photographs with the names of a training place and a validation place."""
    generator = np.random.default_rng(0)
    for folder in ("radiance", "photographs"):
        (tmp_path / folder).mkdir()
    for name in ("somewhere", places.VALIDATION_MAPS[0]):
        noise = generator.random((16, 32, 3), np.float32) ** 4
        picture = cv2.resize(noise, (256, 128), interpolation=cv2.INTER_CUBIC)
        radiance_maps.write_radiance(
            tmp_path / "radiance" / f"{name}.hdr", np.maximum(picture, 1e-3)
        )
    for name in ("anything", places.VALIDATION_PHOTOGRAPHS[0]):
        picture = generator.integers(0, 256, (96, 128, 3), np.uint8)
        frames.write_ldr(tmp_path / "photographs" / f"{name}.png", picture)
    return RecipeConfig(
        radiance=(tmp_path / "radiance",),
        photographs=tmp_path / "photographs",
        data=tmp_path / "data",
        run=tmp_path / "run",
        rehearse=True,
    )


def words(line: make_weights.Line, *, rehearse: bool) -> list[str]:
    """The flags of a line, as its command line has them."""
    found = line.words(rehearse=rehearse)
    return found[found.index(line.script) + 1 :]


@pytest.mark.parametrize("rehearse", [False, True])
@pytest.mark.parametrize("small", [False, True])
def test_every_line_is_a_command(config, rehearse, small):
    recipe = make_weights.lines(dataclasses.replace(config, rehearse=rehearse, small=small))
    trained = [line for line in recipe if line.script.startswith("training")]
    seeds = {
        commands.parse(line.script, *words(line, rehearse=rehearse)).sampling.seed
        for line in trained
    }
    assert len(seeds) == len(trained) == 3
    for line in recipe:
        commands.parse(
            line.script,
            *words(line, rehearse=rehearse),
        )


def test_no_place_is_on_two_sides(config):
    training, *validation = [
        commands.parse(line.script, *words(line, rehearse=False))
        for line in make_weights.lines(config)
        if line.script == "lab.make_scenes"
    ]
    assert set(training.exclude) == {*places.TEST, *places.VALIDATION}
    for scenes in validation:
        assert set(scenes.include) == set(places.VALIDATION)
    assert not set(places.TEST) & set(places.VALIDATION)


def test_a_rehearsal_reaches_the_end_and_does_nothing_twice(config, monkeypatch):
    ran = []

    def run(words, **_):
        script, *flags = words[2:] if words[1] == "-m" else words[1:]
        ran.append(script)
        return subprocess.CompletedProcess(words, commands.run(script, *flags))

    monkeypatch.setattr(make_weights.subprocess, "run", run)
    assert make_weights.main(config) == 0
    assert len(ran) == len(make_weights.lines(config))
    assert weights.read_size(config.run / "weights").width == 4
    assert files.read_json(config.run / "weights" / "config.json")["prealign"] == "auto"
    written = {path: path.read_bytes() for path in (config.run / "weights").iterdir()}
    ran.clear()
    assert make_weights.main(config) == 0
    assert "export.py" not in ran
    assert {path: path.read_bytes() for path in written} == written
    assert make_weights.main(dataclasses.replace(config, small=True)) == 0
    assert weights.read_size(config.run / "small_weights").width == 2
    assert files.read_json(config.run / "small_weights" / "config.json")["prealign"] == "auto"


def test_a_failure_ends_the_recipe(config, monkeypatch):
    ran = []

    def fail(words, **_):
        ran.append(words)
        return subprocess.CompletedProcess(words, 2)

    monkeypatch.setattr(make_weights.subprocess, "run", fail)
    assert make_weights.main(config) == 2
    assert len(ran) == 1


def test_stage_0_needs_the_history(tmp_path, monkeypatch):
    monkeypatch.setattr(make_weights, "ROOT", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"clone the repository with its history"):
        make_weights.write_start(tmp_path / "start")
