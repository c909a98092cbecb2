"""Self-ensemble: the mean result of a bracket and of its mirrored and turned copies.

The networks are not the same to a picture and to its mirror image, so their errors differ and in
part average out. Networks and training stay as they are; time grows by the number of copies.
Known from super-resolution (Timofte et al., CVPR 2016; Lim et al., CVPR Workshops 2017).
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
from utils.radiometry.radiance import inverse_mu_law, mu_law
from utils.scenes.scene import Scene

# Two and four keep the picture's format, so that no other size has to be compiled.
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
        scene: A scene of any size, as `protocol.prepare` gives it.
        protocol: Says what passes through 8 bits.
        copies: 1: the scene itself alone; 2: and its mirror image; 4: and both turned upside down;
            8: and all of them turned by a quarter.

    Returns:
        Aligned frames, the mean of LDR values, and the HDR image, the mean after the mu-law.
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
        number: 0 to 7: twice the quarter turns counter-clockwise, and 1 more if mirrored left to
            right after them.

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
    """`pipeline.reconstruct_picture`, tile by tile where the protocol wants it."""
    if not protocol.tile:
        return pipeline.reconstruct_picture(networks, scene, protocol)
    height, width = scene.ldr.shape[1:3]
    frames = _pad_with_ones(scene.ldr, protocol.tile)
    aligned = np.empty((2, *frames.shape[1:]), np.float32)
    hdr = np.empty(frames.shape[1:], np.float32)
    for rows, columns in _tiles(frames, protocol.tile):
        tile = dataclasses.replace(scene, ldr=frames[:, rows, columns], hdr=None)
        result = pipeline.reconstruct_picture(networks, tile, protocol)
        aligned[:, rows, columns], hdr[rows, columns] = result.aligned, result.hdr
    return Reconstruction(aligned=aligned[:, :height, :width], hdr=hdr[:height, :width])


@_python_errors()
def align(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """`pipeline.align_picture`, tile by tile where the protocol wants it."""
    if not protocol.tile:
        return pipeline.align_picture(networks, scene, protocol)
    height, width = scene.ldr.shape[1:3]
    frames = _pad_with_ones(scene.ldr, protocol.tile)
    aligned = np.empty((2, *frames.shape[1:]), np.float32)
    for rows, columns in _tiles(frames, protocol.tile):
        tile = dataclasses.replace(scene, ldr=frames[:, rows, columns], hdr=None)
        aligned[:, rows, columns] = pipeline.align_picture(networks, tile, protocol)
    return aligned[:, :height, :width]


def _pad_with_ones(frames: np.ndarray, tile: int) -> np.ndarray:
    """Pads `(N, H, W, C)` frames with white, below and to the right, to whole tiles."""
    height, width = frames.shape[1:3]
    white = 1.0 if frames.dtype == np.float32 else np.iinfo(frames.dtype).max
    extra = [(0, 0), (0, -height % tile), (0, -width % tile), (0, 0)]
    return np.pad(frames, extra, constant_values=white)


def _tiles(frames: np.ndarray, tile: int) -> Iterator[tuple[slice, slice]]:
    for top in range(0, frames.shape[1], tile):
        for left in range(0, frames.shape[2], tile):
            yield slice(top, top + tile), slice(left, left + tile)
