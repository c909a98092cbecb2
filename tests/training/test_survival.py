"""Training killed at random moments ends with the bits of a run that was never stopped.

Each kill is SIGKILL, SIGTERM or Ctrl-C to a process of its own. `make soak` sets ESBN_KILLS to make
many more.
"""

import collections
import os
import random
import signal
import time
from pathlib import Path

import numpy as np
import pytest

import training_align_low
from tests import tiny
from tests.processes import CONTEXT, run_as_script
from tests.soak import killing

KILLS = killing.kills(0.33, 3)
STAGE = "align_low"
# Checkpoints and previews every other step: most moments are in the middle of writing one.
SETTINGS = {"steps": 60, "ema": 0.9, "clip_norm": 1.0, "validate_every": 2, "checkpoint_every": 2}


@pytest.fixture(scope="module")
def records_dir(tmp_path_factory):
    return tiny.write_records(tmp_path_factory.mktemp("records"))


def train(run: Path, records_dir: str) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    config = tiny.config(run, records_dir, **SETTINGS)
    run_as_script(training_align_low.main, config, run.with_suffix(".log"))


def start(run: Path, records_dir: str):
    run.with_suffix(".log").write_text("")
    process = CONTEXT.Process(target=train, args=(run, records_dir))
    process.start()
    return process


def names(run: Path) -> set[str]:
    """Names of all that the run has written so far."""
    return {name for _, folders, files in os.walk(run) for name in (*folders, *files)}


def kill_soon(process, run: Path, choice: random.Random) -> tuple[str, str] | None:
    """Kills while the run starts, in a step or in the middle of writing a file.

    Returns:
        Which of the three it was, and the signal; None if the run was faster.
    """
    number = choice.choice(killing.SIGNALS)
    before = names(run)
    moment = choice.choice(("starting", "stepping", "writing"))
    wait = choice.uniform(0, 5 if moment == "starting" else 0.3)
    if moment == "stepping":
        while process.is_alive() and not _new_checkpoints(run, before):
            time.sleep(0.005)
    if moment == "writing":  # after some checkpoints, so that there is progress as well
        count = choice.randint(1, 3)
        while process.is_alive() and len(_new_checkpoints(run, before)) < count:
            time.sleep(0.001)
        wait = 0
        while process.is_alive() and not _being_written(run):
            pass
    process.join(wait)
    if not process.is_alive():
        return None
    os.kill(process.pid, number)
    process.join()
    if number == signal.SIGINT and process.exitcode:  # 0: it was at its end
        killing.require_one_line(process.exitcode, run.with_suffix(".log").read_text())
    return moment, number.name


def _new_checkpoints(run: Path, before: set[str]) -> set[str]:
    return {name for name in names(run) - before if Path(name).match("ckpt-*.sha256")}


def _being_written(run: Path) -> bool:
    return any(".partial" in name for name in names(run))


def damage_newest(run: Path, choice: random.Random) -> bool:
    """Flips a bit of the newest of two checkpoints, as a failing disk might."""
    folder = run / STAGE / "checkpoints"
    sums = sorted(folder.glob("ckpt-*.sha256"), key=lambda path: int(path.stem.split("-")[1]))
    if len(sums) < 2:
        return False
    path = choice.choice(sorted(folder.glob(f"{sums[-1].stem}.*")))
    data = bytearray(path.read_bytes())
    data[choice.randrange(len(data))] ^= 1 << choice.randrange(8)
    path.write_bytes(data)
    return True


def test_killed_runs_end_with_the_bits_of_one_that_was_not(tmp_path, records_dir, capsys):
    choice = killing.seeded()
    process = start(tmp_path / "whole", records_dir)
    process.join()
    assert process.exitcode == 0
    expected = tiny.weights(tmp_path / "whole", STAGE)
    assert len(expected) > 40

    tally = collections.Counter()
    while tally["kills"] < KILLS:
        run = tmp_path / f"killed{tally['runs']}"
        while True:
            process = start(run, records_dir)
            # Once there have been enough, the run goes on to its end.
            killed = kill_soon(process, run, choice) if tally["kills"] < KILLS else None
            if killed is None:
                break
            tally.update(["kills", *killed])
            tally["files left half written"] += _being_written(run)
            if tally["kills"] % 4 == 0:
                tally["damaged checkpoints"] += damage_newest(run, choice)
        process.join()
        assert process.exitcode == 0
        tally["runs"] += 1
        require_same(run, tmp_path / "whole", expected)
    with capsys.disabled():
        killing.say("training", tally)


def require_same(run: Path, whole: Path, expected: dict[str, np.ndarray]) -> None:
    weights = tiny.weights(run, STAGE)
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
    logs = [[row["loss"] for row in tiny.log(folder, STAGE)] for folder in (run, whole)]
    assert logs[0] == logs[1]
    scores = [(folder / STAGE / "validation.csv").read_text() for folder in (run, whole)]
    assert scores[0] == scores[1]
    previews = [sorted((folder / STAGE / "previews").glob("*.png")) for folder in (run, whole)]
    assert [path.name for path in previews[0]] == [path.name for path in previews[1]]
    for ours, theirs in zip(*previews, strict=True):
        assert ours.read_bytes() == theirs.read_bytes()
