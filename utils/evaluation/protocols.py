"""Evaluation protocols: how frames are prepared and quantised, and how results are scored.

Scores of different protocols are not comparable, so tables name the protocol in every row.
docs/evaluate.md compares the protocols.
"""

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

from configs.settings import ProtocolName, SixteenBits
from utils.evaluation.psnr_ssim import Metrics
from utils.evaluation.scores import score_full, score_ntire, score_release
from utils.radiometry.bracket import MID_FRAME
from utils.radiometry.levels import ldr_to_float, quantise_8bit, to_8bit, truncate_8bit
from utils.radiometry.radiance import hdr_to_ldr
from utils.scenes.scene import Scene, SceneError

_RELEASE_SIZE = (1344, 896)  # width, height
_CROP_SIZE = (1440, 960)  # width, height


@dataclasses.dataclass(frozen=True, kw_only=True)
class Protocol:
    """One way to evaluate."""

    name: ProtocolName
    """Its name on the command line."""
    arrange: Callable[[Scene], Scene]
    """Size of frames and truth; raises SceneError if they do not fit."""
    score: Callable[[np.ndarray, np.ndarray], Metrics]
    """Result and truth, `(H, W, 3)` radiance, to scores."""
    sixteen_bits: SixteenBits = "16/65535"
    """Scaling of 16-bit frames; 8-bit frames are divided by 255."""
    tile: int = 0
    """Height and width of tiles that are reconstructed separately; 0: the whole picture."""
    eight_bit: bool = False
    """Frames are truncated and aligned frames rounded to 8 bits."""
    leak: bool = False
    """The high alignment network receives the ground truth, as in the release."""

    @property
    def title(self) -> str:
        """Name for tables, with a warning if the protocol leaks."""
        own = PROTOCOLS[self.name].sixteen_bits
        bits = "" if self.sixteen_bits == own else f", input {self.sixteen_bits}"
        leak = " (LEAKS GROUND TRUTH)" if self.leak else ""
        return f"{self.name}{bits}{leak}"

    @property
    def inputs(self) -> tuple[object, ...]:
        """Settings that change a result; protocols equal in these share results."""
        return (self.arrange, self.sixteen_bits, self.tile, self.eight_bit, self.leak)

    def prepare(self, scene: Scene) -> Scene:
        """The scene with frames and truth scaled, resized or cropped.

        Raises:
            SceneError: The scene does not fit the protocol.
        """
        return self.arrange(_quantise(scene, self.sixteen_bits))

    def quantise_frames(self, ldr: np.ndarray) -> np.ndarray:
        """LDR values in [0, 1] for the networks; the release truncates to 8 bits."""
        return ldr_to_float(truncate_8bit(ldr)) if self.eight_bit else ldr

    def quantise_aligned(self, ldr: np.ndarray) -> np.ndarray:
        """Aligned frames in [0, 1] for merging; the release rounds, by OpenCV's PNG."""
        return quantise_8bit(ldr) if self.eight_bit else ldr

    def leaked_reference(self, scene: Scene) -> np.ndarray | None:
        """`(H, W, 3)` LDR that replaces the high alignment's reference; None without a leak."""
        if not self.leak or scene.hdr is None:
            return None
        return self.quantise_frames(hdr_to_ldr(scene.hdr, scene.exposure_times[MID_FRAME]))


def _quantise(scene: Scene, sixteen_bits: SixteenBits) -> Scene:
    if scene.ldr.dtype == np.uint8 or sixteen_bits == "16/65535":
        return scene
    if sixteen_bits == "8":
        return dataclasses.replace(scene, ldr=to_8bit(scene.ldr))
    return dataclasses.replace(scene, ldr=ldr_to_float(scene.ldr, 65536))


def _as_it_is(scene: Scene) -> Scene:
    return scene


def _resize(scene: Scene) -> Scene:
    frames = ldr_to_float(scene.ldr)
    return dataclasses.replace(
        scene,
        ldr=np.stack([cv2.resize(frame, _RELEASE_SIZE) for frame in frames]),
        hdr=None if scene.hdr is None else cv2.resize(scene.hdr, _RELEASE_SIZE),
        gaps=(None, None),
        others=(),
    )


def _crop(scene: Scene) -> Scene:
    height, width = scene.ldr.shape[1:3]
    top, left = (height - _CROP_SIZE[1]) // 2, (width - _CROP_SIZE[0]) // 2
    if top < 0 or left < 0:
        raise SceneError(
            f"Scene {scene.name}: protocol crop-1440x960 needs 1440x960 pixels or more."
            f" Received: {width}x{height}"
        )
    rows, columns = slice(top, top + _CROP_SIZE[1]), slice(left, left + _CROP_SIZE[0])
    low_gaps, high_gaps = (None if gaps is None else gaps[rows, columns] for gaps in scene.gaps)
    return dataclasses.replace(
        scene,
        ldr=scene.ldr[:, rows, columns],
        hdr=None if scene.hdr is None else scene.hdr[rows, columns],
        gaps=(low_gaps, high_gaps),
        others=(),
    )


# Native size and 16 bits, aligned frames in float. Scores as in SAFNet, AFUNet and the
# HDR-Transformer family: PSNR unclipped with peak 1, SSIM with an 11x11 Gaussian window.
_FULL = Protocol(name="full", arrange=_as_it_is, score=score_full)

# The release's test without its leak: frames of 8 bits, resized bilinearly. The networks get LDR
# values truncated to 8 bits, but alignment gets radiance linearised before the truncation.
_RELEASE = Protocol(
    name="release", arrange=_resize, score=score_release, sixteen_bits="8", eight_bit=True
)

PROTOCOLS: dict[ProtocolName, Protocol] = {
    protocol.name: protocol
    for protocol in (
        _FULL,
        _RELEASE,
        # Reproduces the release's scores; never a valid result.
        dataclasses.replace(_RELEASE, name="release-leak", leak=True),
        Protocol(name="crop-1440x960", arrange=_crop, score=score_full),  # DeepHDR, HDR-GAN
        # The HDR-Transformer repository's test. Tiles do not overlap; frames are padded with ones
        # below and to the right. Motion across tiles is not seen.
        dataclasses.replace(_FULL, name="hdr-transformer", tile=256),
        dataclasses.replace(_FULL, name="ntire", score=score_ntire),  # challenges of 2021 and 2022
    )
}


def configured(name: ProtocolName, sixteen_bits: SixteenBits | None) -> Protocol:
    """The protocol of a name, with another scaling of 16-bit frames if one is given."""
    if sixteen_bits is None:
        return PROTOCOLS[name]
    return dataclasses.replace(PROTOCOLS[name], sixteen_bits=sixteen_bits)
