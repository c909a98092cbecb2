"""Training runs of seconds: their records, settings, command lines, weights and logs."""

import csv
import dataclasses
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

import training_align_high
import training_align_low
from configs import paths
from configs.settings import (
    FusionConfig,
    NetworkConfig,
    SamplingConfig,
    TrainingConfig,
)
from models import esbn
from tests.brackets import bracket
from utils.radiometry import rgbe
from utils.records import record, shards
from utils.runs import checkpoints, networks
from utils.runs.settings import CHECKPOINTS_NAME, write_settings
from utils.scenes.scene import Scene
from utils.training import stages
from utils.training.optimisers import adam

NETWORK = NetworkConfig(width=4, residual_blocks=1, dense_layers=2, initializer="he")
SAMPLING = SamplingConfig(patch_size=16, stride=8)
SAMPLES = 8 * 3 * 4


def _scene() -> Scene:
    scene = bracket(32, 40, dtype=np.uint8)
    return dataclasses.replace(scene, hdr=rgbe.round_to_rgbe(scene.hdr))


SCENE = _scene()


def write_records(folder: Path, *, aligned: bool = False) -> str:
    """Writes one scene of 32x40 pixels for training and for validation."""
    folder.mkdir(parents=True, exist_ok=True)
    packed = record.pack(SCENE, aligned=aligned)
    entries = [
        entry
        for split in ("training", "validation")
        for entry in shards.write_shard(str(folder / f"{split}.tfrecord"), split, [packed])
    ]
    shards.write_index(str(folder), entries, "on")
    return str(folder)


def config(run: Path, records_dir: str, **changes) -> TrainingConfig:
    """Settings of a run of six steps."""
    settings = TrainingConfig(
        run=run,
        records=records_dir,
        network=NETWORK,
        sampling=SAMPLING,
        steps=6,
        batch_size=2,
        learning_rate=1e-3,
        log_every=1,
        validate_every=3,
        checkpoint_every=2,
    )
    return dataclasses.replace(settings, **changes)


def fusion(settings: TrainingConfig, **changes) -> FusionConfig:
    """The same settings for the last stage."""
    values = {f.name: getattr(settings, f.name) for f in dataclasses.fields(TrainingConfig)}
    return FusionConfig(**values | changes)


def random_networks() -> dict[str, keras.Model]:
    """The three networks with random weights and random moving statistics."""
    keras.utils.set_random_seed(0)
    networks = esbn.networks(**dataclasses.asdict(NETWORK))
    generator = np.random.default_rng(0)
    for network in networks.values():
        for variable in network.variables:
            if variable.name.startswith("moving"):
                variable.assign(generator.uniform(0.1, 0.5, variable.shape))
    return networks


def write_run(run: Path, records_dir: str) -> None:
    """Writes a run whose three stages are finished, without training them."""
    models = random_networks()
    settings = config(run, records_dir)
    whole = esbn.esbn(models, stages.aligned_frame)
    for name in (*paths.ALIGNMENT.values(), paths.FUSION):
        folder = paths.stage_dir(run, name)
        own = fusion(settings) if name == paths.FUSION else settings
        if isinstance(own, FusionConfig):
            stage = stages.fusion_stage(models, whole, own)
        else:
            stage = stages.alignment_stage(models, name.removeprefix("align_"), own)
        write_settings(folder, own, SAMPLES)
        optimizer = adam(own.learning_rate, stage)
        optimizer.iterations.assign(own.steps)
        checkpoint = tf.train.Checkpoint(optimizer=optimizer, **stage.networks)
        for step in (own.steps - 2, own.steps):
            checkpoints.save(checkpoint, folder / CHECKPOINTS_NAME, step)
        rows = "".join(f"{step},30.{step},25.1\n" for step in range(own.steps + 1))
        (folder / "validation.csv").write_text(f"step,psnr_mu,psnr_l\n{rows}")
        (folder / "log.csv").write_text(f"step,loss,seconds\n{rows}")


def train_alignments(settings: TrainingConfig) -> None:
    """Trains both alignment stages."""
    for script in (training_align_high, training_align_low):
        script.main(settings)


def flags(settings: TrainingConfig) -> list[str]:
    """Flags that turn the `kalantari` preset into these settings."""
    words = ["--preset=kalantari", "--network.initializer=he"]
    for prefix, group in (
        ("", settings),
        ("network.", settings.network),
        ("sampling.", settings.sampling),
    ):
        for field in dataclasses.fields(group):
            value = getattr(group, field.name)
            name = f"{prefix}{field.name}".replace("_", "-")
            if isinstance(value, bool):
                words.append(
                    f"--{name}" if value else f"--{prefix}no-{field.name}".replace("_", "-")
                )
            elif not dataclasses.is_dataclass(value) and value not in (None, ()):
                words.append(f"--{name}={value}")
    return words


def weights(run: Path, stage: str) -> dict[str, np.ndarray]:
    """All values of a stage's newest checkpoint, by name."""
    reader = tf.train.load_checkpoint(networks.latest_checkpoint(paths.stage_dir(run, stage)))
    names = [name for name in reader.get_variable_to_shape_map() if "VALUE" in name]
    return {name: reader.get_tensor(name) for name in names}


def log(run: Path, stage: str, name: str = "log.csv") -> list[dict[str, str]]:
    """Lines of a stage's log, or of another CSV file of its folder."""
    text = (paths.stage_dir(run, stage) / name).read_text()
    return list(csv.DictReader(text.splitlines()))
