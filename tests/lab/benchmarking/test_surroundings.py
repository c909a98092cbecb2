"""What surrounds the networks is timed with networks that compute nothing."""

import numpy as np

from lab.benchmarking import surroundings
from tests.brackets import bracket
from utils.evaluation.protocols import PROTOCOLS
from utils.inference.pipeline import Networks, reconstruct_picture
from utils.radiometry.levels import ldr_to_float


def test_both_kinds_of_results_are_timed():
    (row,) = surroundings.measure((32, 48), turns=1)
    assert list(row) == ["anchored, s", "not anchored, s"]
    assert all(float(seconds) > 0 for seconds in row.values())


def test_its_networks_pass_on_what_they_are_given():
    scene = bracket(16, 24)
    networks = Networks(
        low=surroundings._align, high=surroundings._align, merging=surroundings._merge
    )
    result = reconstruct_picture(networks, scene, PROTOCOLS["full"])
    frames = ldr_to_float(scene.ldr)
    np.testing.assert_allclose(result.aligned, frames[[0, 2]], atol=1e-6)
    np.testing.assert_allclose(result.hdr, frames[1] ** 2.2 / scene.exposure_times[1], atol=1e-5)
