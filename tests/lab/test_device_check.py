"""lab/device_check.py: the report's rows and what follows from them; no times."""

import numpy as np
import pytest
import tensorflow as tf

from lab import device_check
from lab.benchmarking.timing import Row
from lab.settings import DeviceCheckConfig
from tests import tiny


@pytest.fixture
def config(tmp_path) -> DeviceCheckConfig:
    return DeviceCheckConfig(
        save=tmp_path / "check.md", seconds=1, network=tiny.NETWORK, patch_size=16
    )


def test_the_report_has_every_stage_and_precision_and_their_hours(config, monkeypatch, capsys):
    rates = [{"figure": "samples, with the release's resampling, 1/s", "value": 400.0}]
    monkeypatch.setattr(device_check.data_path, "measure", lambda **_: rates)
    device_check.main(config)
    text = config.save.read_text()
    assert text in capsys.readouterr().out
    for stage in device_check.STAGES:
        for precision in device_check.PRECISIONS:
            (line,) = (x for x in text.splitlines() if x.startswith(f"| {stage} | {precision} |"))
            assert "| yes |" in line  # the same bits twice
    assert text.count("| float32 |") == 3
    assert tf.__version__ in text


def test_hours_are_those_of_300_000_steps_and_wait_for_the_data():
    rows: list[Row] = [
        {"stage": stage, "precision": "float32", "batch": batch, "s a step": seconds}
        for stage, batch, seconds in (
            ("alignment, each", 8, 0.06),
            ("fusion, end to end", 4, 0.012),
        )
    ]
    rates: list[Row] = [{"figure": "samples, with the release's resampling, 1/s", "value": 200.0}]
    found = device_check.hours(rows, rates, "float32")
    assert found["alignment, each"] == pytest.approx(5)
    assert found["fusion, end to end"] == pytest.approx(0.02 / 3.6 * 300)
    assert found["all three"] == pytest.approx(10 + 5 / 3)


def test_a_step_that_gives_other_bits_is_found():
    weight = tf.Variable(tf.ones(()))
    random = np.random.default_rng(0)

    def step(amount):
        weight.assign_add(amount() if callable(amount) else amount)
        return {"loss": weight.read_value()}

    assert device_check._same_bits([weight], step, 0.5)
    assert not device_check._same_bits([weight], step, random.random)


def test_the_largest_batch_is_the_last_that_fits(config):
    def step(batch):
        if len(batch.ldr) > 16:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM")
        return {"loss": 0.0}

    late = device_check.time.perf_counter() + 60
    assert device_check._largest(config, step, 4, 0.0, late) == "16; 32 does not fit"
    assert device_check._largest(config, step, 4, 0.0, 0.0) == "4 or more"
