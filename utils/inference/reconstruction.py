"""Reconstructs a scene, also as a self-ensemble: the mean over mirrored and turned copies.

The networks' errors differ between a picture and its mirror image, so they partly average out. Time
grows by the number of copies. Known from super-resolution (Timofte et al., CVPR 2016; Lim et al.,
CVPR Workshops 2017).
"""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from configs.settings import Copies
from utils.evaluation.protocols import Protocol
from utils.inference import pipeline
from utils.inference.pipeline import Networks, Reconstruction
from utils.radiometry.radiance import inverse_mu_law, mu_law
from utils.scenes.scene import Scene

# Two and four copies keep height and width, so no other size has to be compiled.
_TURNS: dict[Copies, tuple[int, ...]] = {1: (0,), 2: (0, 1), 4: (0, 1, 4, 5), 8: tuple(range(8))}


@contextlib.contextmanager
def _python_errors() -> Iterator[None]:
    """Raises TensorFlow's errors as Python's, so that callers need not import TensorFlow."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise MemoryError(str(error)) from error
    except tf.errors.OpError as error:
        raise RuntimeError(str(error)) from error


@_python_errors()
def reconstruct(
    networks: Networks, scene: Scene, protocol: Protocol, copies: Copies = 1
) -> Reconstruction:
    """Reconstructs a scene, averaged over copies of the scene.

    Args:
        networks: The three networks.
        scene: A scene of any size, from `protocol.prepare`.
        protocol: Tile size, whether frames pass through 8 bits, and the release's leak.
        copies: 1: the scene; 2: and its mirror image; 4: and both turned upside down; 8: and all of
            them turned by a quarter.

    Returns:
        Aligned frames, the mean of LDR values, and the HDR image, the mean after the mu-law.

    Raises:
        MemoryError: The scene does not fit the memory.
        RuntimeError: TensorFlow failed otherwise.
    """
    if copies == 1:
        return _reconstruct_once(networks, scene, protocol)
    aligned = np.zeros((2, *scene.ldr.shape[1:]), np.float32)
    compressed = np.zeros(scene.ldr.shape[1:], np.float32)
    for number in _TURNS[copies]:
        truth = None if scene.hdr is None else turn(scene.hdr, number)
        copy = dataclasses.replace(scene, ldr=turn(scene.ldr, number), hdr=truth)
        result = _reconstruct_once(networks, copy, protocol)
        aligned += turn_back(result.aligned, number)
        compressed += mu_law(turn_back(result.hdr, number))
    return Reconstruction(aligned=aligned / copies, hdr=inverse_mu_law(compressed / copies))


def turn(picture: np.ndarray, number: int) -> np.ndarray:
    """One of a picture's eight orientations.

    Args:
        picture: `(..., H, W, C)`.
        number: 0 to 7: twice the number of quarter turns counter-clockwise, plus 1 if mirrored left
            to right afterwards.

    Returns:
        `(..., H, W, C)`, or `(..., W, H, C)` after an odd number of quarter turns; contiguous.
    """
    quarters, mirrored = divmod(number, 2)
    picture = np.rot90(picture, quarters, axes=(-3, -2))
    return np.ascontiguousarray(picture[..., ::-1, :] if mirrored else picture)


def turn_back(picture: np.ndarray, number: int) -> np.ndarray:
    """Undoes `turn`."""
    quarters, mirrored = divmod(number, 2)
    picture = picture[..., ::-1, :] if mirrored else picture
    return np.ascontiguousarray(np.rot90(picture, -quarters, axes=(-3, -2)))


def _reconstruct_once(networks: Networks, scene: Scene, protocol: Protocol) -> Reconstruction:
    tiles = _tiles(scene, protocol.tile)
    results = [pipeline.reconstruct_picture(networks, tile, protocol) for tile in tiles]
    return Reconstruction(
        aligned=_join([result.aligned for result in results], scene, protocol.tile),
        hdr=_join([result.hdr for result in results], scene, protocol.tile),
    )


@_python_errors()
def align(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """Aligned frames of a scene, `(2, H, W, 3)`, without merging; see `reconstruct`."""
    tiles = _tiles(scene, protocol.tile)
    aligned = [pipeline.align_picture(networks, tile, protocol) for tile in tiles]
    return _join(aligned, scene, protocol.tile)


@_python_errors()
def merge(networks: Networks, scene: Scene, aligned: np.ndarray, protocol: Protocol) -> np.ndarray:
    """Radiance `(H, W, 3)` of the reference and any aligned frames, in the whole picture.

    Args:
        networks: The networks; only merging is used.
        scene: A scene from `protocol.prepare`.
        aligned: `(2, H, W, 3)` LDR in [0, 1], low and high.
        protocol: Whether frames pass through 8 bits.

    Raises:
        ValueError: The merging network is not trained yet.
    """
    merging, aligned = networks.trained_merging, protocol.quantise_aligned(aligned)
    return pipeline.merge_picture(merging, scene, aligned, protocol, tile=networks.tile)


def _tiles(scene: Scene, size: int) -> list[Scene]:
    """The tiles of a scene, by rows, without truth; the scene itself if `size` is 0.

    Frames are padded with white, below and to the right, to whole tiles.
    """
    if not size:
        return [scene]
    height, width = scene.ldr.shape[1:3]
    white = 1.0 if scene.ldr.dtype == np.float32 else np.iinfo(scene.ldr.dtype).max
    extra = [(0, 0), (0, -height % size), (0, -width % size), (0, 0)]
    ldr = np.pad(scene.ldr, extra, constant_values=white)
    return [
        dataclasses.replace(scene, ldr=ldr[:, top : top + size, left : left + size], hdr=None)
        for top in range(0, height, size)
        for left in range(0, width, size)
    ]


def _join(parts: Sequence[np.ndarray], scene: Scene, size: int) -> np.ndarray:
    """Results `(.., h, w, 3)` of the scene's tiles as one picture of the scene's size."""
    if not size:
        return parts[0]
    height, width = scene.ldr.shape[1:3]
    across = -(-width // size)
    rows = [
        np.concatenate(parts[start : start + across], axis=-2)
        for start in range(0, len(parts), across)
    ]
    return np.concatenate(rows, axis=-3)[..., :height, :width, :]
