"""Makes the weights in `weights/` again: scenes, records and three stages of training.

Reads radiance maps and photographs; writes scenes below the data folder, and everything else to the
run's folder. `--preset small` makes those in `weights/esbn-24`, of these and of the same records.
It runs the other scripts one after the other, each with fixed seeds. Run it again to
go on where it was stopped. `--show` prints the commands. `--rehearse` runs all of them in minutes,
with tiny networks, to see that everything is in place.
"""

import dataclasses
import io
import shlex
import subprocess
import sys
import tarfile
from pathlib import Path

import tqdm

from lab import places, settings
from lab.settings import RecipeConfig
from utils import command, files

START = "82828f8"
"""Commit whose `weights/` are stage 0; docs/weights.md has their own recipe."""

ROOT = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One command of the recipe."""

    script: str
    """A script, or a module of `lab`."""
    flags: tuple[object, ...]
    """Its flags."""
    leaves: Path | None = None
    """Path after which the line is done; None: the script itself does nothing twice."""
    tiny: tuple[object, ...] = ()
    """Flags that follow in a rehearsal."""

    def words(self, *, rehearse: bool) -> list[str]:
        """The command line, without the interpreter."""
        flags = (*self.flags, *self.tiny) if rehearse else self.flags
        start = [self.script] if self.script.endswith(".py") else ["-m", self.script]
        return [*start, *(str(flag) for flag in flags)]


def lines(config: RecipeConfig) -> list[Line]:
    """The recipe, in order."""
    run, scenes = config.run, config.data / "weights"
    return [
        *_scenes(config, scenes),
        Line(
            script="make_tfrecord.py",
            flags=("--scenes", scenes, "--run", run, "--hold-out", "validation", *_SHARDS),
        ),
        *(_small(config) if config.small else _full(config)),
    ]


def _full(config: RecipeConfig) -> list[Line]:
    """Three stages, from the weights of stage 0."""
    run = config.run
    first = () if config.rehearse else ("--start-weights", run / "start")
    return [
        # 1 and 2: both alignments; the low one shows what the reference clips.
        Line(
            script="training_align_low.py",
            flags=(
                *("--run", run, *first),
                *(*_stage(5_400, 1, hold=2_600, batch=4), "--sampling.candidates", 3),
            ),
            tiny=_TINY,
        ),
        Line(
            script="training_align_high.py",
            flags=(
                *("--run", run, *first, "--alignment-loss", "mu_law"),
                *(*_stage(2_700, 2, hold=1_500, ema=0.995, warmup=50), "--sampling.candidates", 1),
            ),
            tiny=_TINY,
        ),
        # 3: merging, on these alignments.
        Line(
            script="training_fusion.py",
            flags=(
                *("--run", run, *first, "--alignment", "frozen"),
                *(*_stage(1_800, 3, hold=900), "--sampling.candidates", 2),
            ),
            tiny=_TINY,
        ),
        _export(run, run / "weights"),
    ]


def _small(config: RecipeConfig) -> list[Line]:
    """Three stages, from what narrow networks can keep of the full ones."""
    run = config.run
    wide = run / "weights" if config.rehearse else ROOT / "weights" / "esbn-64"
    start = run / "small_start"
    sampling = ("--sampling.candidates", 2, "--sampling.cache-bytes", 6_000_000_000)
    first = (
        *("--preset", "small", "--records", run / "records", "--run", run / "small"),
        *("--start-weights", start),
    )
    tiny = (*_TINY, "--network.width", 2)
    return [
        Line(
            script="lab.narrow_weights",
            flags=(
                *("--preset", "small", "--weights", wide, "--records", run / "records"),
                *("--sampling.seed", 6, *sampling, "--save-weights", start),
            ),
            leaves=start,
            tiny=("--width", 2, "--sampling.patch-size", 32, "--patches", 4),
        ),
        Line(
            script="training_align_low.py",
            flags=(*first, *_small_stage(9_000, 1, hold=2_500), "--sampling.candidates", 3),
            tiny=tiny,
        ),
        Line(
            script="training_align_high.py",
            flags=(
                *(*first, "--alignment-loss", "mu_law"),
                *(*_small_stage(9_000, 2, hold=2_500), "--sampling.candidates", 1),
            ),
            tiny=tiny,
        ),
        Line(
            script="training_fusion.py",
            flags=(
                *(*first, "--alignment", "frozen"),
                *(*_small_stage(15_000, 3, hold=3_000), "--sampling.candidates", 2),
            ),
            tiny=tiny,
        ),
        _export(run / "small", run / "small_weights"),
    ]


_SHARDS = ("--scenes-per-shard", 64)
_LOGS = ("--log-every", 50, "--validate-every", 500, "--checkpoint-every", 100)
_TINY = (
    *("--network.width", 4, "--network.residual-blocks", 1, "--network.dense-layers", 2),
    *("--sampling.patch-size", 32, "--hold-steps", 0, "--steps", 2, "--batch-size", 2),
    *("--validate-every", 2),
)


def _scenes(config: RecipeConfig, scenes: Path) -> list[Line]:
    """Training scenes, and two kinds of validation scenes of places that training does not see."""
    source = ("--radiance", *config.radiance, "--photographs", config.photographs)
    held_out = ("--exclude", *places.VALIDATION, *places.TEST)
    validation = ("--include", *places.VALIDATION, "--static-share", 0)
    return [
        Line(
            script="lab.make_scenes",
            flags=(
                *("--scenes", scenes / "training", *source, "--count", 1600, "--seed", 20),
                *("--height", 384, "--width", 512, "--static-share", 0.05, *held_out),
            ),
            tiny=("--count", 4, "--height", 64, "--width", 80),
        ),
        Line(
            script="lab.make_scenes",
            flags=(
                *("--scenes", scenes / "validation_small", *source, "--count", 8, "--seed", 21),
                *("--height", 384, "--width", 512, *validation),
            ),
            tiny=("--count", 1, "--height", 64, "--width", 80),
        ),
        Line(
            script="lab.make_scenes",
            flags=(
                *("--scenes", scenes / "validation_large", *source, "--count", 4, "--seed", 22),
                *("--height", 640, "--width", 960, *validation),
            ),
            tiny=("--count", 1, "--height", 64, "--width", 80),
        ),
    ]


def _stage(
    steps: int,
    seed: int,
    hold: int = 0,
    *,
    batch: int = 2,
    rate: float = 3e-4,
    ema: float = 0.999,
    warmup: int = 100,
) -> tuple[object, ...]:
    """What stages of frozen statistics have in common.

    A step of two patches has 0.56 times the pixels of 8 of 128x128.
    """
    return (
        *("--frozen-statistics", "--batch-size", batch, "--sampling.patch-size", 192),
        *("--sampling.seed", seed, "--sampling.cache-bytes", 6_000_000_000, "--steps", steps),
        *("--hold-steps", hold),
        *("--optimizer", "muon", "--learning-rate", rate, "--warmup-steps", warmup),
        *("--ema", ema, *_LOGS),
    )


def _small_stage(steps: int, seed: int, hold: int) -> tuple[object, ...]:
    return _stage(steps, seed, hold, batch=4, rate=6e-4)


def _export(run: Path, weights: Path) -> Line:
    return Line(script="export.py", flags=("--run", run, "--save-weights", weights), leaves=weights)


def write_start(folder: Path) -> None:
    """Writes stage 0, the weights of commit `START`, to a folder, unless it is there.

    Raises:
        FileNotFoundError: The commit is not there, as in a download without history.
    """
    if folder.exists():
        return
    done = subprocess.run(
        ["git", "archive", START, "weights"], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        raise FileNotFoundError(
            f"Stage 0 is the folder weights/ of commit {START}; clone the repository with its"
            f" history, or put that folder at {folder}. Received: {done.stderr.decode().strip()}"
        )
    with files.complete_folder(folder) as partial:
        with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
            archive.extractall(partial, filter="data")
        for path in (partial / "weights").iterdir():
            path.rename(partial / path.name)
        (partial / "weights").rmdir()


def main(config: RecipeConfig) -> int:
    """Runs the recipe; returns the exit code of the first command that fails, else 0."""
    recipe = lines(config)
    if config.show:
        for line in recipe:
            tqdm.tqdm.write(f"python {shlex.join(line.words(rehearse=config.rehearse))}")
        return 0
    if not (config.rehearse or config.small):
        write_start(config.run / "start")
    for number, line in enumerate(recipe, 1):
        words = line.words(rehearse=config.rehearse)
        if line.leaves is not None and line.leaves.exists():
            continue
        tqdm.tqdm.write(f"[{number}/{len(recipe)}] python {shlex.join(words)}")
        done = subprocess.run([sys.executable, *words], cwd=ROOT, check=False)
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    command.run(main, settings.recipe, __doc__)
