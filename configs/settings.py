"""The settings of every script, as frozen dataclasses: an illegal value fails here, at once.

Each field is a command-line flag of the scripts that take the class (see utils/command.py); the
text below a field is its `--help`. A single value that is not set is `None`; a list of names that
is not set is empty.
"""

import dataclasses
from pathlib import Path
from typing import Literal

from configs import paths

Precision = Literal["float32", "bfloat16", "auto"]
ArithmeticName = Literal["fast", "plain"]
PrealignmentName = Literal["auto", "on", "off"]
"""Whether the camera's motion is taken out of low and high before the networks see them."""


_LARGEST_NETWORK = {"width": 1024, "residual_blocks": 100, "dense_layers": 100}
"""Far above the paper's: a file of weights or settings of a run may not claim what takes hours."""


def _require(condition: bool, message: str, received: object) -> None:
    if not condition:
        raise ValueError(f"{message} Received: {received!r}")


def _require_positive(config: object, *names: str) -> None:
    for name in names:
        value = getattr(config, name)
        _require(value > 0, f"{name} must be greater than 0.", value)


def _require_letters(config: object, *names: str) -> None:
    """Raises for paths that TensorFlow cannot open: no letters of the locale, or patterns."""
    for name in names:
        value = getattr(config, name)
        _require(
            not set("*?[]") & set(str(value)),
            f"TensorFlow reads no checkpoint below a {name} with one of *?[]; name another.",
            str(value),
        )
        unknown = any("\ud800" <= character <= "\udfff" for character in str(value))
        _require(
            not unknown,
            f"TensorFlow opens {name} only by a name of the locale's letters; use a UTF-8 locale,"
            " or name another.",
            str(value),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Size and start of the networks; the defaults are the paper's networks."""

    width: int = 64
    """Channels of the first convolution of every network; the others are multiples of it."""
    residual_blocks: int = 9
    """Residual blocks of an alignment network's trunk."""
    dense_layers: int = 6
    """Growing convolutions of the merging network's residual dense block."""
    initializer: Literal["release", "he"] = "release"
    """Kernels at the start: the release's truncated normal of sigma 0.01, or He's normal."""

    def __post_init__(self) -> None:
        """Checks the values."""
        _require_positive(self, "width", "residual_blocks", "dense_layers")
        _require(self.width % 2 == 0, "width must be even.", self.width)
        for name, most in _LARGEST_NETWORK.items():
            value = getattr(self, name)
            _require(value <= most, f"{name} must be at most {most}.", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """Size, place and order of the patches cut from scenes."""

    patch_size: int = 256
    """Height and width of a patch in pixels, a multiple of 8."""
    stride: int = 64
    """Distance of neighbouring patches in pixels."""
    resample: bool = False
    """Resize each patch to 250 and back as the release does (its weights saw nothing else)."""
    candidates: int = 1
    """Patches drawn for each sample, of which the one that the reference clips most nearly by half
    is taken: where it clips, the other frames are needed. 1: each patch once an epoch (release)."""
    seed: int = 0
    """Seed of the order of samples."""
    cache_bytes: int = 2**31
    """Decoded scenes kept in memory, in bytes (a 1500x1000 scene takes 23 MB)."""
    skip_damaged: bool = False
    """Read all records at the start and train without the damaged ones, which are counted and
    named; otherwise the first damaged one ends the run."""

    def __post_init__(self) -> None:
        """Checks the values."""
        _require_positive(self, "patch_size", "stride", "candidates", "cache_bytes")
        _require(self.patch_size % 8 == 0, "patch_size must be a multiple of 8.", self.patch_size)
        _require(self.seed >= 0, "seed must not be negative.", self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScenesConfig:
    """Settings of lab/make_scenes.py."""

    radiance: tuple[Path, ...] = (paths.DATA_DIR / "radiance",)
    """Folders of radiance maps (.hdr, .exr) to cut scenes from, of any size."""
    photographs: Path | None = None
    """Folder of ordinary photographs (.jpg, .png, .tif): textures of objects, and backgrounds once
    their highlights are expanded; for generator 2."""
    scenes: Path = paths.TRAINING_SCENES
    """Folder the scenes are written to, one folder each, in Kalantari's layout."""
    count: int = 200
    """Number of scenes."""
    height: int = 256
    """Height of a scene in pixels."""
    width: int = 256
    """Width of a scene in pixels."""
    seed: int = 0
    """Seed: the same seed gives the same bytes, whatever `count` and `workers`."""
    static_share: float = 0.1
    """Share of scenes without any motion, in [0, 1]."""
    exposure_steps: tuple[float, ...] = ()
    """Make only brackets of these steps, in stops, equal on both sides (2 3: 0 2 4 and 0 3 6);
    none: a mixture of 1 to 3 stops."""
    gamma_spread: float = 0.0
    """Cameras' gamma varies about 2.2 with this standard deviation of its logarithm (0.05: 2.1 to
    2.3), which the networks are not told."""
    generator: Literal[1, 2] = 2
    """1: scenes as the first weights were trained and tested on; 2: sharper views, finer edges,
    depth and cameras with defects."""
    camera_defects: float = 0.35
    """Share of cameras with JPEG compression, noise of colour, a tone curve that is no gamma or
    exposures that are not as stated, in [0, 1]; for generator 2."""
    workers: int = 2
    """Processes that work side by side."""
    include: tuple[str, ...] = ()
    """Use only maps and photographs whose file name contains one of these; none: all."""
    exclude: tuple[str, ...] = ()
    """Leave out maps and photographs whose file name contains one of these."""

    def __post_init__(self) -> None:
        """Checks the values."""
        _require_positive(self, "count", "height", "width", "workers")
        _require(self.seed >= 0, "seed must not be negative.", self.seed)
        _require(0 <= self.static_share <= 1, "static_share must be in [0, 1].", self.static_share)
        _require(0 <= self.gamma_spread < 1, "gamma_spread must be in [0, 1).", self.gamma_spread)
        _require(
            0 <= self.camera_defects <= 1, "camera_defects must be in [0, 1].", self.camera_defects
        )
        _require(
            self.generator != 1 or self.photographs is None,
            "Generator 1 takes no photographs; leave them out, or choose generator 2.",
            self.photographs,
        )
        for step in self.exposure_steps:
            _require(0 < step <= 4, "exposure_steps must be above 0 and at most 4.", step)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecipeConfig:
    """Settings of lab/make_weights.py."""

    radiance: tuple[Path, ...] = (paths.DATA_DIR / "radiance", paths.DATA_DIR / "radiance_4k")
    """Folders of radiance maps."""
    photographs: Path = paths.DATA_DIR / "photographs"
    """Folder of ordinary photographs."""
    data: Path = paths.DATA_DIR
    """Scenes go to its folder `weights`."""
    run: Path
    """Folder of records, stages and weights."""
    show: bool = False
    """Only print the commands."""
    rehearse: bool = False
    """Run every command on tiny scenes and networks, from the start; use another `run` and
    `data`. The small networks are narrowed ones of a rehearsal before."""
    small: bool = False
    """Train the small networks on the same scenes and records."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordsConfig:
    """Settings of make_tfrecord.py."""

    scenes: Path = paths.TRAINING_SCENES
    """Folder of training scenes, one folder each."""
    run: Path
    """Folder of the run; records go to its `records` folder unless `records` names another."""
    records: str | None = None
    """Folder of the shards, if it is not the run's; a TensorFlow path (gs://...) is allowed."""
    aligned: Path | None = None
    """Results of reconstruction_align2.py for these scenes: pack its aligned frames in place of the
    low and high ones, for training_fusion.py --alignment precomputed."""
    prealign: PrealignmentName = "auto"
    """Take the camera's motion out of the low and the high frame; `auto`: where it measurably
    helps. Aligned frames (`aligned`) are packed as they are."""
    check: Path | None = None
    """Only say what this data set is and what is wrong with it; nothing is written."""
    validation_scenes: int = 4
    """Scenes held out for validation, spread evenly over the sorted names."""
    hold_out: tuple[str, ...] = ()
    """Hold out the scenes whose name contains one of these instead."""
    scenes_per_shard: int = 8
    """Scenes in one shard."""
    workers: int = 2
    """Shards that are written side by side."""

    def __post_init__(self) -> None:
        """Checks the values."""
        _require_letters(self, "run", "records")
        _require_positive(self, "scenes_per_shard", "workers")
        _require(
            self.validation_scenes >= 0,
            "validation_scenes must not be negative.",
            self.validation_scenes,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of one training stage."""

    run: Path
    """Folder of the run: records are read from it, the stage's own folder is made in it."""
    records: str | None = None
    """Folder of the shards, if it is not the run's; a TensorFlow path (gs://...) is allowed."""
    network: NetworkConfig = NetworkConfig()
    """Size and start of the networks."""
    sampling: SamplingConfig = SamplingConfig()
    """Which patches are cut, and in which order."""
    steps: int = 300_000
    """Training ends after this many steps."""
    batch_size: int = 8
    """Patches in a step."""
    optimizer: Literal["adam", "muon"] = "adam"
    """`adam` (release); `muon`: for kernels between features, Adam for the rest. It gets further in
    as many steps, and a step takes a sixth longer."""
    alignment_loss: Literal["square", "mu_law"] = "square"
    """Of an aligned frame: mean square in [-1, 1] (release); `mu_law`: mean absolute difference of
    the radiance it shows, after the mu-law, as of the merged radiance."""
    learning_rate: float = 1e-4
    """The optimiser's rate at the start."""
    schedule: Literal["step", "cosine"] = "step"
    """`step`: divided by 10 at `decay_step` (release); `cosine`: to zero at the last step."""
    hold_steps: int = 0
    """Steps before the rate of `cosine` begins to fall. Until then a run may go on with another
    number of steps."""
    decay_step: int = 200_000
    """Where the `step` schedule divides the rate."""
    warmup_steps: int = 0
    """Steps over which the rate rises linearly from zero."""
    precision: Precision = "float32"
    """Precision of the convolutions; `auto`: bfloat16 where the processor has it."""
    arithmetic: ArithmeticName = "fast"
    """`plain`: compute the networks step by step as the paper describes them; `fast`: the same
    result but for rounding, in less time."""
    seed: int = 0
    """Seed of the weights at the start."""
    clip_norm: float = 0.0
    """Gradients are scaled down to at most this norm, all weights together; 0: off (release)."""
    ema: float = 0.0
    """Decay of a running average of the weights, which validation, later stages, reconstruction
    and export then use; 0: off (release)."""
    frozen_statistics: bool = False
    """Normalise by the moving statistics, as inference does, and leave them as they are: the end of
    a training in small batches, whose own statistics are not those of a picture."""
    deterministic: bool = True
    """The same run gives the same bits, however often it is stopped; False may be faster."""
    strategy: Literal["one", "mirrored", "multi_worker"] = "one"
    """`one` device; `mirrored`: every GPU of this machine; `multi_worker`: the machines that the
    environment variable TF_CONFIG names. They share a step's batch."""
    log_every: int = 1000
    """Steps between lines of the log."""
    validate_every: int = 1000
    """Steps between validations and preview sheets."""
    checkpoint_every: int = 10_000
    """Steps between checkpoints."""
    validation_crop: int = 512
    """Validation scenes are cropped about their centre to at most this many pixels a side, rounded
    down to a multiple of 8."""
    start_weights: Path | None = None
    """Folder of safetensors (export.py --save-weights) to start the weights from. In
    training_fusion.py the alignment stages that the run has outrank it."""
    release_checkpoint: str | None = None
    """Prefix of an authors' TF 1 checkpoint (.../iter_300000) to start the weights from."""
    save_release: str | None = None
    """Prefix to write the networks to at the end, for the authors' TF 1 code: PREFIX_low etc."""

    @property
    def has_alignments(self) -> bool:
        """Whether there are alignment networks."""
        return True

    @property
    def takes_aligned_records(self) -> bool:
        """True if the stage trains on records of aligned frames."""
        return False

    def __post_init__(self) -> None:
        """Checks the values."""
        _require_letters(self, "run", "records", "release_checkpoint", "save_release")
        _require_positive(
            self,
            "steps",
            "batch_size",
            "learning_rate",
            "decay_step",
            "log_every",
            "validate_every",
            "checkpoint_every",
        )
        _require(
            self.validation_crop >= 8,
            "validation_crop must be at least 8 pixels, the networks' multiple.",
            self.validation_crop,
        )
        _require(self.warmup_steps >= 0, "warmup_steps must not be negative.", self.warmup_steps)
        _require(
            0 <= self.hold_steps < self.steps,
            "hold_steps must not be negative, and less than steps.",
            self.hold_steps,
        )
        _require(self.clip_norm >= 0, "clip_norm must not be negative.", self.clip_norm)
        _require(0 <= self.ema < 1, "ema must be in [0, 1).", self.ema)
        _require(self.seed >= 0, "seed must not be negative.", self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FusionConfig(TrainingConfig):
    """Settings of training_fusion.py: the merging network, alone or with both alignments."""

    alignment: Literal["end_to_end", "frozen", "precomputed", "from_scratch", "none"] = "end_to_end"
    """`end_to_end`: train all three networks from the alignment stages' weights; `frozen`: the
    merging network alone; `precomputed`: the same on records of frames that are aligned already
    (make_tfrecord.py --aligned); `from_scratch`: all three, without the alignment stages; `none`:
    no alignment networks, merging gets the frames as they are, for comparison."""
    fixed: tuple[Literal["low", "high"], ...] = ()
    """Alignments that stay as they are while the other networks train, to spare time where one is
    good enough."""
    low_weight: float = 1.0
    """Weight of the low alignment's loss."""
    high_weight: float = 1.0
    """Weight of the high alignment's loss."""
    merging_weight: float = 1.0
    """Weight of the merged radiance's loss."""

    @property
    def has_alignments(self) -> bool:
        """Whether there are alignment networks."""
        return self.alignment != "none"

    @property
    def takes_aligned_records(self) -> bool:
        """True if the stage trains on records of aligned frames."""
        return self.alignment == "precomputed"

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        for name in ("low_weight", "high_weight", "merging_weight"):
            value = getattr(self, name)
            _require(value >= 0, f"{name} must not be negative.", value)


ProtocolName = Literal[
    "full", "release", "release-leak", "crop-1440x960", "hdr-transformer", "ntire"
]

SixteenBits = Literal["8", "16/65535", "16/65536"]
"""What happens to frames of 16 bits: rounded to 8, or divided by one of the two."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeightsConfig:
    """Choice of the networks that reconstruct, and of their arithmetic."""

    run: Path
    """Folder of the run whose newest weights are used; while a preset's own run has none, those
    that come with this code are."""
    weights: Path | None = None
    """Folder of safetensors (export.py --save-weights) to use instead of the run's weights;
    `weights/small` comes with this code, takes about a third of the time and is as good."""
    precision: Precision = "auto"
    """Precision of the convolutions; `auto`: bfloat16 where the processor has it."""
    arithmetic: ArithmeticName = "fast"
    """`plain`: compute the networks step by step as the paper describes them; `fast`: the same
    result but for rounding, in less time."""
    tile: int = 0
    """Height and width of a tile in pixels; 0: from the memory that is free."""
    release_low: str | None = None
    """Prefix of an authors' TF 1 checkpoint of the low alignment, instead of the run's."""
    release_high: str | None = None
    """Prefix of an authors' TF 1 checkpoint of the high alignment, instead of the run's."""
    release_merging: str | None = None
    """Prefix of an authors' TF 1 checkpoint of the merging network, instead of the run's."""

    def __post_init__(self) -> None:
        """Checks the values."""
        _require_letters(self, "run", "release_low", "release_high", "release_merging")
        _require(self.tile >= 0, "tile must not be negative.", self.tile)


ToneName = Literal["fusion", "local", "reinhard", "drago", "mu-law"]
PictureName = Literal["png", "jpg"]
Copies = Literal[1, 2, 4, 8]
"""Mirrored and turned copies of a bracket whose results are averaged; 1: only itself."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReconstructionConfig(WeightsConfig):
    """Settings of reconstruction_align2.py and reconstruction_fusion.py."""

    scenes: tuple[Path, ...] = (paths.TEST_SCENES,)
    """Folder of scenes, or one scene; or the photographs of one bracket, three files or more."""
    results: Path | None = None
    """Folder to write to; the run's `results` folder if not given."""
    protocol: ProtocolName = "full"
    """How frames are prepared and numbers are made; see docs/evaluation.md."""
    sixteen_bits: SixteenBits | None = None
    """What frames of 16 bits are divided by, instead of what the protocol does."""
    exposures: tuple[float, ...] | None = None
    """Photographs' exposures in stops, by file name or, of named files, in their order; if not
    given, from exposure.txt or EXIF."""
    reference: str | None = None
    """File name, or a part that only it has, of the photograph whose moment the result shows; if
    not given, the best exposed."""
    self_ensemble: Copies = 1
    """Average the results of this many mirrored and turned copies: better, as many times slower."""
    prealign: PrealignmentName | None = None
    """Take the camera's motion out of low and high before the networks see them; `auto`: where it
    measurably helps. None: as the weights were trained; photographs `auto`, unless it is `on`."""
    anchor: bool = True
    """Give the result the brightness of the reference, where that is well exposed."""
    tone: ToneName = "fusion"
    """How the pictures of the results are tone-mapped."""
    picture: PictureName = "png"
    """What the tone-mapped pictures are written as."""
    save_release: str | None = None
    """Prefix to write the networks to as well, for the authors' TF 1 code: PREFIX_low etc."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        _require_letters(self, "save_release")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportConfig(WeightsConfig):
    """Settings of export.py."""

    precision: Precision = "float32"
    """Arithmetic of the convolutions in the export."""
    output: Path | None = None
    """Folder of the SavedModel to write; if not given, `esbn` in the run."""
    save_weights: Path | None = None
    """Folder to write only the weights to, as float16 safetensors with checksums."""
    onnx: bool = False
    """Write ONNX beside it as well, with the ending .onnx; needs requirements-extras.txt."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        _require_letters(self, "output")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NarrowingConfig(WeightsConfig):
    """Settings of lab/narrow_weights.py."""

    precision: Precision = "float32"
    """Arithmetic of the convolutions that the new weights are fitted to."""
    width: int = 24
    """Channels of the first convolution of the new networks, fewer than the trained ones have."""
    records: str | None = None
    """Folder of the shards, if it is not the run's; a TensorFlow path (gs://...) is allowed."""
    sampling: SamplingConfig = SamplingConfig(patch_size=128, stride=32)
    """Which training patches the new weights are fitted to."""
    patches: int = 24
    """Number of them."""
    save_weights: Path | None = None
    """Folder to write the new weights to, as float16 safetensors with checksums; if not given,
    `narrowed` in the run."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        _require_letters(self, "records")
        _require_positive(self, "patches")
        NetworkConfig(width=self.width)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationConfig(WeightsConfig):
    """Settings of evaluate.py."""

    scenes: Path = paths.TEST_SCENES
    """Folder of scenes with truth, or one scene."""
    results: Path | None = None
    """Folder to write to; if not given, `evaluation` in the run or in the predictions' folder."""
    protocol: tuple[ProtocolName, ...] = ("full",)
    """Protocols to score under, one or more; see docs/evaluation.md."""
    sixteen_bits: SixteenBits | None = None
    """What frames of 16 bits are divided by, instead of what the protocols do."""
    predictions: Path | None = None
    """Score this folder of .hdr or .exr, made by any method, instead of the run's networks."""
    prealign: PrealignmentName | None = None
    """Take the camera's motion out of low and high before networks and baselines see them; None: as
    the weights were trained. With predictions: say so of them (None: `off`)."""
    anchor: bool = True
    """Give the networks' results the brightness of the reference, where that is well exposed."""
    against: Path | None = None
    """Second folder of .hdr or .exr: compare scene by scene with it."""
    baselines: bool = False
    """Also score what one gets without networks: the reference frame alone, and OpenCV's AlignMTB
    with MergeDebevec and with MergeRobertson."""
    self_ensemble: Copies = 1
    """Also score the mean result of this many mirrored and turned copies of each scene."""
    method: str = "ours"
    """Name of the method in tables and plots."""
    display_peak: float = 1000.0
    """Luminance in cd/m2 of radiance 1 on the display that PU21 and ColorVideoVDP assume."""
    display_black: float = 0.005
    """Luminance in cd/m2 of radiance 0."""
    cvvdp: bool = False
    """Also measure ColorVideoVDP; needs the package `cvvdp`, which needs PyTorch."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        _require(len(self.protocol) > 0, "protocol must name one or more.", self.protocol)
        _require(
            self.predictions is None or self.self_ensemble == 1,
            "self_ensemble needs networks, not predictions.",
            self.self_ensemble,
        )
        _require(
            0.005 <= self.display_black < self.display_peak <= 10_000,
            "PU21 holds from 0.005 to 10,000 cd/m2, black below peak.",
            (self.display_black, self.display_peak),
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class BenchmarkConfig:
    """Settings of lab/benchmark.py."""

    quick: bool = False
    """Smaller pictures and batches, fewer turns, no 24-megapixel picture: two minutes in all."""
    json: Path | None = None
    """File to write the figures to as well."""
    trade_off: Path | None = None
    """Folder of scenes with ground truth: quality against time of `weights` on them, alone and
    with self-ensembles, instead of all else."""
    weights: tuple[Path, ...] = (paths.WEIGHTS_DIR,)
    """Folders of weights to compare in `trade_off`."""
    plot: Path = Path("trade_off.png")
    """Where `trade_off` draws them."""
