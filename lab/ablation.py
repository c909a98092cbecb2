"""Compares ways to align on the same records, steps and seeds; writes one table with its spread.

    none                          the merging network alone, on frames as they are
    pixel blending                one encoder of both frames, as many weights; alignments first,
                                  then end to end (lab/networks/pixel_blending.py)
    two-way encoder, frozen       the paper's alignments, then the merging network alone
    two-way encoder, end to end   the same alignments, then all three networks: the paper

Reads `--scenes` to train on and `--test` with ground truth. Each stage makes `--steps` steps by the
loop and the settings of the training scripts. Writes records, a run for each way and seed, and the
tables `ablation` (means over scenes, then over seeds, and the lowest and highest of a seed) and
`scores` (every scene) to `--run`. Run it again to resume; raise `--seeds` to add seeds.
"""

import dataclasses
import functools
import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from configs import paths
from configs.settings import FusionConfig, TrainingConfig
from lab import settings
from lab.networks.pixel_blending import pixel_blending
from lab.settings import AblationConfig
from models import esbn
from models.frames import HIGH, LOW, MERGING
from utils import command, files
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.scores import score_alignment
from utils.hardware import keras_policy
from utils.inference.pipeline import Networks
from utils.inference.reconstruction import reconstruct
from utils.records import build, plan
from utils.reporting import provenance, tables
from utils.reporting.results import full_title
from utils.reporting.tables import Table
from utils.runs.networks import build_networks, restore
from utils.scenes.folders import find_scenes, read_scene
from utils.training import loop, stages

