"""Every script on a full disk, in a read-only folder, below a file: one error, no partial file."""

import dataclasses
import logging
import sys

import pytest

import evaluate
import export
import make_tfrecord
import reconstruction_align2
import reconstruction_fusion
import training_align_low
import training_fusion
from configs.settings import EvaluationConfig, ExportConfig, ReconstructionConfig, RecordsConfig
from lab import make_scenes
from lab.settings import ScenesConfig
from tests import disk, layouts, tiny
from utils import command
from utils.runs import weights


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Scenes, radiance maps, weights and records."""
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o755)  # read by another user in `disk.read_only`
    for seed, name in enumerate(("a", "b", "c")):
        layouts.write(folder / "scenes", "Kalantari", name, seed=seed)
    for seed in range(2):
        layouts.write_map(folder / "radiance" / f"{seed}.hdr", seed)
    weights.save(tiny.random_networks(), folder / "weights")
    tiny.write_records(folder)
    return folder


def _records(data, output):
    return make_tfrecord.main, RecordsConfig(
        scenes=data / "scenes", run=output, validation_scenes=1, workers=2, scenes_per_shard=1
    )


def _scenes(data, output):
    return make_scenes.main, ScenesConfig(
        radiance=(data / "radiance",), scenes=output, count=2, height=24, width=32
    )


def _reconstruction(data, output, **changed):
    return ReconstructionConfig(
        run=data, weights=data / "weights", scenes=(data / "scenes",), results=output, **changed
    )


def _export(data, output, **changed):
    config = ExportConfig(run=output, weights=data / "weights", output=output / "esbn")
    return export.main, dataclasses.replace(config, **changed)


def _train_low(data, output, **changed):
    return training_align_low.main, tiny.config(output, str(data), **{"steps": 2} | changed)


def _train_fusion(data, output):
    config = tiny.config(output, str(data), steps=2)
    return training_fusion.main, tiny.fusion(config, alignment="from_scratch")


def _align(data, output, **changed):
    return reconstruction_align2.main, _reconstruction(data, output, **changed)


def _fuse(data, output):
    return reconstruction_fusion.main, _reconstruction(data, output)


def _evaluation(data, output):
    return evaluate.main, EvaluationConfig(
        run=data, weights=data / "weights", scenes=data / "scenes", results=output
    )


SCRIPTS = {
    "make_tfrecord": _records,
    "make_scenes": _scenes,
    "training_align_low": _train_low,
    "training_fusion": _train_fusion,
    "reconstruction_align2": _align,
    "--save-release": lambda data, out: _align(data, out, save_release=str(out / "iter")),
    "reconstruction_fusion": _fuse,
    "evaluate": _evaluation,
    "export": _export,
    "--save-weights": lambda data, out: _export(data, out, save_weights=out / "weights"),
}
ROOM = {
    "make_tfrecord": (0, 2000),
    "make_scenes": (2000,),
    "training_align_low": (0, 2000, 40_000),  # lock, preview, checkpoint
    "training_fusion": (200,),
    "reconstruction_align2": (200,),
    "--save-release": (2000,),
    "reconstruction_fusion": (200, 20_000),  # radiance, sheet
    "evaluate": (0, 20_000),  # tables, maps
    "export": (400_000,),  # graph
    "--save-weights": (200,),
}
"""Limits of a file in bytes; at each another file is the first that fails."""


@pytest.fixture
def refused(monkeypatch, capsys):
    """Runs a script as its command line does; returns the lines that begin with `error:`."""
    logger = logging.getLogger("tensorflow")
    monkeypatch.setattr(logger, "level", logging.ERROR)  # no warnings of many graphs

    def refused(main, config):
        monkeypatch.setattr(sys, "argv", ["script.py"])
        monkeypatch.setattr(command, "parse", lambda *_: config)
        with pytest.raises(SystemExit) as ended:
            command.run(main, lambda _: config, None)
        captured = capsys.readouterr()
        said = captured.err.replace("\r", "\n").split("\n")
        errors = [line for line in said if line.startswith("error: ")]
        assert "Traceback" not in captured.err
        assert errors
        assert ended.value.code == 2
        return errors

    return refused


@pytest.mark.parametrize(("script", "size"), [(name, n) for name in ROOM for n in ROOM[name]])
def test_a_full_disk_is_an_error_and_leaves_no_partial_file(data, tmp_path, refused, script, size):
    output = tmp_path / "output"
    with disk.room_for(size):
        errors = refused(*SCRIPTS[script](data, output))
    for line in errors:
        assert str(output) in line
    assert disk.half_written(tmp_path) == []


def test_a_full_disk_for_events_ends_training_with_one_line(data, tmp_path, refused):
    changed = {"validate_every": 1, "checkpoint_every": 100, "steps": 9}  # more than in any file
    with disk.room_for(110_000):
        (error,) = refused(*_train_low(data, tmp_path / "run", **changed))
    assert "events for TensorBoard; name another --run folder" in error
    assert f"Received: {tmp_path}" in error


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_read_only_folder_is_named(data, tmp_path, refused, script):
    folder = tmp_path / "read-only"
    folder.mkdir()
    with disk.read_only(folder):
        errors = refused(*SCRIPTS[script](data, folder))
    for line in errors:
        assert str(folder) in line
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("script", ["make_tfrecord", "make_scenes", "training_align_low", "export"])
def test_a_file_in_place_of_a_folder_is_named(data, tmp_path, refused, script):
    (tmp_path / "file").write_text("mine")
    errors = refused(*SCRIPTS[script](data, tmp_path / "file" / "output"))
    for line in errors:
        assert str(tmp_path / "file") in line
    assert (tmp_path / "file").read_text() == "mine"
