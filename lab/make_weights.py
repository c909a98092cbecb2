"""Trains the weights in `weights/` further: makes scenes and records, trains two stages, averages.

Reads radiance maps and photographs. Writes scenes to the folder `weights` of `--data`; records,
checkpoints and weights to `--run`. Training starts from weights/esbn-64, or with `--preset small`
from weights/esbn-24. The other scripts run one by one, with fixed seeds. Run the command again to
resume. `--show` prints the commands; `--rehearse` runs all of them in minutes with tiny networks.
"""

import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path

import tqdm

from configs import paths
from lab import make_scenes, settings
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
    """One training stage: frozen statistics, Muon."""

    script: str
    steps: int
    hold: int
    """Steps at the full rate, before it falls to zero."""
    rate: float
    """Learning rate."""
    patch: int
    """Pixels a side of a patch."""
    batch: int
    """Patches a step."""
    candidates: int
    """See `SamplingConfig.candidates`."""
    seed: int
    flags: tuple[str, ...] = ()
    tiny: tuple[str, ...] = ()
    """Additional flags in a rehearsal, which has no start weights."""

    def words(self) -> tuple[object, ...]:
        """Its flags."""
        return (
            *("--frozen-statistics", "--optimizer", "muon", "--sampling.patch-size", self.patch),
            *("--steps", self.steps, "--hold-steps", self.hold, "--batch-size", self.batch),
            *("--learning-rate", self.rate, "--ema", 0.999, "--warmup-steps", 100),
            *("--sampling.candidates", self.candidates, "--sampling.seed", self.seed),
            *("--sampling.cache-bytes", 9_000_000_000, "--log-every", 50),
            *("--validate-every", 1000, "--checkpoint-every", 200, *self.flags),
        )


STAGES = (
    Stage(
        script="training_align_low.py",
        steps=14_000,
        hold=7_000,
        rate=4e-4,
        patch=256,
        batch=3,
        seed=41,
        candidates=3,
    ),
    Stage(
        script="training_fusion.py",
        steps=1_000,
        hold=0,
        rate=1e-4,
        patch=192,
        batch=4,
        seed=43,
        candidates=2,
        flags=("--alignment", "frozen"),
        tiny=("--alignment", "from_scratch"),
    ),
)
"""The high alignment stays as it is: better aligned, it adds 0.01 dB to pictures (lab/NOTES.md)."""

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
    return [*_scenes(config, scenes), records, *_training(config)]


def _scenes(config: RecipeConfig, scenes: Path) -> list[Line]:
    """Training scenes, and four sets of validation scenes from other places."""
    source = ("--radiance", *config.radiance, "--photographs", config.photographs)
    held_out = (*make_scenes.VALIDATION, *make_scenes.TEST)
    validation = ("--include", *make_scenes.VALIDATION)
    clean = ("--cameras", "clean", "--camera-defects", 0)
    return [
        Line(
            script="lab.make_scenes",
            flags=(
                *("--scenes", scenes / name, *source, "--count", count, "--seed", seed),
                *("--height", height, "--width", width, "--static-share", static, *others),
            ),
            tiny=("--count", tiny, *_TINY_SCENES),
        )
        for name, count, seed, (height, width), static, others, tiny in (
            ("training", 1600, 40, (384, 512), 0.1, ("--exclude", *held_out), 4),
            ("validation_small", 8, 21, (384, 512), 0, (*validation, "--cameras", "noisy"), 1),
            ("validation_large", 4, 22, (640, 960), 0, (*validation, "--cameras", "noisy"), 1),
            ("validation_clean", 6, 23, (384, 512), 0, (*validation, *clean), 1),
            ("validation_static", 6, 24, (384, 512), 1, validation, 1),
        )
    ]


def _training(config: RecipeConfig) -> list[Line]:
    name = "esbn-24" if config.small else "esbn-64"
    run = config.run / name
    start = () if config.rehearse else ("--start-weights", paths.WEIGHTS_DIR / name)
    common = ("--records", config.run / "records", "--run", run, *start)
    preset = ("--preset", "small") if config.small else ()
    trained, weights = (config.run / "weights" / x for x in ("trained", name))
    first = trained if config.rehearse else paths.WEIGHTS_DIR / name
    return [
        *(
            Line(
                script=stage.script,
                flags=(*preset, *common, *stage.words()),
                tiny=(*_TINY_STAGE, "--network.width", 4, *stage.tiny),
            )
            for stage in STAGES
        ),
        Line(script="export.py", flags=("--run", run, "--save-weights", trained), output=trained),
        Line(
            script="lab.networks.average_weights",
            flags=("--average", first, trained, "--output", weights),
            output=weights,
        ),
    ]


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
