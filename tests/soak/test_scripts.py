"""Scripts that are killed at random moments and run again end with the files of an undisturbed run.

Kills are SIGKILL, SIGTERM and Ctrl-C. Whatever a killed run leaves under its own name is whole.
"""

import collections
import signal

import pytest

from tests.processes import CONTEXT
from tests.soak import jobs, killing

# Kills of each in `make soak`, as shares of all, and in `make test`.
SHARES = {
    "make_tfrecord.py": (0.13, 2),
    "lab/make_scenes.py": (0.10, 0),
    "lab/make_scenes.py, two workers": (0.05, 1),
    "reconstruction_align2.py": (0.11, 1),
    "reconstruction_fusion.py": (0.11, 0),
    "reconstruction_fusion.py, photographs": (0.10, 1),
}
CHOSEN = [name for name, (_, few) in SHARES.items() if few or killing.KILLS]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    process = CONTEXT.Process(target=jobs.write_inputs, args=(folder,))
    process.start()
    process.join()
    assert process.exitcode == 0
    return folder


def start(name, inputs, folder):
    folder.mkdir(exist_ok=True)
    log = folder.with_suffix(".log")
    log.write_text("")
    process = CONTEXT.Process(target=jobs.work, args=(name, inputs, folder, log))
    process.start()
    return process, log


@pytest.mark.parametrize("name", CHOSEN)
def test_killed_runs_end_with_the_files_of_one_that_was_not(name, inputs, tmp_path, capsys):
    process, log = start(name, inputs, tmp_path / "whole")
    process.join()
    assert process.exitcode == 0, log.read_text()
    expected = killing.finished(tmp_path / "whole")
    assert len(expected) > 8

    choice, tally = killing.seeded(), collections.Counter()
    while tally["kills"] < killing.kills(*SHARES[name]):
        folder = tmp_path / f"killed{tally['runs']}"
        process, log = start(name, inputs, folder)
        while killed := kill(process, folder, choice, tally, killing.kills(*SHARES[name])):
            require_whole(killing.finished(folder), expected)
            if killed == signal.SIGINT and process.exitcode:  # 0: it was at its end
                killing.require_one_line(process.exitcode, log.read_text())
            process, log = start(name, inputs, folder)
        process.join()
        assert process.exitcode == 0, log.read_text()
        tally["runs"] += 1
        assert killing.finished(folder) == expected
        assert not killing.being_written(folder)
    with capsys.disabled():
        killing.say(name, tally)


def kill(process, folder, choice, tally, most):
    """Kills it, once there were enough no more; returns the signal, None if it goes on."""
    if tally["kills"] == most:
        return None
    killed = killing.kill_soon(process, folder, choice, writes=6, start=2.0)
    if killed is None:
        return None
    moment, number = killed
    tally.update(["kills", moment, number.name])
    tally["files left half written"] += killing.being_written(folder)
    return number


def require_whole(found, expected):
    """Whatever is there under its own name is what it will be."""
    assert found.keys() <= expected.keys()
    for name, content in found.items():
        assert content == expected[name], name
