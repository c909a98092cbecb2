"""The weights that come with this code: whole, small enough, and good on the samples."""

import functools

import numpy as np
import pytest

from configs import paths
from configs.settings import NetworkConfig, ReconstructionConfig
from tests.photos import ROOT
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.baselines import BASELINES
from utils.inference.pipeline import open_networks, reconstruct_picture
from utils.metrics.protocols import PROTOCOLS
from utils.metrics.psnr_ssim import psnr
from utils.radiometry.radiance import mu_law
from utils.runs import weights
from utils.scenes.folders import find_scenes, read_scene

FULL = PROTOCOLS["full"]
PREALIGN = weights.read_prealignment(paths.WEIGHTS_DIR)
SAMPLES = [prealigned(read_scene(folder), PREALIGN) for folder in find_scenes(ROOT / "samples")]


@functools.cache
def radiance(precision):
    """What the shipped weights make of the samples, in one precision."""
    weights_dir = paths.WEIGHTS_DIR
    config = ReconstructionConfig(run=weights_dir, weights=weights_dir, precision=precision)
    networks = open_networks(config)
    return [reconstruct_picture(networks, scene, FULL).hdr for scene in SAMPLES]


def test_they_are_the_papers_networks_in_65_megabytes():
    size = weights.read_size(paths.WEIGHTS_DIR)
    paper = NetworkConfig()
    assert (size.width, size.residual_blocks, size.dense_layers) == (
        paper.width,
        paper.residual_blocks,
        paper.dense_layers,
    )
    assert sum(path.stat().st_size for path in paths.WEIGHTS_DIR.iterdir()) <= 65e6


def test_the_samples_come_out_far_better_than_from_their_reference_alone():
    gains = []
    for scene, result in zip(SAMPLES, radiance("float32"), strict=True):
        truth = np.asarray(scene.hdr)
        alone = FULL.score(BASELINES["reference"](scene), truth)
        ours = FULL.score(result, truth)
        assert ours.psnr_mu > alone.psnr_mu, scene.name
        assert ours.psnr_l > alone.psnr_l + 2, scene.name
        gains.append(ours.psnr_mu - alone.psnr_mu)
    assert np.mean(gains) > 4


def test_bfloat16_is_within_55_decibels_of_float32():
    for half, full in zip(radiance("bfloat16"), radiance("float32"), strict=True):
        assert psnr(mu_law(half), mu_law(full)) >= 55


@pytest.mark.parametrize("scene", SAMPLES, ids=lambda scene: scene.name)
def test_the_result_has_the_references_brightness_where_it_is_well_exposed(scene):
    result = radiance("float32")[SAMPLES.index(scene)]
    ldr = scene.ldr[1].astype(np.float32) / 255
    well = ((ldr > 0.2) & (ldr < 0.9)).all(axis=-1)
    expected = BASELINES["reference"](scene)[well]
    np.testing.assert_allclose(np.median(result[well] / expected), 1, atol=0.03)
