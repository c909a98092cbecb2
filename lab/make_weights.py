"""Trains the weights in `weights/` further: makes scenes and records, trains three stages, exports.

Reads radiance maps and photographs. Writes scenes to the folder `weights` of `--data`; records,
checkpoints and weights to `--run`. Training starts from weights/esbn-64, or with `--preset small`
from networks narrowed from it. The other scripts run one by one, with fixed seeds. Run the command
again to resume. `--show` prints the commands; `--rehearse` runs all of them in minutes with tiny
networks.
"""

import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import tqdm

from configs import paths
from lab import places, settings
from lab.settings import RecipeConfig
from utils import command

ROOT = Path(__file__).parents[1]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Line:
    """One command of the recipe."""

    script: str
    """A script, or a module of `lab`."""
    flags: tuple[object, ...]
    output: Path | None = None
    """The command is skipped if this path exists; None: the script resumes by itself."""
    tiny: tuple[object, ...] = ()
    """Additional flags in a rehearsal."""

    def words(self, *, rehearse: bool) -> list[str]:
        """The command line, without the interpreter."""
        flags = (*self.flags, *self.tiny) if rehearse else self.flags
        start = [self.script] if self.script.endswith(".py") else ["-m", self.script]
        return [*start, *(str(flag) for flag in flags)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """One training stage, with frozen statistics, Muon and patches of 192x192."""

    script: str
    steps: int
    hold: int
    """Steps at the full rate, before it falls to zero."""
    batch: int = 2
    """Patches in a step; two have 0.56 times the pixels of 8 of 128x128."""
    rate: float = 3e-4
    ema: float = 0.999
    warmup: int = 100
    candidates: int
    """See `SamplingConfig.candidates`."""
    seed: int
    flags: tuple[str, ...] = ()

    def words(self) -> tuple[object, ...]:
        """Its flags."""
        return (
            *("--frozen-statistics", "--optimizer", "muon", "--sampling.patch-size", 192),
            *("--steps", self.steps, "--hold-steps", self.hold, "--batch-size", self.batch),
            *("--learning-rate", self.rate, "--ema", self.ema, "--warmup-steps", self.warmup),
            *("--sampling.candidates", self.candidates, "--sampling.seed", self.seed, *_CACHE),
            *("--log-every", 50, "--validate-every", 500, "--checkpoint-every", 100, *self.flags),
        )


_CACHE = ("--sampling.cache-bytes", 6_000_000_000)
_LOW, _HIGH, _FUSION = "training_align_low.py", "training_align_high.py", "training_fusion.py"
_MU_LAW, _FROZEN = ("--alignment-loss", "mu_law"), ("--alignment", "frozen")

FULL = (
    Stage(script=_LOW, steps=5_400, hold=2_600, seed=1, candidates=3, batch=4),
    Stage(
        script=_HIGH,
        steps=2_700,
        hold=1_500,
        seed=2,
        candidates=1,
        ema=0.995,
        warmup=50,
        flags=_MU_LAW,
    ),
    Stage(script=_FUSION, steps=1_800, hold=900, seed=3, candidates=2, flags=_FROZEN),
)
"""From weights/esbn-64."""

_FAST: Any = {"batch": 4, "rate": 6e-4}
SMALL = (
    Stage(script=_LOW, steps=9_000, hold=2_500, seed=1, candidates=3, **_FAST),
    Stage(script=_HIGH, steps=9_000, hold=2_500, seed=2, candidates=1, flags=_MU_LAW, **_FAST),
    Stage(script=_FUSION, steps=15_000, hold=3_000, seed=3, candidates=2, flags=_FROZEN, **_FAST),
)
"""From networks of 24 channels narrowed from weights/esbn-64."""

_TINY_SCENES = ("--height", 64, "--width", 80)
_TINY_STAGE = (
    *("--network.residual-blocks", 1, "--network.dense-layers", 2, "--sampling.patch-size", 32),
    *("--hold-steps", 0, "--steps", 2, "--batch-size", 2, "--validate-every", 2),
)


def lines(config: RecipeConfig) -> list[Line]:
    """The recipe, in order."""
    scenes = config.data / "weights"
    records = Line(
        script="make_tfrecord.py",
        flags=(
            *("--scenes", scenes, "--run", config.run, "--hold-out", "validation"),
            *("--scenes-per-shard", 64),
        ),
    )
    stages = _small(config) if config.small else _full(config)
    return [*_scenes(config, scenes), records, *stages]


def _scenes(config: RecipeConfig, scenes: Path) -> list[Line]:
    """Training scenes, and validation scenes of two sizes from other places."""
    source = ("--radiance", *config.radiance, "--photographs", config.photographs)
    others = ("--exclude", *places.VALIDATION, *places.TEST)
    validation = ("--include", *places.VALIDATION)
    return [
        Line(
            script="lab.make_scenes",
            flags=(
                *("--scenes", scenes / name, *source, "--count", count, "--seed", seed),
                *("--height", height, "--width", width, "--static-share", static, *chosen),
            ),
            tiny=("--count", tiny, *_TINY_SCENES),
        )
        for name, count, seed, (height, width), static, chosen, tiny in (
            ("training", 1600, 20, (384, 512), 0.05, others, 4),
            ("validation_small", 8, 21, (384, 512), 0, validation, 1),
            ("validation_large", 4, 22, (640, 960), 0, validation, 1),
        )
    ]


def _full(config: RecipeConfig) -> list[Line]:
    run = config.run
    start = () if config.rehearse else ("--start-weights", paths.WEIGHTS_DIR / "esbn-64")
    return [
        *(
            Line(
                script=stage.script,
                flags=("--run", run, *start, *stage.words()),
                tiny=(*_TINY_STAGE, "--network.width", 4),
            )
            for stage in FULL
        ),
        _export(run, run / "weights"),
    ]


def _small(config: RecipeConfig) -> list[Line]:
    records, run, start = config.run / "records", config.run / "small", config.run / "small_start"
    wide = config.run / "weights" if config.rehearse else paths.WEIGHTS_DIR / "esbn-64"
    common = ("--preset", "small", "--records", records, "--run", run, "--start-weights", start)
    return [
        Line(
            script="lab.narrow_weights",
            flags=(
                *("--preset", "small", "--weights", wide, "--records", records),
                *("--sampling.seed", 6, "--sampling.candidates", 2, *_CACHE),
                *("--save-weights", start),
            ),
            output=start,
            tiny=("--width", 2, "--sampling.patch-size", 32, "--patches", 4),
        ),
        *(
            Line(
                script=stage.script,
                flags=(*common, *stage.words()),
                tiny=(*_TINY_STAGE, "--network.width", 2),
            )
            for stage in SMALL
        ),
        _export(run, config.run / "small_weights"),
    ]


def _export(run: Path, weights: Path) -> Line:
    flags = ("--run", run, "--save-weights", weights)
    return Line(script="export.py", flags=flags, output=weights)


def main(config: RecipeConfig) -> int:
    """Runs the recipe; returns the exit code of the first command that fails, else 0."""
    recipe = lines(config)
    for number, line in enumerate(recipe, 1):
        words = line.words(rehearse=config.rehearse)
        if config.show:
            tqdm.tqdm.write(f"python {shlex.join(words)}")
        elif line.output is None or not line.output.exists():
            tqdm.tqdm.write(f"[{number}/{len(recipe)}] python {shlex.join(words)}")
            done = subprocess.run([sys.executable, *words], cwd=ROOT, check=False)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    command.run(main, settings.recipe, __doc__)
