"""Scripts killed at random moments and run again leave the files of an undisturbed run.

Kills are SIGKILL, SIGTERM and Ctrl-C. Every finished file of a killed run is complete.
"""

import collections
import functools

import pytest

from tests import disk, jobs, processes
from tests.soak import killing

# Shares of all kills in `make soak`, and kills in `make test`.
SHARES = {
    "make_tfrecord": (0.12, 2),
    "make_scenes": (0.13, 1),
    "reconstruction_align2": (0.10, 0),
    "reconstruction_fusion": (0.10, 0),
    "photographs": (0.08, 2),
    "evaluate": (0.07, 0),
}
CHOSEN = [name for name, (_, few) in SHARES.items() if few or killing.KILLS]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    processes.run(jobs.write_inputs, folder)
    return folder


@pytest.mark.parametrize("name", CHOSEN)
def test_killed_runs_end_with_the_files_of_one_that_was_not(name, inputs, tmp_path, capsys):
    processes.run(jobs.work, name, inputs, tmp_path / "whole")
    expected = killing.finished(tmp_path / "whole")
    assert len(expected) > 8

    choice, tally, most = killing.seeded(), collections.Counter(), killing.kills(*SHARES[name])
    while tally["kills"] < most:
        folder = tmp_path / f"killed{tally['runs']}"
        start = functools.partial(processes.running, jobs.work, name, inputs, folder)
        for _ in killing.run_with_kills(start, folder, choice, tally, most):
            assert killing.finished(folder).items() <= expected.items()
        tally["runs"] += 1
        assert killing.finished(folder) == expected
        assert not disk.half_written(folder)
    with capsys.disabled():
        killing.report(name, tally)
