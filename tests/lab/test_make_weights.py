"""The recipe of the weights: every line is a valid command, and a rehearsal runs to the end."""

import dataclasses
import subprocess
from typing import Any

import numpy as np
import pytest

from lab import make_scenes, make_weights
from lab.settings import RecipeConfig
from tests import commands, layouts
from utils import files
from utils.images import frames
from utils.runs import weights


@pytest.fixture
def config(tmp_path):
    """Maps and photographs with the names of a training place and a validation place."""
    for name in ("somewhere", make_scenes.VALIDATION_MAPS[0]):
        layouts.write_map(tmp_path / "radiance" / f"{name}.hdr")
    picture = np.random.default_rng(0).integers(0, 256, (96, 128, 3), np.uint8)
    (tmp_path / "photographs").mkdir()
    for name in ("anything", make_scenes.VALIDATION_PHOTOGRAPHS[0]):
        frames.write_ldr(tmp_path / "photographs" / f"{name}.png", picture)
    return RecipeConfig(
        radiance=(tmp_path / "radiance",),
        photographs=tmp_path / "photographs",
        data=tmp_path / "data",
        run=tmp_path / "run",
        rehearse=True,
    )


def parsed(line: make_weights.Line, *, rehearse: bool) -> Any:
    """The config of a line's command."""
    words = line.words(rehearse=rehearse)
    return commands.parse(line.script, *words[words.index(line.script) + 1 :])


@pytest.mark.parametrize("rehearse", [False, True])
@pytest.mark.parametrize("small", [False, True])
def test_every_line_is_a_command(config, rehearse, small):
    recipe = make_weights.lines(dataclasses.replace(config, rehearse=rehearse, small=small))
    configs = {line.script: parsed(line, rehearse=rehearse) for line in recipe}
    trained = [config for script, config in configs.items() if script.startswith("training")]
    assert (
        len({config.sampling.seed for config in trained})
        == len(trained)
        == len(make_weights.STAGES)
    )


def test_no_place_is_on_two_sides(config):
    training, *validation = [
        parsed(line, rehearse=False)
        for line in make_weights.lines(config)
        if line.script == "lab.make_scenes"
    ]
    assert set(training.exclude) == {*make_scenes.TEST, *make_scenes.VALIDATION}
    for scenes in validation:
        assert set(scenes.include) == set(make_scenes.VALIDATION)


def test_a_rehearsal_reaches_the_end(config, monkeypatch):
    ran = []

    def run(words, **_):
        script, *flags = words[2:] if words[1] == "-m" else words[1:]
        ran.append(script)
        return subprocess.CompletedProcess(words, commands.run(script, *flags))

    monkeypatch.setattr(make_weights.subprocess, "run", run)
    config = dataclasses.replace(config, small=True)
    assert make_weights.main(config) == 0
    assert len(ran) == len(make_weights.lines(config))
    made = config.run / "weights" / "esbn-24"
    assert weights.read_size(made).width == 4
    assert files.read_json(made / "config.json")["prealign"] == "auto"
    assert make_weights.main(config) == 0  # everything is there
    assert ran.count("export.py") == 1


def test_a_failure_ends_the_recipe(config, monkeypatch):
    ran = []

    def fail(words, **_):
        ran.append(words)
        return subprocess.CompletedProcess(words, 2)

    monkeypatch.setattr(make_weights.subprocess, "run", fail)
    assert make_weights.main(config) == 2
    assert len(ran) == 1
