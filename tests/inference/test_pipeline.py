"""Reconstruction with networks that can be computed by hand."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from configs.settings import ReconstructionConfig
from models.fast.compiled import compile_networks
from tests import tiny
from tests.brackets import bracket, reference_networks, source_networks
from utils.evaluation.protocols import PROTOCOLS, Protocol
from utils.inference.pipeline import (
    Networks,
    align_picture,
    merge_picture,
    open_networks,
    reconstruct_picture,
)
from utils.inference.tiled_networks import cut
from utils.radiometry.levels import ldr_to_float
from utils.radiometry.radiance import ldr_to_hdr
from utils.runs import weights
from utils.runs.networks import load_networks

FULL = PROTOCOLS["full"]


def _mixing_networks():
    """Every output depends on every pixel of every input."""

    def mix(*inputs):
        mean = sum(np.mean(x) for x in inputs) / len(inputs)
        return np.tanh(0.5 * sum(x[..., :3] + x[..., 3:] for x in inputs) + mean)

    return Networks(low=mix, high=mix, merging=mix)


def _small(protocol: Protocol) -> Protocol:
    """The protocol without its fixed size."""
    return dataclasses.replace(protocol, arrange=lambda scene: scene)


@pytest.mark.parametrize("name", [name for name in PROTOCOLS if not PROTOCOLS[name].leak])
def test_no_output_depends_on_the_truth(name):
    protocol = _small(PROTOCOLS[name])
    scene = bracket()
    first = reconstruct_picture(_mixing_networks(), scene, protocol)
    for hdr in (None, np.zeros_like(scene.hdr), np.full_like(scene.hdr, np.nan)):
        other = reconstruct_picture(
            _mixing_networks(), dataclasses.replace(scene, hdr=hdr), protocol
        )
        np.testing.assert_array_equal(other.aligned, first.aligned)
        np.testing.assert_array_equal(other.hdr, first.hdr)


def test_the_leak_is_the_reference_of_the_high_alignment():
    protocol = _small(PROTOCOLS["release-leak"])
    scene = bracket(20, 30)
    scene = dataclasses.replace(scene, hdr=np.full_like(scene.hdr, 0.1))
    aligned = align_picture(reference_networks(), scene, protocol)
    expected = protocol.quantise_frames(ldr_to_float(scene.ldr[1]))
    np.testing.assert_allclose(aligned[0], expected, atol=1e-6)
    np.testing.assert_allclose(aligned[1], np.floor(255 * 0.4 ** (1 / 2.2)) / 255, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (8, 16), (17, 9), (24, 31)])
def test_any_size_comes_back_in_place(size):
    scene = bracket(*size)
    result = reconstruct_picture(source_networks(), scene, FULL)
    np.testing.assert_allclose(result.aligned, ldr_to_float(scene.ldr[[0, 2]]), atol=1e-6)
    expected = ldr_to_hdr(ldr_to_float(scene.ldr[1]), np.float32(4))
    np.testing.assert_allclose(result.hdr, expected, atol=1e-6)
    assert result.aligned.dtype == result.hdr.dtype == np.float32


def test_alignment_sees_multiples_of_8_in_the_network_range():
    seen = []

    def network(source, reference):
        seen.extend([source, reference])
        return source[..., :3]

    align_picture(Networks(low=network, high=network), bracket(17, 9), FULL)
    assert {(x.shape, x.dtype.name) for x in seen} == {((1, 24, 16, 6), "float32")}
    assert min(x.min() for x in seen) >= -1
    assert max(x.max() for x in seen) == 1


def test_a_part_mirrors_beyond_the_picture_and_is_not_copied_within():
    picture = np.arange(10, dtype=np.uint8).reshape(10, 1, 1)
    part = cut(picture, (slice(0, 16), slice(0, 8)))
    assert part.shape == (16, 8, 1)
    assert (part == part[:, :1]).all()
    assert part[:, 0, 0].tolist() == [*range(10), 9, 8, 7, 6, 5, 4]
    assert np.shares_memory(cut(picture, (slice(2, 8), slice(0, 1))), picture)


def test_each_side_has_its_network_and_its_source():
    networks = dataclasses.replace(source_networks(), high=lambda source, _: -source[..., :3])
    scene = bracket()
    low, high = align_picture(networks, scene, FULL)
    np.testing.assert_allclose(low, ldr_to_float(scene.ldr[0]), atol=1e-6)
    np.testing.assert_allclose(high, 1 - ldr_to_float(scene.ldr[2]), atol=1e-6)


def test_merging_gets_aligned_frames_linearised_by_their_own_exposures():
    seen = []

    def merging(*frames):
        seen.extend(frames)
        return frames[0][..., 3:]

    scene = bracket()
    aligned = np.random.default_rng(2).random((2, 24, 40, 3)).astype(np.float32)
    merge_picture(merging, scene, aligned, FULL)
    frames = np.stack([aligned[0], ldr_to_float(scene.ldr[1]), aligned[1]])
    for frame, time, got in zip(frames, (1, 4, 16), seen, strict=True):
        expected = np.concatenate([frame, frame**2.2 / time], axis=-1) * 2 - 1
        np.testing.assert_allclose(got[0], expected, atol=1e-6)


def test_release_linearises_before_alignment_but_after_8_bits_before_merging():
    seen = []

    def network(*frames):
        seen.append(frames[1])
        return frames[0][..., :3]

    protocol = _small(PROTOCOLS["release"])
    scene = bracket()
    reconstruct_picture(Networks(low=network, high=network, merging=network), scene, protocol)
    ldr = ldr_to_float(scene.ldr[1])
    truncated = np.floor(255 * ldr) / np.float32(255)
    for_low, for_high, for_merging = ((x[0] + 1) / 2 for x in seen)
    np.testing.assert_array_equal(for_low, for_high)
    np.testing.assert_allclose(for_low[..., :3], truncated, atol=1e-6)
    np.testing.assert_allclose(for_low[..., 3:], ldr**2.2 / 4, atol=1e-6)
    np.testing.assert_allclose(for_merging[..., :3], truncated, atol=1e-6)
    np.testing.assert_allclose(for_merging[..., 3:], truncated**2.2 / 4, atol=1e-6)


def test_without_merging_there_is_no_reconstruction():
    networks = dataclasses.replace(source_networks(), merging=None)
    with pytest.raises(ValueError, match="merging"):
        reconstruct_picture(networks, bracket(), FULL)


def test_one_call_opens_the_networks_of_a_run_and_saves_them_for_the_authors_code(tmp_path):
    models = tiny.random_networks()
    weights.save(models, tmp_path / "weights")
    config = ReconstructionConfig(
        run=tmp_path, weights=tmp_path / "weights", precision="float32", tile=16
    )
    networks = open_networks(config, str(tmp_path / "iter"))
    scene = bracket(24, 40)
    compiled: Any = compile_networks(load_networks(config))
    expected = Networks(**compiled)
    result, whole = (reconstruct_picture(nets, scene, FULL).hdr for nets in (networks, expected))
    np.testing.assert_allclose(result, whole, atol=1e-5)
    assert networks.tile == 16
    for name in models:
        assert (tmp_path / f"iter_{name}.index").exists()
