"""From a bracket to an HDR image: two alignments, then merging, with any networks.

No output depends on a ground truth: only a protocol whose title says that it leaks hands one in.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from utils.hdr import from_network, join_network_input, ldr_to_hdr, network_input, per_frame
from utils.protocols import Protocol
from utils.scenes import Scene, ldr_to_float

SIZE_MULTIPLE = 8
"""Alignment halves the picture three times, so height and width must be multiples of this."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks:
    """The three networks; what they take and give is float32 in the network range [-1, 1]."""

    low: Callable[[np.ndarray, np.ndarray], Any]
    """Source and reference, `(1, H, W, 6)`, to the aligned low frame `(1, H, W, 3)`."""
    high: Callable[[np.ndarray, np.ndarray], Any]
    """Source and reference, `(1, H, W, 6)`, to the aligned high frame `(1, H, W, 3)`."""
    merging: Callable[[np.ndarray, np.ndarray, np.ndarray], Any] | None = None
    """Low, mid and high, `(1, H, W, 6)`, to radiance `(1, H, W, 3)`; None until it is trained."""

    @classmethod
    def from_models(cls, models: Mapping[str, Callable[[list[np.ndarray]], Any]]) -> Self:
        """Wraps Keras models, which take their inputs as one list, by the names of the fields."""
        return cls(**{name: _take_separately(model) for name, model in models.items()})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """What the networks make of one scene."""

    aligned: np.ndarray
    """`(2, H, W, 3)` float32 LDR in [0, 1]: low and high with the reference's structure."""
    hdr: np.ndarray
    """`(H, W, 3)` float32 radiance in [0, 1]."""


def reconstruct(networks: Networks, scene: Scene, protocol: Protocol) -> Reconstruction:
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
    aligned = align(networks, scene, protocol)
    hdr = merge(networks.merging, scene, aligned, protocol)
    return Reconstruction(aligned=aligned, hdr=hdr)


def align(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """Synthesises the low and the high exposure with the reference's structure.

    Args:
        networks: The networks; merging is not used.
        scene: A scene of any size, as `protocol.prepare` gives it.
        protocol: Says what passes through 8 bits.

    Returns:
        `(2, H, W, 3)` float32 LDR in [0, 1], low and high.
    """
    height, width = scene.ldr.shape[1:3]
    ldr = ldr_to_float(pad(scene.ldr))
    hdr = ldr_to_hdr(ldr, per_frame(scene.exposure_times))
    low, reference, high = join_network_input(protocol.quantise_frames(ldr), hdr)
    leaked = protocol.leaked_reference(scene)
    high_reference = (
        reference if leaked is None else join_network_input(pad(leaked[None])[0], hdr[1])
    )
    aligned = [
        _apply(networks.low, low, reference),
        _apply(networks.high, high, high_reference),
    ]
    return protocol.quantise_aligned(np.stack(aligned)[:, :height, :width])


def merge(
    merging: Callable[..., Any], scene: Scene, aligned: np.ndarray, protocol: Protocol
) -> np.ndarray:
    """Merges the aligned frames and the reference.

    Nothing is padded: merging works at full size only, and the zeros its convolutions add are the
    border it was trained with.

    Args:
        merging: The merging network.
        scene: The scene that was aligned.
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high, of `align`.
        protocol: Says what passes through 8 bits.

    Returns:
        `(H, W, 3)` float32 radiance in [0, 1].
    """
    reference = protocol.quantise_frames(ldr_to_float(scene.ldr[1]))
    ldr = np.stack([aligned[0], reference, aligned[1]])
    return _apply(merging, *network_input(ldr, per_frame(scene.exposure_times)))


def pad(frames: np.ndarray) -> np.ndarray:
    """Pads `(N, H, W, C)` frames below and to the right to multiples of 8.

    The picture is mirrored, so that the networks see more of its texture and no streaks, and no
    step in brightness, next to pixels that are kept. All frames are padded alike, so alignment
    sees no motion that is not there. Padding before or after linearising is the same.
    """
    height, width = frames.shape[1:3]
    extra = [(0, 0), (0, -height % SIZE_MULTIPLE), (0, -width % SIZE_MULTIPLE), (0, 0)]
    return np.pad(frames, extra, mode="symmetric")  # works down to a single pixel


def _take_separately(model: Callable[[list[np.ndarray]], Any]) -> Callable[..., Any]:
    return lambda *inputs: model(list(inputs))


def _apply(network: Callable[..., Any], *inputs: np.ndarray) -> np.ndarray:
    """A network's `(H, W, 3)` output in [0, 1] for single `(H, W, 6)` inputs."""
    output = network(*(x[None] for x in inputs))
    return from_network(np.asarray(output, dtype=np.float32)[0])
