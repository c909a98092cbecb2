"""lab/benchmark.py --trade-off: rows, scores and the picture; no times."""

import json

import pytest

from configs.settings import EvaluationConfig, ReconstructionConfig
from evaluate import from_networks
from lab import benchmark
from lab.settings import BenchmarkConfig
from tests import layouts, tiny
from utils.evaluation.perceptual import Display
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.scoring import Meter, score
from utils.images import frames
from utils.inference.pipeline import open_networks
from utils.runs import weights
from utils.scenes.scene import SceneError


@pytest.fixture
def config(tmp_path) -> BenchmarkConfig:
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        weights.save(tiny.random_networks(), folder)
    for seed in (1, 2):
        layouts.write(tmp_path / "scenes", "Kalantari", f"{seed}", seed=seed)
    return BenchmarkConfig(
        quick=True,
        trade_off=tmp_path / "scenes",
        weights=folders,
        json=tmp_path / "figures.json",
        plot=tmp_path / "plot.png",
    )


def test_every_folder_has_a_row_for_each_number_of_copies_with_the_evaluators_scores(config):
    benchmark.main(config)
    rows = json.loads(config.json.read_text())["Quality against time"]
    assert [(row["weights"], row["copies"]) for row in rows] == [
        (str(folder), copies) for folder in config.weights for copies in (1, 2, 4, 8)
    ]
    assert all(row["s a scene"] > 0 for row in rows)
    defaults = EvaluationConfig(run=config.weights[1])
    meter = Meter(display=Display(peak=defaults.display_peak, black=defaults.display_black))
    reconstruction = ReconstructionConfig(run=config.weights[1], weights=config.weights[1])
    predict = from_networks(open_networks(reconstruction), 4, agreement=True)
    scores = score(config.trade_off, [PROTOCOLS["full"]], predict, meter, "auto")
    (by_scene,) = scores.by_protocol.values()
    for column, name in (("PSNR-mu", "psnr_mu"), ("PSNR-l", "psnr_l")):
        mean = sum(numbers[name] for numbers in by_scene.values()) / 2
        assert rows[6][column] == pytest.approx(mean, abs=1e-4)
    assert frames.read_ldr(config.plot).std() > 0


def test_a_scene_without_truth_is_named(config):
    (config.trade_off / "2" / "HDRImg.hdr").unlink()
    with pytest.raises(SceneError, match=r"needs the truth.*scenes/2"):
        benchmark.main(config)
