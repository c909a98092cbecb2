"""Presets: each function returns the config of a script for a preset's name.

`kalantari` has the authors' patches, losses, rates and steps; `quick` the same networks with a
training that suits a CPU; `small` is `quick` with 24 instead of 64 channels. Flags of a script
then replace single fields.
"""

from typing import Any, Literal

from configs import paths
from configs.settings import (
    EvaluationConfig,
    ExportConfig,
    FusionConfig,
    NetworkConfig,
    ReconstructionConfig,
    RecordsConfig,
    SamplingConfig,
    TrainingConfig,
)

Preset = Literal["kalantari", "quick", "small"]

_AUTHORS_SAMPLING = SamplingConfig(resample=True)
_NETWORKS = {
    "quick": NetworkConfig(initializer="he"),
    "small": NetworkConfig(width=24, initializer="he"),
}
_ON_A_CPU: dict[str, Any] = {
    "sampling": SamplingConfig(patch_size=128, stride=32),
    "steps": 2000,
    "schedule": "cosine",
    "warmup_steps": 50,
    "precision": "auto",
    "log_every": 20,
    "validate_every": 200,
    "checkpoint_every": 200,
}


def records(preset: Preset) -> RecordsConfig:
    """Settings of make_tfrecord.py."""
    prealign = "off" if preset == "kalantari" else "auto"
    return RecordsConfig(run=paths.run_dir(preset), prealign=prealign)


def alignment(preset: Preset) -> TrainingConfig:
    """Settings of an alignment stage."""
    run = paths.run_dir(preset)
    if preset == "kalantari":
        return TrainingConfig(run=run, sampling=_AUTHORS_SAMPLING)
    return TrainingConfig(run=run, network=_NETWORKS[preset], learning_rate=4e-4, **_ON_A_CPU)


def fusion(preset: Preset) -> FusionConfig:
    """Settings of the last stage; the authors train in batches of 4."""
    run = paths.run_dir(preset)
    if preset == "kalantari":
        return FusionConfig(run=run, sampling=_AUTHORS_SAMPLING, batch_size=4)
    return FusionConfig(run=run, network=_NETWORKS[preset], learning_rate=2e-4, **_ON_A_CPU)


def reconstruction(preset: Preset) -> ReconstructionConfig:
    """Settings of both reconstruction scripts."""
    return ReconstructionConfig(**_networks_alone(preset))


def evaluation(preset: Preset) -> EvaluationConfig:
    """Settings of evaluate.py."""
    return EvaluationConfig(**_networks_alone(preset))


def export(preset: Preset) -> ExportConfig:
    """Settings of export.py."""
    return ExportConfig(run=paths.run_dir(preset) if preset == "kalantari" else None)


def _networks_alone(preset: Preset) -> dict[str, Any]:
    """Fields of `kalantari`: its own run, and the networks alone, as in the released code."""
    if preset == "kalantari":
        return {"run": paths.run_dir(preset), "prealign": "off", "agreement": False}
    return {}
