"""Settings of the scripts in `lab`, as in configs/settings.py, and their presets."""

import dataclasses
from pathlib import Path
from typing import Literal

from configs import paths, presets
from configs.presets import Preset
from configs.settings import (
    EvaluationConfig,
    NetworkConfig,
    PrealignmentName,
    Precision,
    SamplingConfig,
    TrainingConfig,
    WeightsConfig,
    require,
    require_letters,
    require_positive,
)

CameraKind = Literal["noisy", "clean", "all"]

_FITTED = SamplingConfig(patch_size=128, stride=32)
_PAPERS = NetworkConfig()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScenesConfig:
    """Settings of lab/make_scenes.py."""

    radiance: tuple[Path, ...] = (paths.DATA_DIR / "radiance",)
    """Folders of radiance maps (.hdr, .exr) of any size."""
    photographs: Path | None = None
    """Folder of ordinary photographs (.jpg, .png, .tif), for textures and backgrounds; their
    highlights are expanded."""
    scenes: Path = paths.TRAINING_SCENES
    """Folder to write the scenes to, one folder each, in Kalantari's layout."""
    count: int = 200
    """Number of scenes."""
    height: int = 256
    """Height of a scene in pixels."""
    width: int = 256
    """Width of a scene in pixels."""
    seed: int = 0
    """Random seed. The bytes of a scene do not depend on `count` and `workers`."""
    static_share: float = 0.1
    """Share of scenes without any motion, in [0, 1]."""
    exposure_steps: tuple[float, ...] = ()
    """Exposure steps in stops, equal on both sides (2 3: brackets of 0 2 4 and 0 3 6); if not
    given, a mixture of 1 to 4 stops."""
    cameras: CameraKind = "all"
    """Noise of the sensors: noisy (full wells of 2,000 to 30,000 electrons; exposures as stated,
    steps of at most 3 stops), clean (30,000 to 120,000) or all."""
    gamma_spread: float = 0.0
    """Standard deviation of the logarithm of the cameras' gamma around 2.2 (0.05: 2.1 to 2.3)."""
    camera_defects: float = 0.35
    """Share of cameras with JPEG compression, colour noise, a tone curve other than a gamma, or
    exposures other than stated, in [0, 1]."""
    workers: int = 2
    """Number of processes."""
    include: tuple[str, ...] = ()
    """Use only maps and photographs whose file name contains one of these; if not given, all."""
    exclude: tuple[str, ...] = ()
    """Skip maps and photographs whose file name contains one of these."""

    def __post_init__(self) -> None:
        """Checks the values."""
        require_positive(self, "count", "height", "width", "workers")
        require(self.seed >= 0, "seed must not be negative.", self.seed)
        require(0 <= self.static_share <= 1, "static_share must be in [0, 1].", self.static_share)
        require(0 <= self.gamma_spread < 1, "gamma_spread must be in [0, 1).", self.gamma_spread)
        require(
            0 <= self.camera_defects <= 1, "camera_defects must be in [0, 1].", self.camera_defects
        )
        for step in self.exposure_steps:
            require(0 < step <= 4, "exposure_steps must be above 0 and at most 4.", step)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplesConfig:
    """Settings of lab/make_samples.py."""

    radiance: Path = paths.DATA_DIR / "radiance_4k"
    """Folder of panoramas of 4096x2048."""
    photographs: Path = paths.DATA_DIR / "photographs"
    """Folder of ordinary photographs."""
    scenes: Path = Path("samples")
    """Folder to write the scenes to; those that exist stay."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecipeConfig:
    """Settings of lab/make_weights.py."""

    radiance: tuple[Path, ...] = (paths.DATA_DIR / "radiance", paths.DATA_DIR / "radiance_4k")
    """Folders of radiance maps."""
    photographs: Path = paths.DATA_DIR / "photographs"
    """Folder of ordinary photographs."""
    data: Path = paths.DATA_DIR
    """Folder for the scenes, which go to its folder `weights`."""
    run: Path
    """Folder for records, stages and weights."""
    show: bool = False
    """Print the commands and run none."""
    rehearse: bool = False
    """Run every command on tiny scenes and networks, to test the recipe; use another `run` and
    `data`."""
    small: bool = False
    """Train the networks of 24 channels, on the same scenes and records."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NarrowingConfig(WeightsConfig):
    """Settings of lab/narrow_weights.py."""

    run: Path = paths.RUNS_DIR / "quick"
    """Folder of the run with the records and, unless `weights` is given, the weights."""
    precision: Precision = "float32"
    """Number format of the old networks' convolutions."""
    width: int = 24
    """Channels of the first convolution of the new networks, fewer than in the old ones."""
    records: str | None = None
    """Folder of the records, if not in the run; a TensorFlow path (gs://...) is allowed."""
    sampling: SamplingConfig = _FITTED
    """Training patches that the new weights are fitted to."""
    patches: int = 24
    """Number of patches."""
    save_weights: Path | None = None
    """Folder to write the new weights to; if not given, `narrowed` in the run."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        require_letters(self, "records")
        require_positive(self, "patches")
        NetworkConfig(width=self.width)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AverageConfig:
    """Settings of lab/networks/average_weights.py."""

    average: tuple[Path, ...] = (paths.WEIGHTS_DIR / "esbn-24",)
    """Folders of weights, all of one size."""
    output: Path = Path("averaged")
    """Folder to write the mean to."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class AblationConfig(TrainingConfig):
    """Settings of lab/ablation.py; those of training hold for all stages but `seed`."""

    scenes: Path = paths.DATA_DIR / "ablation" / "training"
    """Folder of training scenes, two of which are held out for validation."""
    test: Path = paths.DATA_DIR / "ablation" / "test"
    """Folder of test scenes with ground truth."""
    seeds: tuple[int, ...] = (0, 1)
    """Seeds of the initial weights and of the order of the samples."""
    prealign: PrealignmentName = "off"
    """Take camera motion out of low and high, in training and test; the paper does not."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        require(len(self.seeds) > 0, "seeds must name at least one.", self.seeds)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceCheckConfig:
    """Settings of lab/device_check.py."""

    save: Path = Path("device_check.md")
    """File to write the report to."""
    seconds: float = 150.0
    """Time for the measurements, about; imports come before it."""
    deterministic: bool = True
    """Deterministic operations, as training has by default."""
    network: NetworkConfig = _PAPERS
    """Size of the networks; the paper's by default."""
    patch_size: int = 256
    """Height and width of a training patch in pixels, a multiple of 8."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """Settings of lab/benchmark.py."""

    quick: bool = False
    """Smaller pictures and batches, fewer repetitions, no 24-megapixel picture: two minutes."""
    json: Path | None = None
    """File to write the figures to as well."""


def scenes(preset: Preset) -> ScenesConfig:
    """Settings of make_scenes, the same for all presets."""
    del preset
    return ScenesConfig()


def samples(preset: Preset) -> SamplesConfig:
    """Settings of make_samples, the same for all presets."""
    del preset
    return SamplesConfig()


def recipe(preset: Preset) -> RecipeConfig:
    """Settings of make_weights; `small` trains the networks of 24 channels."""
    return RecipeConfig(run=paths.run_dir("weights"), small=preset == "small")


def narrowing(preset: Preset) -> NarrowingConfig:
    """Settings of narrow_weights."""
    return NarrowingConfig(run=paths.run_dir(preset))


def average(preset: Preset) -> AverageConfig:
    """Settings of average_weights, the same for all presets."""
    del preset
    return AverageConfig()


def ablation(preset: Preset) -> AblationConfig:
    """Settings of ablation: those of the preset's alignment stages, for all stages."""
    config = dataclasses.replace(presets.alignment(preset), run=paths.RUNS_DIR / "ablation")
    return AblationConfig(**{x.name: getattr(config, x.name) for x in dataclasses.fields(config)})


def paper_table(preset: Preset) -> EvaluationConfig:
    """Settings of paper_table: those of evaluate.py and the preset `kalantari`."""
    del preset
    return presets.evaluation("kalantari")


def device_check(preset: Preset) -> DeviceCheckConfig:
    """Settings of device_check, the same for all presets."""
    del preset
    return DeviceCheckConfig()


def benchmark(preset: Preset) -> BenchmarkConfig:
    """Settings of benchmark, the same for all presets."""
    del preset
    return BenchmarkConfig()
