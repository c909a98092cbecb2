"""Training killed at random moments ends with the bits of a run that was never stopped.

Each kill is SIGKILL, SIGTERM or Ctrl-C to a process of its own. `make soak` sets ESBN_KILLS to make
many more.
"""

import collections
import os
import random
import signal
from pathlib import Path

import numpy as np

import training_align_low
from tests import tiny
from tests.processes import CONTEXT, run_as_script
from tests.soak import killing

KILLS = killing.kills(0.33, 3)
STAGE = "align_low"
# Checkpoints and previews every other step: most moments are in the middle of writing one.
SETTINGS = {"steps": 60, "ema": 0.9, "clip_norm": 1.0, "validate_every": 2, "checkpoint_every": 2}


def train(run: Path, records_dir: str) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    config = tiny.config(run, records_dir, **SETTINGS)
    run_as_script(training_align_low.main, config, run.with_suffix(".log"))


def start(run: Path, records_dir: str):
    run.with_suffix(".log").write_text("")
    process = CONTEXT.Process(target=train, args=(run, records_dir))
    process.start()
    return process


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


def test_killed_runs_end_with_the_bits_of_one_that_was_not(tmp_path, tiny_records, capsys):
    choice = killing.seeded()
    process = start(tmp_path / "whole", tiny_records)
    process.join()
    assert process.exitcode == 0
    expected = tiny.weights(tmp_path / "whole", STAGE)
    assert len(expected) > 40

    tally = collections.Counter()
    while tally["kills"] < KILLS:
        run = tmp_path / f"killed{tally['runs']}"
        while True:
            process = start(run, tiny_records)
            # Once there have been enough, the run goes on to its end.
            killed = None
            if tally["kills"] < KILLS:
                killed = killing.kill_soon(process, run, choice, writes=6, start=5)
            if killed is None:
                break
            moment, number = killed
            if number == signal.SIGINT and process.exitcode:  # 0: the run had just ended
                killing.require_one_line(process.exitcode, run.with_suffix(".log").read_text())
            tally.update(["kills", moment, number.name])
            tally["files left half written"] += killing.being_written(run)
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
