"""Every script on a full disk, in a read-only folder, below a file: one error, no partial file."""

import logging
import sys

import pytest

from tests import disk
from tests.jobs import JOBS, train, write_inputs
from utils import command


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    folder.chmod(0o755)  # read by another user in `disk.read_only`
    write_inputs(folder, scenes=3)
    return folder


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
        errors = refused(*JOBS[script](data, output))
    for line in errors:
        assert str(output) in line
    assert disk.half_written(tmp_path) == []


def test_a_full_disk_for_events_ends_training_with_one_line(data, tmp_path, refused):
    changed = {"validate_every": 1, "checkpoint_every": 100, "steps": 9}  # more than in any file
    with disk.room_for(110_000):
        (error,) = refused(*train(data, tmp_path / "run", **changed))
    assert "events for TensorBoard; name another --run folder" in error
    assert f"Received: {tmp_path}" in error


@pytest.mark.parametrize("script", ROOM)
def test_a_read_only_folder_is_named(data, tmp_path, refused, script):
    folder = tmp_path / "read-only"
    folder.mkdir()
    with disk.read_only(folder):
        errors = refused(*JOBS[script](data, folder))
    for line in errors:
        assert str(folder) in line
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("script", ["make_tfrecord", "make_scenes", "training_align_low", "export"])
def test_a_file_in_place_of_a_folder_is_named(data, tmp_path, refused, script):
    (tmp_path / "file").write_text("mine")
    errors = refused(*JOBS[script](data, tmp_path / "file" / "output"))
    for line in errors:
        assert str(tmp_path / "file") in line
    assert (tmp_path / "file").read_text() == "mine"
