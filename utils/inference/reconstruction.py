"""Reconstructs a scene, also as a self-ensemble: the mean over mirrored and turned copies.

The networks' errors differ between a picture and its mirror image, so they partly average out. Time
grows by the number of copies. Known from super-resolution (Timofte et al., CVPR 2016; Lim et al.,
CVPR Workshops 2017).
"""

import contextlib
import dataclasses
from collections.abc import Iterator

import numpy as np
import tensorflow as tf

from configs.settings import Copies
from utils.evaluation.protocols import Protocol
from utils.inference import pipeline
from utils.inference.pipeline import Networks, Reconstruction
from utils.inference.tiles import Window
from utils.radiometry.radiance import inverse_mu_law, mu_law
from utils.scenes.scene import Scene

# Two and four copies keep height and width, so no other size has to be compiled.
_TURNS: dict[Copies, tuple[int, ...]] = {1: (0,), 2: (0, 1), 4: (0, 1, 4, 5), 8: tuple(range(8))}


@contextlib.contextmanager
def _python_errors() -> Iterator[None]:
    """Turns TensorFlow's errors into Python's, which callers handle without importing it."""
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
    """`pipeline.reconstruct_picture`, in separate tiles if the protocol has a tile size."""
    if not protocol.tile:
        return pipeline.reconstruct_picture(networks, scene, protocol)
    height, width = scene.ldr.shape[1:3]
    padded = _pad_with_ones(scene, protocol.tile)
    aligned = np.empty((2, *padded.ldr.shape[1:]), np.float32)
    hdr = np.empty(padded.ldr.shape[1:], np.float32)
    for (rows, columns), tile in _tiles(padded, protocol.tile):
        result = pipeline.reconstruct_picture(networks, tile, protocol)
        aligned[:, rows, columns], hdr[rows, columns] = result.aligned, result.hdr
    return Reconstruction(aligned=aligned[:, :height, :width], hdr=hdr[:height, :width])


@_python_errors()
def align(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """`pipeline.align_picture`, in separate tiles if the protocol has a tile size."""
    if not protocol.tile:
        return pipeline.align_picture(networks, scene, protocol)
    height, width = scene.ldr.shape[1:3]
    padded = _pad_with_ones(scene, protocol.tile)
    aligned = np.empty((2, *padded.ldr.shape[1:]), np.float32)
    for (rows, columns), tile in _tiles(padded, protocol.tile):
        aligned[:, rows, columns] = pipeline.align_picture(networks, tile, protocol)
    return aligned[:, :height, :width]


def _pad_with_ones(scene: Scene, tile: int) -> Scene:
    """The scene without truth; frames padded with white, below and to the right, to whole tiles."""
    height, width = scene.ldr.shape[1:3]
    white = 1.0 if scene.ldr.dtype == np.float32 else np.iinfo(scene.ldr.dtype).max
    extra = [(0, 0), (0, -height % tile), (0, -width % tile), (0, 0)]
    ldr = np.pad(scene.ldr, extra, constant_values=white)
    return dataclasses.replace(scene, ldr=ldr, hdr=None)


def _tiles(scene: Scene, tile: int) -> Iterator[tuple[Window, Scene]]:
    for top in range(0, scene.ldr.shape[1], tile):
        for left in range(0, scene.ldr.shape[2], tile):
            rows, columns = slice(top, top + tile), slice(left, left + tile)
            yield (rows, columns), dataclasses.replace(scene, ldr=scene.ldr[:, rows, columns])