FULL = PROTOCOLS["full"]
Scores = dict[str, dict[str, float]]
"""Scene to scores by name."""
COLUMNS = {
    "psnr_mu": ("PSNR-μ", 2),
    "merged PSNR-μ, moved": (".. where something moved", 2),
    "psnr_l": ("PSNR-l", 2),
    "ssim_mu": ("SSIM-μ", 4),
    "PSNR low": ("aligned low", 2),
    "PSNR high": ("aligned high", 2),
}
"""Scores to their headings and decimals; PSNR in dB."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Way:
    """One way to align, and how it is trained."""

    run: str
    """Name of its run, to which the seed is added."""
    alignment: Literal["none", "frozen", "end_to_end"]
    """As in training_fusion.py."""
    alignments_of: str = ""
    """Run of its trained alignments; empty: it has none."""
    pixels: bool = False
    """One encoder that blends pixels."""


WAYS = {
    "none": Way(run="none", alignment="none"),
    "pixel blending": Way(
        run="pixels", alignment="end_to_end", alignments_of="pixels", pixels=True
    ),
    "two-way encoder, frozen": Way(run="frozen", alignment="frozen", alignments_of="two_way"),
    "two-way encoder, end to end": Way(
        run="two_way", alignment="end_to_end", alignments_of="two_way"
    ),
}


def main(config: AblationConfig) -> None:
    """Trains and scores every way with every seed; prints and writes the table after each seed."""
    records = config.records or str(paths.records_dir(config.run))
    planned = plan.plan(plan.find_sources(config.scenes), validation_scenes=2, scenes_per_shard=32)
    build.build(records, planned, root=config.scenes, workers=2, prealign=config.prealign)
    scored: dict[str, dict[int, Scores]] = {name: {} for name in WAYS}
    for seed in config.seeds:
        for name, way in WAYS.items():
            tqdm.write(f"{name}, seed {seed}")
            scored[name][seed] = score(train(config, way, seed, records), config)
            keras.backend.clear_session()
        with files.lock(config.run):
            tables.write(config.run / "ablation", means(scored, config))
            tables.write(config.run / "scores", every_scene(scored))
            provenance.write(config.run, [full_title(FULL.title, config.prealign)], [])
        tqdm.write(tables.to_markdown(means(scored, config)))


def train(config: AblationConfig, way: Way, seed: int, records: str) -> dict[str, keras.Model]:
    """Trains the stages of one way with one seed, or resumes them; returns its networks."""
    own: dict[str, Any] = {
        x.name: getattr(config, x.name) for x in dataclasses.fields(TrainingConfig)
    }
    own["sampling"] = dataclasses.replace(config.sampling, seed=seed)
    own |= {"records": records, "seed": seed, "run": config.run / f"{way.alignments_of}-{seed}"}
    aligned = TrainingConfig(**own)
    own |= {"run": config.run / f"{way.run}-{seed}", "alignment": way.alignment}
    fusion = FusionConfig(**own)
    sides = paths.ALIGNMENT if way.alignments_of else {}
    for side, stage in sides.items():
        loop.train(
            aligned,
            stage,
            lambda side=side: stages.alignment_stage(networks(aligned, way), side, aligned),
        )

    def last_stage() -> stages.Stage:
        built = networks(fusion, way)
        for side, stage in sides.items():
            restore({side: built[side]}, paths.stage_dir(aligned.run, stage))
        return stages.fusion_stage(built, esbn.esbn(built, stages.aligned_frame), fusion)

    return loop.train(fusion, paths.FUSION, last_stage).networks


def networks(config: TrainingConfig, way: Way) -> dict[str, keras.Model]:
    """The three networks of a way with their initial weights."""
    built = build_networks(config)
    if way.pixels:
        size = {
            name: getattr(config.network, name)
            for name in ("width", "residual_blocks", "initializer")
        }
        own = functools.partial(
            pixel_blending,
            dtype=keras_policy(config.precision),
            arithmetic=config.arithmetic,
            **size,
        )
        built |= {side: own(name=built[side].name) for side in paths.ALIGNMENT}
    return built


def score(built: Mapping[str, keras.Model], config: AblationConfig) -> Scores:
    """Scores of the networks alone on every test scene, under the protocol `full`."""
    compiled = {name: _compiled(network) for name, network in built.items()}
    whole = Networks(low=compiled[LOW], high=compiled[HIGH], merging=compiled[MERGING])
    found: Scores = {}
    for folder in tqdm(find_scenes(config.test), desc="scoring", unit="scene"):
        scene = prealigned(read_scene(folder, config.test), config.prealign)
        result = reconstruct(whole, scene, FULL)
        numbers = score_alignment(result.aligned, scene, result.hdr)
        numbers |= dataclasses.asdict(FULL.score(result.hdr, np.asarray(scene.hdr)))
        found[scene.name] = {name: numbers[name] for name in COLUMNS}
    return found


def _compiled(network: keras.Model) -> Callable[..., Any]:
    return tf.function(lambda *frames: network(list(frames), training=False), reduce_retracing=True)


def means(scored: Mapping[str, Mapping[int, Scores]], config: AblationConfig) -> Table:
    """A row for each way: means over scenes and seeds, lowest and highest mean of a seed."""
    seeds = list(next(iter(scored.values())))
    return Table(
        heading=["alignment", *(heading for heading, _ in COLUMNS.values())],
        rows=[
            [name, *(_spread(by_seed, column) for column in COLUMNS)]
            for name, by_seed in scored.items()
        ],
        notes=[
            f"Means of {command.count(len(seeds), 'seed')}; in brackets the lowest and the highest"
            " of a seed's means over the scenes.",
            f"{config.steps} steps a stage, {config.batch_size} patches of"
            f" {config.sampling.patch_size} pixels, width {config.network.width};"
            f" protocol {full_title(FULL.title, config.prealign)}.",
        ],
    )


def _spread(by_seed: Mapping[int, Scores], column: str) -> str:
    found = []
    for scores in by_seed.values():
        values = [numbers[column] for numbers in scores.values()]
        moved = [value for value in values if not math.isnan(value)]
        found.append(np.mean(moved) if moved else math.nan)
    decimals = COLUMNS[column][1]
    mean, low, high = (f"{x:.{decimals}f}" for x in (np.mean(found), min(found), max(found)))
    return f"{mean} [{low}, {high}]"


def every_scene(scored: Mapping[str, Mapping[int, Scores]]) -> Table:
    """A row for each way, seed and scene."""
    return Table(
        heading=["alignment", "seed", "scene", *COLUMNS],
        rows=[
            [name, str(seed), scene, *(f"{value:.6f}" for value in numbers.values())]
            for name, by_seed in scored.items()
            for seed, scores in by_seed.items()
            for scene, numbers in scores.items()
        ],
        notes=[],
        labels=3,
    )


if __name__ == "__main__":
    command.run(main, settings.ablation, __doc__)
