"""The weights of this code: complete, small enough, and good on the samples."""

import dataclasses
import functools
import json
import subprocess
from typing import Any

import numpy as np
import pytest

from configs import paths
from configs.settings import ReconstructionConfig
from tests.photos import ROOT
from utils.camera_motion.prealignment import prealigned
from utils.evaluation.baselines import BASELINES
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import psnr
from utils.inference.pipeline import open_networks, reconstruct_picture
from utils.radiometry.radiance import mu_law
from utils.runs import weights
from utils.scenes.folders import find_scenes, read_scene

FULL = PROTOCOLS["full"]
WIDTHS = {"esbn-64": 64, "esbn-24": 24}
MEGABYTES = {"esbn-64": 65, "esbn-24": 16}

both = pytest.mark.parametrize("name", WIDTHS)


def middle(folder) -> Any:
    """The middle of a scene without camera motion, since the larger networks are slow."""
    scene = prealigned(read_scene(folder), "auto")
    area = np.s_[80:240, 40:264]
    return dataclasses.replace(scene, ldr=scene.ldr[:, *area], hdr=np.asarray(scene.hdr)[area])


SAMPLES = [
    middle(folder)
    for folder in find_scenes(ROOT / "samples")
    if not folder.name.startswith("limit")
]


@functools.cache
def radiance(name, precision):
    """Radiance of the samples with shipped weights, in one precision."""
    config = ReconstructionConfig(weights=paths.WEIGHTS_DIR / name, precision=precision)
    networks = open_networks(config)
    return [reconstruct_picture(networks, scene, FULL).hdr for scene in SAMPLES]


@both
def test_the_folder_is_complete_and_small(name):
    folder = paths.WEIGHTS_DIR / name
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
    names = {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    listed = (folder / "SHA256SUMS").read_text().splitlines()
    assert {line.partition("  ")[2] for line in listed} == names
    size = weights.read_size(folder)
    assert (size.width, size.residual_blocks, size.dense_layers) == (WIDTHS[name], 9, 6)
    config = json.loads((folder / "config.json").read_text())
    assert config == weights.describe(size, "auto")
    assert (folder / "README.md").read_text().startswith("---\nlicense: mit\nlibrary_name: esbn-tf")
    assert sum(path.stat().st_size for path in folder.iterdir()) <= MEGABYTES[name] * 1e6


@both
def test_the_samples_come_out_far_better_than_from_their_reference_alone(name):
    gains = []
    for scene, result in zip(SAMPLES, radiance(name, "float32"), strict=True):
        alone = FULL.score(BASELINES["reference"](scene), scene.hdr)
        ours = FULL.score(result, scene.hdr)
        assert ours.psnr_mu > alone.psnr_mu, scene.name
        assert ours.psnr_l > alone.psnr_l + 2, scene.name
        gains.append(ours.psnr_mu - alone.psnr_mu)
    assert np.mean(gains) > 4


@both
def test_bfloat16_is_close_to_float32(name):
    """55 dB on whole samples; the middle alone, or a processor without bfloat16, has fewer."""
    for half, full in zip(radiance(name, "bfloat16"), radiance(name, "float32"), strict=True):
        assert psnr(mu_law(half), mu_law(full)) >= 51


@both
def test_the_results_have_the_references_brightness_where_it_is_well_exposed(name):
    for scene, result in zip(SAMPLES, radiance(name, "float32"), strict=True):
        ldr = scene.ldr[1].astype(np.float32) / 255
        well = ((ldr > 0.2) & (ldr < 0.9)).all(axis=-1)
        expected = BASELINES["reference"](scene)[well]
        np.testing.assert_allclose(np.median(result[well] / expected), 1, atol=0.03)
