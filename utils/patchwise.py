"""Reconstruction under protocols that cut the picture into tiles and never join the borders.

This is how some peers measure, not a way to save memory.
"""

import dataclasses
from collections.abc import Iterator

import numpy as np

from utils import inference
from utils.inference import Networks, Reconstruction
from utils.protocols import Protocol
from utils.scenes import Scene


def reconstruct(networks: Networks, scene: Scene, protocol: Protocol) -> Reconstruction:
    """`utils.inference.reconstruct`, tile by tile where the protocol wants it."""
    if not protocol.tile:
        return inference.reconstruct(networks, scene, protocol)
    height, width = scene.ldr.shape[1:3]
    frames = _pad_with_ones(scene.ldr, protocol.tile)
    aligned = np.empty((2, *frames.shape[1:]), np.float32)
    hdr = np.empty(frames.shape[1:], np.float32)
    for rows, columns in _tiles(frames, protocol.tile):
        tile = dataclasses.replace(scene, ldr=frames[:, rows, columns], hdr=None)
        result = inference.reconstruct(networks, tile, protocol)
        aligned[:, rows, columns], hdr[rows, columns] = result.aligned, result.hdr
    return Reconstruction(aligned=aligned[:, :height, :width], hdr=hdr[:height, :width])


def align(networks: Networks, scene: Scene, protocol: Protocol) -> np.ndarray:
    """`utils.inference.align`, tile by tile where the protocol wants it."""
    if not protocol.tile:
        return inference.align(networks, scene, protocol)
    height, width = scene.ldr.shape[1:3]
    frames = _pad_with_ones(scene.ldr, protocol.tile)
    aligned = np.empty((2, *frames.shape[1:]), np.float32)
    for rows, columns in _tiles(frames, protocol.tile):
        tile = dataclasses.replace(scene, ldr=frames[:, rows, columns], hdr=None)
        aligned[:, rows, columns] = inference.align(networks, tile, protocol)
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
