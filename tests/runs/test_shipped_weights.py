"""The weights that come with this code: whole, small enough, and good on the samples."""

import functools

import numpy as np
import pytest

from configs import paths
from configs.settings import NetworkConfig, ReconstructionConfig
from tests.photos import ROOT
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.baselines import BASELINES
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import psnr
from utils.hardware import has_bfloat16
from utils.inference.pipeline import open_networks, reconstruct_picture
from utils.radiometry.radiance import mu_law
from utils.runs import weights
from utils.scenes.folders import find_scenes, read_scene

FULL = PROTOCOLS["full"]
BOTH = [paths.WEIGHTS_DIR, paths.SMALL_WEIGHTS_DIR]
PREALIGN = weights.read_prealignment(paths.WEIGHTS_DIR)
SAMPLES = [prealigned(read_scene(folder), PREALIGN) for folder in find_scenes(ROOT / "samples")]


both_sets = pytest.mark.parametrize("folder", BOTH, ids=lambda folder: folder.name)


@functools.cache
def radiance(folder, precision):
    """What shipped weights make of the samples, in one precision."""
    config = ReconstructionConfig(run=folder, weights=folder, precision=precision)
    networks = open_networks(config)
    return [reconstruct_picture(networks, scene, FULL).hdr for scene in SAMPLES]


@pytest.mark.parametrize(
    ("folder", "width", "megabytes"),
    [(paths.WEIGHTS_DIR, NetworkConfig().width, 65), (paths.SMALL_WEIGHTS_DIR, 24, 16)],
)
def test_they_are_the_papers_networks_and_small_files(folder, width, megabytes):
    size, paper = weights.read_size(folder), NetworkConfig()
    assert size.width == width
    assert (size.residual_blocks, size.dense_layers) == (paper.residual_blocks, paper.dense_layers)
    files = [path for path in folder.iterdir() if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= megabytes * 1e6


def test_both_were_trained_on_frames_of_the_same_kind():
    assert weights.read_prealignment(paths.SMALL_WEIGHTS_DIR) == PREALIGN


@both_sets
def test_the_samples_come_out_far_better_than_from_their_reference_alone(folder):
    gains = []
    for scene, result in zip(SAMPLES, radiance(folder, "float32"), strict=True):
        truth = np.asarray(scene.hdr)
        alone = FULL.score(BASELINES["reference"](scene), truth)
        ours = FULL.score(result, truth)
        assert ours.psnr_mu > alone.psnr_mu, scene.name
        assert ours.psnr_l > alone.psnr_l + 2, scene.name
        gains.append(ours.psnr_mu - alone.psnr_mu)
    assert np.mean(gains) > 4


@both_sets
def test_bfloat16_is_within_55_decibels_of_float32(folder):
    # Without its arithmetic nobody gets it unasked: TensorFlow then rounds after every operation,
    # 24 channels average less of that out, and 52.4 dB were measured.
    least = 55 if has_bfloat16() or folder == paths.WEIGHTS_DIR else 51
    for half, full in zip(radiance(folder, "bfloat16"), radiance(folder, "float32"), strict=True):
        assert psnr(mu_law(half), mu_law(full)) >= least


@both_sets
@pytest.mark.parametrize("scene", SAMPLES, ids=lambda scene: scene.name)
def test_the_result_has_the_references_brightness_where_it_is_well_exposed(scene, folder):
    result = radiance(folder, "float32")[SAMPLES.index(scene)]
    ldr = scene.ldr[1].astype(np.float32) / 255
    well = ((ldr > 0.2) & (ldr < 0.9)).all(axis=-1)
    expected = BASELINES["reference"](scene)[well]
    np.testing.assert_allclose(np.median(result[well] / expected), 1, atol=0.03)
