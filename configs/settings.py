"""Settings of the scripts: frozen dataclasses that check their values.

Each field is a command-line flag of the scripts that use the class (utils/command.py); the text
below a field is its `--help`. A value that is not set is None, a list that is not set is empty.
"""

import dataclasses
import os
from pathlib import Path
from typing import Literal

from configs import paths

Precision = Literal["float32", "bfloat16", "auto"]
ArithmeticName = Literal["fast", "plain"]
PrealignmentName = Literal["auto", "on", "off"]
"""Removal of camera motion from low and high: where it measurably helps, always, or never."""

_LARGEST_NETWORK = {"width": 1024, "residual_blocks": 100, "dense_layers": 100}
"""A small file could request a huge network; these are far above the paper's."""


def require(condition: bool, message: str, received: object) -> None:
    """Raises ValueError with the message and the received value unless the condition holds."""
    if not condition:
        raise ValueError(f"{message} Received: {received!r}")


def require_positive(config: object, *names: str) -> None:
    """Raises ValueError unless these fields are greater than 0."""
    for name in names:
        value = getattr(config, name)
        require(value > 0, f"{name} must be greater than 0.", value)


def require_letters(config: object, *names: str) -> None:
    """Raises ValueError if TensorFlow cannot open a path: it is a pattern or not UTF-8."""
    for name in names:
        value = str(getattr(config, name))
        require(
            not (set("*?[]\\") - {os.sep}) & set(value),
            f"TensorFlow reads no {name} with one of *?[]\\; use another name.",
            value,
        )
        require(
            not any("\ud800" <= character <= "\udfff" for character in value),
            f"TensorFlow opens {name} only by a UTF-8 name; use a UTF-8 locale or another name.",
            value,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Size and initialisation of the networks; the defaults are the paper's."""

    width: int = 64
    """Channels of each network's first convolution; the other layers have multiples of this."""
    residual_blocks: int = 9
    """Residual blocks of each alignment network."""
    dense_layers: int = 6
    """Convolutions in the merging network's residual dense block."""
    initializer: Literal["release", "he"] = "release"
    """Initial kernels: truncated normal of sigma 0.01 (released code) or He normal."""

    def __post_init__(self) -> None:
        """Checks the values."""
        require_positive(self, "width", "residual_blocks", "dense_layers")
        require(self.width % 2 == 0, "width must be even.", self.width)
        for name, most in _LARGEST_NETWORK.items():
            value = getattr(self, name)
            require(value <= most, f"{name} must be at most {most}.", value)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplingConfig:
    """Size, position and order of training patches."""

    patch_size: int = 256
    """Height and width of a patch in pixels, a multiple of 8."""
    stride: int = 64
    """Distance between neighbouring patches in pixels."""
    resample: bool = False
    """Resize each patch to 250 pixels and back, as the released code does."""
    candidates: int = 1
    """Patches drawn per sample; the one whose reference is nearest to half clipped is used, since
    clipped areas need the other frames. 1: each patch once per epoch (released code)."""
    seed: int = 0
    """Seed of the order of samples."""
    cache_bytes: int = 2**31
    """Cache of decoded scenes in bytes (a scene of 1500x1000 takes 23 MB)."""
    skip_damaged: bool = False
    """Check all records first, list the damaged ones and train without them; otherwise the first
    damaged record ends the run."""

    def __post_init__(self) -> None:
        """Checks the values."""
        require_positive(self, "patch_size", "stride", "candidates", "cache_bytes")
        require(self.patch_size % 8 == 0, "patch_size must be a multiple of 8.", self.patch_size)
        require(self.seed >= 0, "seed must not be negative.", self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordsConfig:
    """Settings of make_tfrecord.py."""

    scenes: Path = paths.TRAINING_SCENES
    """Folder of training scenes, one folder each."""
    run: Path
    """Folder of the run; records are written to its folder `records`."""
    records: str | None = None
    """Folder of the records instead; a TensorFlow path (gs://...) is allowed."""
    aligned: Path | None = None
    """Results of reconstruction_align2.py for these scenes: pack its aligned frames instead of low
    and high, for training_fusion.py --alignment precomputed."""
    prealign: PrealignmentName = "auto"
    """Take camera motion out of low and high; `auto`: where it measurably helps. Aligned frames
    (`aligned`) are packed unchanged."""
    check: Path | None = None
    """Only report the layout and the faults of this data set; write nothing."""
    validation_scenes: int = 4
    """Scenes held out for validation, spread evenly over the sorted names."""
    hold_out: tuple[str, ...] = ()
    """Hold out the scenes whose name contains one of these instead."""
    scenes_per_shard: int = 8
    """Scenes per shard."""
    workers: int = 2
    """Shards written in parallel."""

    def __post_init__(self) -> None:
        """Checks the values."""
        require_letters(self, "run", "records")
        require_positive(self, "scenes_per_shard", "workers")
        require(
            self.validation_scenes >= 0,
            "validation_scenes must not be negative.",
            self.validation_scenes,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """Settings of one training stage."""

    run: Path
    """Folder of the run, with its records; the stage's folder is written there."""
    records: str | None = None
    """Folder of the records instead; a TensorFlow path (gs://...) is allowed."""
    network: NetworkConfig = NetworkConfig()
    """Size and initialisation of the networks."""
    sampling: SamplingConfig = SamplingConfig()
    """Training patches and their order."""
    steps: int = 300_000
    """Number of steps."""
    batch_size: int = 8
    """Patches per step."""
    optimizer: Literal["adam", "muon"] = "adam"
    """`adam` (released code); `muon`: Muon for the kernels between features, Adam for the rest;
    better after the same number of steps, each a sixth slower."""
    alignment_loss: Literal["square", "mu_law"] = "square"
    """Loss of an aligned frame: mean square in [-1, 1] (released code); `mu_law`: mean absolute
    difference of its radiance after the mu-law."""
    learning_rate: float = 1e-4
    """Initial learning rate."""
    schedule: Literal["step", "cosine"] = "step"
    """`step`: divided by 10 at `decay_step` (released code); `cosine`: to zero at the last step."""
    hold_steps: int = 0
    """Steps before a `cosine` rate falls; until then a run may resume with another `steps`."""
    decay_step: int = 200_000
    """Step at which the `step` schedule divides the rate."""
    warmup_steps: int = 0
    """Steps over which the rate rises linearly from zero."""
    precision: Precision = "float32"
    """Number format of the convolutions; `auto`: bfloat16 if the hardware supports it."""
    arithmetic: ArithmeticName = "fast"
    """`plain`: the networks step by step, as in the paper; `fast`: the same result up to rounding,
    in less time."""
    seed: int = 0
    """Seed of the initial weights."""
    clip_norm: float = 0.0
    """Largest norm of the gradient of all weights; 0: no clipping (released code)."""
    ema: float = 0.0
    """Decay of a running average of the weights, used by validation, later stages, reconstruction
    and export; 0: none (released code)."""
    frozen_statistics: bool = False
    """Normalise by the moving statistics without updating them, as inference does; for the end of a
    training in small batches."""
    deterministic: bool = True
    """Same settings, same bits, also after a resume; off may be faster."""
    strategy: Literal["one", "mirrored", "multi_worker"] = "one"
    """`one` device; `mirrored`: all GPUs of this machine; `multi_worker`: the machines in the
    environment variable TF_CONFIG. They share each batch."""
    log_every: int = 1000
    """Steps between log lines."""
    validate_every: int = 1000
    """Steps between validations and preview sheets."""
    checkpoint_every: int = 10_000
    """Steps between checkpoints."""
    validation_crop: int = 512
    """Validation scenes are cropped about their centre to at most this many pixels a side, rounded
    down to a multiple of 8."""
    start_weights: Path | None = None
    """Folder of weights (export.py --save-weights) to start from. In training_fusion.py, alignment
    stages of the run take precedence."""
    release_checkpoint: str | None = None
    """Prefix of an authors' TF 1 checkpoint (.../iter_300000) to start from."""
    save_release: str | None = None
    """Prefix of TF 1 checkpoints to write at the end, for the authors' code: PREFIX_low etc."""

    @property
    def has_alignments(self) -> bool:
        """True if the stage has alignment networks."""
        return True

    @property
    def takes_aligned_records(self) -> bool:
        """True if the stage trains on records of aligned frames."""
        return False

    def __post_init__(self) -> None:
        """Checks the values."""
        require_letters(self, "run", "records", "release_checkpoint", "save_release")
        require_positive(self, "steps", "batch_size", "learning_rate", "decay_step")
        require_positive(self, "log_every", "validate_every", "checkpoint_every")
        require(
            self.validation_crop >= 8,
            "validation_crop must be at least 8 pixels.",
            self.validation_crop,
        )
        require(self.warmup_steps >= 0, "warmup_steps must not be negative.", self.warmup_steps)
        require(
            0 <= self.hold_steps < self.steps,
            "hold_steps must not be negative, and less than steps.",
            self.hold_steps,
        )
        require(self.clip_norm >= 0, "clip_norm must not be negative.", self.clip_norm)
        require(0 <= self.ema < 1, "ema must be in [0, 1).", self.ema)
        require(self.seed >= 0, "seed must not be negative.", self.seed)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FusionConfig(TrainingConfig):
    """Settings of training_fusion.py: the merging network, alone or with both alignments."""

    alignment: Literal["end_to_end", "frozen", "precomputed", "from_scratch", "none"] = "end_to_end"
    """`end_to_end`: all three networks, from the alignment stages' weights (the paper's last stage,
    commented out in the released code); `frozen`: the merging network alone (the released code);
    `precomputed`: the same on records of aligned frames (make_tfrecord.py --aligned);
    `from_scratch`: all three, without alignment stages; `none`: merging without alignment networks,
    for comparison."""
    fixed: tuple[Literal["low", "high"], ...] = ()
    """Alignment networks that are not trained, to save time."""
    low_weight: float = 1.0
    """Weight of the low alignment's loss."""
    high_weight: float = 1.0
    """Weight of the high alignment's loss."""
    merging_weight: float = 1.0
    """Weight of the merging loss."""

    @property
    def has_alignments(self) -> bool:
        """True if the stage has alignment networks."""
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
            require(value >= 0, f"{name} must not be negative.", value)


ProtocolName = Literal[
    "full", "release", "release-leak", "crop-1440x960", "hdr-transformer", "ntire"
]
SixteenBits = Literal["8", "16/65535", "16/65536"]
"""Scaling of 16-bit frames: rounded to 8 bits, or divided by 65535 or 65536."""
VdpEncoding = Literal["rgb-bt.709", "sRGB-display"]
VdpDisplay = Literal["led-lcd", "ccfl-lcd", "crt"]
ToneName = Literal["fusion", "reinhard", "mu-law"]
PictureName = Literal["png", "jpg", "tif"]
Copies = Literal[1, 2, 4, 8]
"""Mirrored and rotated copies of a bracket whose results are averaged; 1: only itself."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class WeightsConfig:
    """Weights of the networks, and how they run."""

    run: Path | None = None
    """Folder of a run: use its newest weights and write results below it. If not given, the weights
    `weights/esbn-24` of this code are used."""
    weights: Path | None = None
    """Folder of weights to use instead: `weights/esbn-64` or one of export.py --save-weights."""
    precision: Precision = "auto"
    """Number format of the convolutions; `auto`: bfloat16 if the hardware supports it."""
    arithmetic: ArithmeticName = "fast"
    """`plain`: the networks step by step, as in the paper; `fast`: the same result up to rounding,
    in less time."""
    tile: int = 0
    """Height and width of a tile in pixels; 0: from the free memory."""
    release_low: str | None = None
    """Prefix of an authors' TF 1 checkpoint for the low alignment network."""
    release_high: str | None = None
    """Prefix of an authors' TF 1 checkpoint for the high alignment network."""
    release_merging: str | None = None
    """Prefix of an authors' TF 1 checkpoint for the merging network."""

    def __post_init__(self) -> None:
        """Checks the values."""
        require_letters(self, "run", "release_low", "release_high", "release_merging")
        require(self.tile >= 0, "tile must not be negative.", self.tile)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SharedConfig(WeightsConfig):
    """Scenes that several processes may share, as jobs of an array."""

    shard: str | None = None
    """`2/4`: only every fourth scene by name, from the second on. All shards may run at once, with
    one results folder; `--report` then writes the tables and the report of all."""
    report: bool = False
    """Only join what all shards have done to the tables and the report."""

    @property
    def part(self) -> slice:
        """Places of this shard's scenes among all, sorted by name."""
        number, _, count = (self.shard or "1/1").partition("/")
        return slice(int(number) - 1, None, int(count))

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        number, _, count = (self.shard or "1/1").partition("/")
        require(
            number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count),
            "shard must be I/N, as 1/4 to 4/4.",
            self.shard,
        )
        require(not (self.shard and self.report), "report joins all shards.", self.shard)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReconstructionConfig(SharedConfig):
    """Settings of reconstruction_align2.py and reconstruction_fusion.py."""

    scenes: tuple[Path, ...] = (paths.TEST_SCENES,)
    """Folder of scenes, one scene, or the three or more photographs of one bracket."""
    results: Path | None = None
    """Folder to write to; if not given, `results` in the run or in the current folder."""
    protocol: ProtocolName = "full"
    """Preparation of the frames and scoring of the results; see docs/evaluate.md."""
    sixteen_bits: SixteenBits | None = None
    """Scaling of 16-bit frames; if not given, the protocol's."""
    exposures: tuple[float, ...] | None = None
    """Exposures of the photographs in stops, in the order of the files; if not given, from
    exposure.txt or EXIF."""
    reference: str | None = None
    """File name, or a unique part of it, of the photograph to take the structure from; if not
    given, one of the middle that has lost little."""
    self_ensemble: Copies = 1
    """Average the results of this many mirrored and rotated copies: better, and slower."""
    list: bool = False
    """Only list the brackets that were found, with files, stops and size."""
    prealign: PrealignmentName = "auto"
    """Take camera motion out of low and high; `auto`: where it measurably helps."""
    agreement: bool = True
    """Take the frames' own pixels where they agree, instead of the networks'."""
    tone: ToneName = "fusion"
    """Tone mapping of the pictures."""
    picture: PictureName = "png"
    """File format of the tone-mapped pictures; `tif`: 16 bits, for editors."""
    exposure_of: str | None = None
    """Name of the scene, as --list shows it, whose brightness all results have, as the brackets of
    a panorama should; needs EXIF. If not given, each result has its own."""
    save_release: str | None = None
    """Prefix of TF 1 checkpoints to write too, for the authors' code: PREFIX_low etc."""
    baselines: bool = False
    """In reconstruction_align2.py, of scenes with a ground truth: compare with low and high as they
    are and aligned by AlignMTB, a homography or optical flow, also once they are merged."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        require_letters(self, "save_release")
        require(
            not (self.shard and self.exposure_of),
            "exposure_of needs one run without shards.",
            self.shard,
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportConfig(WeightsConfig):
    """Settings of export.py."""

    precision: Precision = "float32"
    """Number format of the convolutions in the export."""
    output: Path | None = None
    """Folder of the SavedModel; if not given, named after the weights, in the run or `exports`."""
    save_weights: Path | None = None
    """Folder to write only the weights to, like `weights/esbn-24`."""
    onnx: bool = False
    """Write an .onnx file beside it too; needs requirements/formats.txt."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        require_letters(self, "output")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EvaluationConfig(SharedConfig):
    """Settings of evaluate.py."""

    scenes: Path = paths.TEST_SCENES
    """Folder of scenes with ground truth, or one scene."""
    results: Path | None = None
    """Folder to write to; if not given, `evaluation` in the run, in the predictions' folder or in
    the current folder."""
    protocol: tuple[ProtocolName, ...] = ("full",)
    """Protocols to score under; see docs/evaluate.md."""
    sixteen_bits: SixteenBits | None = None
    """Scaling of 16-bit frames; if not given, each protocol's."""
    predictions: Path | None = None
    """Score this folder of .hdr or .exr files, of any method, instead of the networks."""
    prealign: PrealignmentName = "auto"
    """Take camera motion out of low and high; `auto`: where it measurably helps."""
    agreement: bool = True
    """Take the frames' own pixels where they agree, instead of the networks'."""
    against: Path | None = None
    """Second folder of .hdr or .exr files to compare with, scene by scene."""
    baselines: bool = False
    """Also score the reference frame alone, OpenCV's AlignMTB with MergeDebevec and MergeRobertson
    and, with networks, their merging of low and high as they are and aligned by AlignMTB, a
    homography or optical flow."""
    self_ensemble: Copies = 1
    """Also score the mean result of this many mirrored and rotated copies of each scene."""
    method: str = "ours"
    """Name of the method in tables and plots."""
    display_peak: float = 1000.0
    """Luminance in cd/m2 of radiance 1 on the display of PU21 and ColorVideoVDP."""
    display_black: float = 0.005
    """Luminance in cd/m2 of radiance 0."""
    cvvdp: bool = False
    """Also measure ColorVideoVDP; needs the package `cvvdp` and PyTorch."""
    hdr_vdp_2: Path | None = None
    """Folder of the authors' hdrvdp-2.2.x: also measure HDR-VDP-2; needs GNU Octave."""
    vdp_encoding: VdpEncoding = "rgb-bt.709"
    """Color encoding of HDR-VDP-2: radiance times `vdp_peak`, or radiance unchanged as an sRGB
    picture, as several papers do."""
    vdp_peak: float = 1000.0
    """Luminance in cd/m2 of radiance 1 for HDR-VDP-2 with `rgb-bt.709`."""
    vdp_pixels_per_degree: float = 30.0
    """Pixels per degree of HDR-VDP-2."""
    vdp_display: VdpDisplay = "led-lcd"
    """Emission spectra of HDR-VDP-2."""
    vdp_seconds: float = 600.0
    """Time limit of a scene for HDR-VDP-2."""

    def __post_init__(self) -> None:
        """Checks the values."""
        super().__post_init__()
        require_positive(self, "vdp_peak", "vdp_pixels_per_degree", "vdp_seconds")
        require(len(self.protocol) > 0, "protocol must name at least one.", self.protocol)
        require(
            self.predictions is None or self.self_ensemble == 1,
            "self_ensemble needs networks, not predictions.",
            self.self_ensemble,
        )
        require(
            0.005 <= self.display_black < self.display_peak <= 10_000,
            "PU21 holds from 0.005 to 10,000 cd/m2, black below peak.",
            (self.display_black, self.display_peak),
        )
