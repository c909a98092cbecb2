"""From a bracket to an HDR image: two alignments, then merging.

The ground truth is used only by the protocol `release-leak`.
"""

import dataclasses

import numpy as np

from configs.settings import WeightsConfig
from models import release_checkpoint
from models.fast.compiled import CompiledAlignment, CompiledNetwork, compile_networks
from utils.evaluation.protocols import Protocol
from utils.inference.tiled_networks import Frame, Network, run_alignment, run_merging
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME
from utils.runs.networks import load_networks
from utils.scenes.scene import Scene


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks:
    """The three networks; inputs and outputs are float32 in the network range [-1, 1].

    Networks of models/fast/compiled.py run in tiles on large pictures; other functions get the
    whole picture.
    """

    low: CompiledAlignment | Network
    """Source and reference, `(1, H, W, 6)`, to the aligned low frame `(1, H, W, 3)`."""
    high: CompiledAlignment | Network
    """Source and reference, `(1, H, W, 6)`, to the aligned high frame `(1, H, W, 3)`."""
    merging: CompiledNetwork | Network | None = None
    """Low, mid and high, `(1, H, W, 6)`, to radiance `(1, H, W, 3)`; None until it is trained."""
    tile: int = 0
    """Height and width of a tile in pixels; 0: from the memory that is free."""

    @property
    def trained_merging(self) -> CompiledNetwork | Network:
        """The merging network.

        Raises:
            ValueError: It is not trained yet.
        """
        if self.merging is None:
            raise ValueError("The merging network is not trained yet. Received: merging=None")
        return self.merging


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Result of the networks for one scene."""

    aligned: np.ndarray
    """`(2, H, W, 3)` float32 LDR in [0, 1]: low and high with the reference's structure."""
    hdr: np.ndarray
    """`(H, W, 3)` float32 radiance in [0, 1]."""


def open_networks(
    config: WeightsConfig, save_release: str | None = None, *, merging: bool = True
) -> Networks:
    """The networks of a run, compiled for inference; see `load_networks`.

    Args:
        config: Run or weights, precision and tile size.
        save_release: Prefix to write the networks to as well, for the authors' TF 1 code.
        merging: Whether the merging network must be trained.
    """
    models = load_networks(config, merging=merging)
    release_checkpoint.save_all(models, save_release)
    return Networks(**compile_networks(models), tile=config.tile)


def reconstruct_picture(networks: Networks, scene: Scene, protocol: Protocol) -> Reconstruction:
    """Aligns and merges one scene.

    Args:
        networks: The three networks.
        scene: A scene of any size, from `protocol.prepare`.
        protocol: Whether frames pass through 8 bits, and the release's leak.

    Returns:
        Aligned frames, as merging received them, and the HDR image.

    Raises:
        ValueError: The merging network is not trained yet.
    """
    merging = networks.trained_merging
    aligned = align_picture(networks, scene, protocol)
    hdr = merge_picture(merging, scene, aligned, protocol, tile=networks.tile)
    return Reconstruction(aligned=aligned, hdr=hdr)


def align_picture(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """Synthesises the low and the high exposure with the reference's structure.

    Args:
        networks: The networks; merging is not used.
        scene: A scene of any size, from `protocol.prepare`.
        protocol: Whether frames pass through 8 bits, and the release's leak.

    Returns:
        `(2, H, W, 3)` float32 LDR in [0, 1], low and high.
    """
    height, width = scene.ldr.shape[1:3]
    low, mid, high = (
        Frame(ldr=ldr, exposure_time=time, eight_bit=protocol.eight_bit)
        for ldr, time in zip(scene.ldr, scene.exposure_times, strict=True)
    )
    leak = protocol.leaked_reference(scene)
    leaked = mid if leak is None else dataclasses.replace(mid, shown=leak)
    aligned = np.empty((2, height, width, 3), np.float32)
    for result, side, network, source, reference in (
        (aligned[0], LOW, networks.low, low, mid),
        (aligned[1], HIGH, networks.high, high, leaked),
    ):
        picture = run_alignment(network, source, reference, tile=networks.tile, side=side)
        result[...] = protocol.quantise_aligned(picture[:height, :width])
    return aligned


def merge_picture(
    merging: CompiledNetwork | Network,
    scene: Scene,
    aligned: np.ndarray,
    protocol: Protocol,
    *,
    tile: int = 0,
) -> np.ndarray:
    """Merges the aligned frames and the reference.

    Args:
        merging: The merging network.
        scene: The scene that was aligned.
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high, from `align_picture`.
        protocol: Whether the reference passes through 8 bits.
        tile: See `Networks`.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """
    reference = scene.ldr[MID_FRAME]
    frames = [
        Frame(ldr=ldr, exposure_time=time, eight_bit=protocol.eight_bit and ldr is reference)
        for ldr, time in zip((aligned[0], reference, aligned[1]), scene.exposure_times, strict=True)
    ]
    return run_merging(merging, frames, tile=tile)
