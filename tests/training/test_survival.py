"""Training killed at random moments ends with the bits of a run that was never stopped.

Each kill is SIGKILL, SIGTERM or Ctrl-C to a process of its own. `make soak` makes many more.
"""

import collections
import functools
import random
from pathlib import Path

import training_align_low
from tests import processes, tiny
from tests.soak import killing

STAGE = "align_low"
# Checkpoints and previews every other step: most moments are in the middle of writing one.
SETTINGS = {"steps": 24, "ema": 0.9, "clip_norm": 1.0, "validate_every": 2, "checkpoint_every": 2}


def train(run: Path, records_dir: str) -> None:
    config = tiny.config(run, records_dir, **SETTINGS)
    processes.run_as_script(training_align_low.main, config, run.with_suffix(".log"))


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


def left_by(run: Path) -> dict[str, object]:
    """Weights, losses, scores and previews of a run."""
    weights = tiny.weights(run, STAGE)
    previews = sorted((run / STAGE / "previews").glob("*.png"))
    assert len(weights) > 40
    assert previews
    return {
        **{name: value.tobytes() for name, value in weights.items()},
        "losses": [row["loss"] for row in tiny.log(run, STAGE)],
        "scores": (run / STAGE / "validation.csv").read_text(),
        "previews": {path.name: path.read_bytes() for path in previews},
    }


def test_killed_runs_end_with_the_bits_of_one_that_was_not(tmp_path, tiny_records, capsys):
    processes.run(train, tmp_path / "whole", tiny_records)
    expected = left_by(tmp_path / "whole")
    choice, tally, most = killing.seeded(), collections.Counter(), killing.kills(0.33, 3)
    while tally["kills"] < most:
        run = tmp_path / f"killed{tally['runs']}"
        start = functools.partial(processes.running, train, run, tiny_records)
        for _ in killing.run_with_kills(start, run, choice, tally, most):
            if tally["kills"] % 4 == 0:
                tally["damaged checkpoints"] += damage_newest(run, choice)
        tally["runs"] += 1
        assert left_by(run) == expected
    with capsys.disabled():
        killing.report("training", tally)
