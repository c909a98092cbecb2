"""One bad scene loses its own scores and no others, and says why."""

import numpy as np
import pytest

from tests import layouts
from utils.evaluation.perceptual import Display
from utils.evaluation.protocols import PROTOCOLS
from utils.evaluation.psnr_ssim import psnr, ssim
from utils.evaluation.scoring import Meter, from_function, score
from utils.images import radiance_maps

METER = Meter(display=Display(peak=1000, black=0.005))


@pytest.fixture
def root(tmp_path):
    for seed, name in enumerate(("a", "b", "c")):
        layouts.write(tmp_path / "Test", "Kalantari", name, seed=seed)
    return tmp_path / "Test"


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.001, 1e30])
def test_a_bad_prediction_loses_its_own_scores_only(root, value):
    def predict(scene):
        result = scene.hdr.copy()
        result[: len(result) // 2] *= 0.9
        if scene.name == "b":
            result[3, 4] = value
        return result

    protocols = [PROTOCOLS[name] for name in ("full", "ntire", "hdr-transformer")]
    scores = score(root, protocols, from_function(predict), METER)
    for protocol in protocols:
        rows = scores.by_protocol[protocol.title]
        assert {"a", "c"} <= set(rows)
        assert all(np.isfinite(list(numbers.values())).all() for numbers in rows.values())
    lost = [p.title for p in protocols if "b" not in scores.by_protocol[p.title]]
    assert len(scores.failures) == len(lost)
    assert all("b" in line.split(":")[0] for line in scores.failures)
    if not np.isfinite(value):
        assert lost


def test_a_library_error_of_one_scene_is_named(root):
    def predict(scene):
        if scene.name == "b":
            raise RuntimeError("out of luck")
        return scene.hdr * 0.9

    scores = score(root, [PROTOCOLS["full"]], from_function(predict), METER)
    assert scores.failures == ["Scene b: out of luck"]
    assert set(scores.by_protocol["full"]) == {"a", "c"}


def test_a_truth_that_is_no_picture_fails_by_name(root):
    path = next((root / "b").glob("*.hdr"))
    shape = radiance_maps.read_radiance(path).shape
    radiance_maps.write_radiance(path, np.zeros(shape, np.float32))
    scores = score(
        root,
        [PROTOCOLS["ntire"]],
        from_function(lambda s: np.full_like(s.ldr[1], 0.5, np.float32)),
        METER,
    )
    assert set(scores.by_protocol["ntire"]) == {"a", "c"}
    (line,) = scores.failures
    assert "b" in line


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_scores_of_what_is_not_finite_are_refused_with_the_value(value):
    truth = np.random.default_rng(0).random((16, 16, 3))
    result = truth.copy()
    result[0, 0, 0] = value
    with pytest.raises(ValueError, match=f"1 values such as {value} of the result"):
        psnr(result, truth)
    with pytest.raises(ValueError, match="must be finite"):
        ssim(result, truth, data_range=1.0)
