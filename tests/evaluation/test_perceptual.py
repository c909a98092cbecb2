"""PU21 against values of its authors' code; ColorVideoVDP where it is installed."""

import importlib

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from tests.brackets import bracket
from utils.evaluation.perceptual import ColorVideoVdp, Display, encode, measure

# Of `pycvvdp.utils.PU`, package cvvdp 0.5.7, by the encoding's authors.
AUTHORS = {
    0.1: 5.717073839669447,
    1: 36.5439111394192,
    10: 123.64748355384738,
    100: 256.3838973127039,
    1000: 420.0969213492443,
    4000: 527.4939005367281,
    10000: 595.393920020095,
}
DISPLAY = Display(peak=1000, black=0.005)


def test_encoding_is_that_of_the_authors():
    values = encode(np.array(list(AUTHORS), np.float64))
    np.testing.assert_allclose(values, list(AUTHORS.values()), rtol=1e-9)


def test_encoding_rises_from_zero_and_clips_at_its_ends():
    values = encode(np.geomspace(0.005, 10_000, 200))
    assert (np.diff(values) > 0).all()
    assert values[0] == pytest.approx(0, abs=1e-6)
    np.testing.assert_array_equal(encode(np.array([0, 1e5])), values[[0, -1]])


def test_a_display_spans_black_to_peak():
    shown = Display(peak=500, black=0.5).show(np.array([-1, 0, 0.5, 1, 2]))
    np.testing.assert_allclose(shown, [0.5, 0.5, 250.25, 500, 500])


def test_metrics_are_those_of_scikit_image_on_encoded_values():
    truth = bracket().hdr
    result = np.clip(truth * 1.1, 0, 1)
    encoded = [encode(0.005 + 999.995 * x.astype(np.float64)) for x in (result, truth)]
    metrics = measure(result, truth, DISPLAY)
    expected = peak_signal_noise_ratio(encoded[1], encoded[0], data_range=256)
    assert metrics.pu21_psnr == pytest.approx(expected, abs=1e-9)
    weights = [0.212656, 0.715158, 0.072186]
    grey = [encode(0.005 + 999.995 * (x.astype(np.float64) @ weights)) for x in (result, truth)]
    expected = structural_similarity(
        grey[1],
        grey[0],
        data_range=256,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert metrics.pu21_ssim == pytest.approx(expected, abs=1e-6)


def test_colorvideovdp_says_what_is_missing(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ValueError, match=r"cvvdp and torch\. Received: No module"):
        ColorVideoVdp(DISPLAY)


def test_colorvideovdp_of_a_known_pair():
    try:
        metric = ColorVideoVdp(DISPLAY)
    except ValueError as error:
        pytest.skip(str(error))
    y, x = np.mgrid[:96, :128]
    waves = [(0.5 + 0.5 * np.sin(x / 9 + k) * np.cos(y / 7)) ** 3 for k in range(3)]
    truth = np.stack(waves, axis=-1).astype(np.float32)
    result = np.clip(truth * 1.05 + 0.01 * np.sin(x / 2)[..., None], 0, 1).astype(np.float32)
    assert metric.measure(truth, truth) == pytest.approx(10)
    if "v0.5.7" in metric.title:
        assert metric.measure(result, truth) == pytest.approx(9.6454, abs=2e-3)
    for part in ("ColorVideoVDP v", "pix/deg", "Lpeak=1500"):
        assert part in metric.title
