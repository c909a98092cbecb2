"""The mean of weights, as a folder of weights."""

import dataclasses

import numpy as np
import pytest

from configs.settings import WeightsConfig
from lab.networks import average_weights
from lab.settings import AverageConfig
from models import esbn
from tests import tiny
from utils.runs import weights
from utils.runs.networks import load_networks


def test_the_mean_is_written_once(tmp_path):
    folders = tuple(tmp_path / name for name in "ab")
    made = [tiny.random_networks() for _ in folders]
    for variable in made[1]["low"].variables:
        variable.assign(3 * variable)
    for networks, folder in zip(made, folders, strict=True):
        weights.save(networks, folder, "auto")
    config = AverageConfig(average=folders, output=tmp_path / "mean")
    average_weights.main(config)
    before = (tmp_path / "mean" / "SHA256SUMS").read_text()
    for name, network in load_networks(WeightsConfig(weights=config.output)).items():
        for mean, *both in zip(network.variables, *(x[name].variables for x in made), strict=True):
            np.testing.assert_allclose(mean, np.mean(both, axis=0), rtol=2e-3, atol=1e-5)
    average_weights.main(AverageConfig(average=folders[:1], output=config.output))
    assert (tmp_path / "mean" / "SHA256SUMS").read_text() == before


def test_other_sizes_are_named(tmp_path):
    wider = dataclasses.replace(tiny.NETWORK, width=6)
    weights.save(tiny.random_networks(), tmp_path / "a")
    config = AverageConfig(average=(tmp_path / "a", tmp_path / "b"), output=tmp_path / "mean")
    weights.save(esbn.networks(**dataclasses.asdict(wider)), tmp_path / "b")
    with pytest.raises(ValueError, match=r"of one size\. Received: \(5, 5, 6, 4\), \(5, 5, 6, 6\)"):
        average_weights.main(config)
