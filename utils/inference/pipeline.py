"""Runs two alignments, then merging: from a bracket to an HDR image.

No output depends on a ground truth: only a protocol whose title says that it leaks hands one in.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from configs.settings import WeightsConfig
from models import release_checkpoint
from models.fast.compiled import CompiledAlignment, CompiledMerging, compile_networks
from utils.evaluation.protocols import Protocol
from utils.inference import tiled_networks
from utils.inference.tiled_networks import Network, Output, Window
from utils.radiometry.bracket import HIGH, LOW, MID_FRAME, SOURCE_FRAME
from utils.radiometry.levels import (
    SIZE_MULTIPLE,
    join_picture_input,
    ldr_to_float,
    levels_to_hdr,
    picture_input,
)
from utils.runs.networks import load_networks
from utils.scenes.scene import Scene


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks:
    """The three networks; what they take and give is float32 in the network range [-1, 1].

    Those of models/fast/compiled.py work tile by tile where a picture is large; a function that is
    not one of them gets the whole picture.
    """

    low: CompiledAlignment | Network
    """Source and reference, `(1, H, W, 6)`, to the aligned low frame `(1, H, W, 3)`."""
    high: CompiledAlignment | Network
    """Source and reference, `(1, H, W, 6)`, to the aligned high frame `(1, H, W, 3)`."""
    merging: CompiledMerging | Network | None = None
    """Low, mid and high, `(1, H, W, 6)`, to radiance `(1, H, W, 3)`; None until it is trained."""
    tile: int = 0
    """Height and width of a tile in pixels; 0: from the memory that is free."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Result of the networks for one scene."""

    aligned: np.ndarray
    """`(2, H, W, 3)` float32 LDR in [0, 1]: low and high with the reference's structure."""
    hdr: np.ndarray
    """`(H, W, 3)` float32 radiance in [0, 1]."""


def open_networks(config: WeightsConfig, save_release: str | None = None) -> Networks:
    """The networks of a run, ready for inference; see `load_networks`.

    Args:
        config: Names the run, and says how its networks are run.
        save_release: Prefix to write them to as well, for the authors' TF 1 code.
    """
    models = load_networks(config)
    release_checkpoint.save_all(models, save_release)
    return Networks(**compile_networks(models), tile=config.tile)


def reconstruct_picture(networks: Networks, scene: Scene, protocol: Protocol) -> Reconstruction:
    """Aligns and merges one scene.

    Args:
        networks: The three networks.
        scene: A scene of any size, as `protocol.prepare` gives it.
        protocol: Says what passes through 8 bits.

    Returns:
        Aligned frames, as merging got them, and the HDR image.

    Raises:
        ValueError: There is no merging network.
    """
    if networks.merging is None:
        raise ValueError("The merging network is not trained yet. Received: merging=None")
    aligned = align_picture(networks, scene, protocol)
    hdr = merge_picture(networks.merging, scene, aligned, protocol, tile=networks.tile)
    return Reconstruction(aligned=aligned, hdr=hdr)


def align_picture(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """Synthesises the low and the high exposure with the reference's structure.

    Args:
        networks: The networks; merging is not used.
        scene: A scene of any size, as `protocol.prepare` gives it.
        protocol: Says what passes through 8 bits.

    Returns:
        `(2, H, W, 3)` float32 LDR in [0, 1], low and high.
    """
    height, width = scene.ldr.shape[1:3]
    size = (height + -height % SIZE_MULTIPLE, width + -width % SIZE_MULTIPLE)
    leaked = protocol.leaked_reference(scene)
    aligned = np.empty((2, height, width, 3), np.float32)
    by_side = {LOW: networks.low, HIGH: networks.high}
    both_read = _remember(lambda place: _input(*_frame(scene, MID_FRAME, place, protocol)))
    for (side, network), result in zip(by_side.items(), aligned, strict=True):
        index = SOURCE_FRAME[side]

        def read(place: Window, index: int = index, leaks: bool = side == HIGH) -> list[Output]:
            source = _input(*_frame(scene, index, place, protocol))
            if not leaks or leaked is None:
                return [source, both_read(place)]
            _, hdr = _frame(scene, MID_FRAME, place, protocol)
            return [source, _input(cut(leaked, place), hdr)]

        picture = tiled_networks.run_alignment(network, read, size, tile=networks.tile, side=side)
        result[...] = protocol.quantise_aligned(picture[:height, :width])
    return aligned


def _frame(
    scene: Scene, index: int, place: Window, protocol: Protocol
) -> tuple[np.ndarray, np.ndarray]:
    """A part of a frame as alignment gets it, LDR in [0, 1] and radiance, `(h, w, 3)` each."""
    levels = cut(scene.ldr[index], place)
    hdr = levels_to_hdr(levels, scene.exposure_times[index])
    return protocol.quantise_frames(ldr_to_float(levels)), hdr


def _input(ldr: np.ndarray, hdr: np.ndarray) -> np.ndarray:
    """A network's input `(1, h, w, 6)` in [-1, 1] of a frame and its radiance, `(h, w, 3)` each."""
    return join_picture_input(ldr, hdr)[None]


def _remember(read: Callable[[Window], Output]) -> Callable[[Window], Output]:
    """A function that reads a place once if it is asked for it twice in a row."""
    last: list[tuple[Window, Output]] = []

    def remembered(place: Window) -> Output:
        if not last or last[0][0] != place:
            last[:] = [(place, read(place))]
        return last[0][1]

    return remembered


def merge_picture(
    merging: CompiledMerging | Network,
    scene: Scene,
    aligned: np.ndarray,
    protocol: Protocol,
    *,
    tile: int = 0,
) -> np.ndarray:
    """Merges the aligned frames and the reference.

    Nothing is padded: merging works at full size only, and the zeros its convolutions add are the
    border it was trained with.

    Args:
        merging: The merging network.
        scene: The scene that was aligned.
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high, of `align`.
        protocol: Says what passes through 8 bits.
        tile: As in `Networks`.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """

    def read(place: Window) -> list[Output]:
        reference = protocol.quantise_frames(ldr_to_float(scene.ldr[MID_FRAME][place]))
        frames = (aligned[0][place], reference, aligned[1][place])
        times = scene.exposure_times
        return [picture_input(x, t)[None] for x, t in zip(frames, times, strict=True)]

    return tiled_networks.run_merging(merging, read, aligned.shape[1:3], tile=tile)


def cut(picture: np.ndarray, place: Window) -> np.ndarray:
    """Cuts a part out of a picture that counts as padded to multiples of 8.

    Below and to the right the picture is mirrored, so that the networks see more of its texture and
    no streaks, and no step in brightness, next to pixels that are kept. All frames are padded
    alike, so alignment sees no motion that is not there.

    Args:
        picture: `(H, W, C)`.
        place: Rows and columns; they may end up to 7 pixels outside, if the part has at least as
            many inside or is all there is.

    Returns:
        `(h, w, C)`.
    """
    part = picture[place]
    extra = [(0, side.stop - side.start - n) for side, n in zip(place, part.shape, strict=False)]
    if not any(after for _, after in extra):
        return part
    return np.pad(part, [*extra, (0, 0)], mode="symmetric")
