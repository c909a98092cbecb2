"""The parts of the benchmark that are not timings."""

import json

import numpy as np
import pytest

from lab import benchmark
from lab.benchmarking import cost, timing, widths
from lab.settings import BenchmarkConfig
from models import esbn


@pytest.fixture(scope="module")
def plain():
    return esbn.networks(arithmetic="plain")


@pytest.fixture(scope="module")
def fast():
    return esbn.networks()


# Figures of the description of the networks.
@pytest.mark.parametrize(
    ("height", "width", "alignment", "merging"),
    [(256, 256, 51.8, 25.4), (896, 1344, 951, 467), (1000, 1504, 1188, 583)],
)
def test_multiply_adds_of_the_plain_networks(plain, height, width, alignment, merging):
    found = {name: cost.multiply_adds(plain[name], height, width) / 1e9 for name in plain}
    assert found["low"] == found["high"] == pytest.approx(alignment, rel=2e-3)
    assert found["merging"] == pytest.approx(merging, rel=2e-3)


def test_fast_networks_save_multiply_adds_of_the_decoder(plain, fast):
    saved = [cost.multiply_adds(net["low"], 256, 256) for net in (plain, fast)]
    # Three steps after nearest x2, 9 taps instead of 25, for each pixel of the picture.
    steps = 512 * 128 / 16 + 384 * 64 / 4 + 192 * 64
    expected = (25 - 9) * steps * 256**2
    assert saved[0] - saved[1] == pytest.approx(expected, rel=0.02)
    rest = [cost.multiply_adds(net["merging"], 256, 256) for net in (plain, fast)]
    assert rest[1] == pytest.approx(rest[0], rel=0.01)


def test_parameters(plain):
    assert cost.parameters(plain["low"]) == (15_265_091, 15_275_843)
    assert cost.parameters(plain["merging"]) == (388_419, 388_419)


def test_variants_alternate_after_a_warm_up():
    calls = []
    seconds = timing.alternate({name: lambda n=name: calls.append(n) for name in "ab"}, 3)
    assert calls == list("ab" * 4)
    assert list(seconds) == ["a", "b"]


def test_fresh_process_counts_its_own_memory_only():
    ballast = np.ones(2**30, np.uint8)  # 1 GiB of this process
    _, nothing = timing.in_fresh_process(len, ())
    assert nothing < ballast.nbytes
    _, small = timing.in_fresh_process(_fill, 1)
    _, large = timing.in_fresh_process(_fill, 2**28)
    assert large - small == pytest.approx(2**28, rel=0.2)


def _fill(size):
    return int(np.ones(size, np.uint8)[-1])


def test_every_table_is_printed_and_written(tmp_path, monkeypatch, capsys):
    for name in ("networks", "inference", "memory"):
        monkeypatch.setattr(benchmark, f"measure_{name}", lambda *_: [{"of": "x", "s": 0.5}])
    monkeypatch.setattr(widths, "measure", lambda *_, **__: [{"figure": "y", "n": 1}])
    path = tmp_path / "figures.json"
    benchmark.main(BenchmarkConfig(quick=True, json=path))
    report = json.loads(path.read_text())
    assert report["quick"] is True
    assert report["Inference at 480x320"] == [{"of": "x", "s": 0.5}]
    assert "## Widths at 480x320 (quick)" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [path]


def test_narrower_networks_are_smaller_in_every_column_but_speed(monkeypatch):
    monkeypatch.setattr(widths, "WIDTHS", (8, 4))
    wide, narrow = widths.measure((16, 16), turns=1)
    for column in ("width", "M weights", "T multiply-adds"):
        assert float(narrow[column]) < float(wide[column])
