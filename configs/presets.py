"""The presets: `kalantari`, the release's values; `quick`, its networks on a CPU; and `small`.

`small` is `quick` with networks of 24 instead of 64 channels, a seventh of the work.

A preset is a name that one function turns into a config; flags of a script then replace fields.
"""

from typing import Any, Literal

from configs import paths
from configs.settings import (
    BenchmarkConfig,
    EvaluationConfig,
    ExportConfig,
    FusionConfig,
    NarrowingConfig,
    NetworkConfig,
    RecipeConfig,
    ReconstructionConfig,
    RecordsConfig,
    SamplingConfig,
    ScenesConfig,
    TrainingConfig,
)

Preset = Literal["kalantari", "quick", "small"]

_FAITHFUL_SAMPLING = SamplingConfig(resample=True)
_NETWORKS = {
    "kalantari": NetworkConfig(),
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


def scenes(preset: Preset) -> ScenesConfig:
    """Settings of lab/make_scenes.py; all presets make the same scenes."""
    del preset
    return ScenesConfig()


def records(preset: Preset) -> RecordsConfig:
    """Settings of make_tfrecord.py."""
    prealign = "off" if preset == "kalantari" else "auto"
    return RecordsConfig(run=paths.run_dir(preset), prealign=prealign)


def alignment(preset: Preset) -> TrainingConfig:
    """Settings of one alignment stage; `kalantari` holds the release's values."""
    run = paths.run_dir(preset)
    if preset == "kalantari":
        return TrainingConfig(run=run, sampling=_FAITHFUL_SAMPLING)
    return TrainingConfig(run=run, network=_NETWORKS[preset], learning_rate=4e-4, **_ON_A_CPU)


def fusion(preset: Preset) -> FusionConfig:
    """Settings of the last stage; `kalantari` has the release's batches of 4."""
    run = paths.run_dir(preset)
    if preset == "kalantari":
        return FusionConfig(run=run, sampling=_FAITHFUL_SAMPLING, batch_size=4)
    return FusionConfig(run=run, network=_NETWORKS[preset], learning_rate=2e-4, **_ON_A_CPU)


def recipe(preset: Preset) -> RecipeConfig:
    """Settings of lab/make_weights.py: weights of the small networks, or of the paper's size."""
    return RecipeConfig(run=paths.run_dir("weights"), small=preset == "small")


def reconstruction(preset: Preset) -> ReconstructionConfig:
    """Settings of both reconstruction scripts; `kalantari` leaves results as the networks' are."""
    return ReconstructionConfig(run=paths.run_dir(preset), anchor=preset != "kalantari")


def evaluation(preset: Preset) -> EvaluationConfig:
    """Settings of evaluate.py; `kalantari` leaves results as the networks' are."""
    return EvaluationConfig(run=paths.run_dir(preset), anchor=preset != "kalantari")


def export(preset: Preset) -> ExportConfig:
    """Settings of export.py."""
    return ExportConfig(run=paths.run_dir(preset))


def narrowing(preset: Preset) -> NarrowingConfig:
    """Settings of lab/narrow_weights.py."""
    return NarrowingConfig(run=paths.run_dir(preset))


def benchmark(preset: Preset) -> BenchmarkConfig:
    """Settings of lab/benchmark.py; the networks are the paper's in all presets."""
    del preset
    return BenchmarkConfig()
