"""Tiles that see nothing of each other, padded with ones."""

import dataclasses

import numpy as np
import pytest

from tests.brackets import bracket, reference_networks, source_networks
from utils.evaluation.protocols import PROTOCOLS
from utils.inference import pipeline, reconstruction
from utils.inference.pipeline import Networks

FULL = PROTOCOLS["full"]
TILES = dataclasses.replace(PROTOCOLS["hdr-transformer"], tile=16)


@pytest.mark.parametrize("networks", [source_networks(), reference_networks()])
def test_tiles_of_networks_that_work_on_single_pixels_make_the_whole_picture(networks):
    scene = bracket(24, 40)
    whole = pipeline.reconstruct_picture(networks, scene, FULL)
    for protocol in (FULL, TILES):
        result = reconstruction.reconstruct(networks, scene, protocol)
        np.testing.assert_allclose(result.hdr, whole.hdr, atol=1e-6)
        np.testing.assert_allclose(result.aligned, whole.aligned, atol=1e-6)
        aligned = reconstruction.align(networks, scene, protocol)
        np.testing.assert_allclose(aligned, whole.aligned, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_each_tile_is_alone_and_the_padding_is_one(dtype):
    seen = []

    def alignment(source, reference):
        seen.append(reference[0])
        return source[..., :3]

    scene = bracket(24, 40)
    if dtype != np.uint16:
        frames = scene.ldr / 65535 * (255 if dtype == np.uint8 else 1)
        scene = dataclasses.replace(scene, ldr=frames.astype(dtype))
    networks = Networks(low=alignment, high=alignment, merging=lambda *inputs: inputs[1][..., 3:])
    reconstruction.reconstruct(networks, scene, TILES)
    assert {tile.shape for tile in seen} == {(16, 16, 6)}
    assert len(seen) == 2 * 2 * 3
    last = seen[-1]  # 8 rows and 8 columns of the scene
    np.testing.assert_array_equal(last[8:, :, :3], 1)
    np.testing.assert_array_equal(last[:, 8:, :3], 1)
    np.testing.assert_allclose(last[8:, :, 3:], 2 / 4 - 1)  # white, linearised: 1 / t
    assert np.median(last[:8, :8, :3]) < 0.9
