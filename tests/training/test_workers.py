"""Several devices and several processes train what one device does, and survive a loss."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from keras.src.backend.tensorflow.optimizer import TFOptimizer

import training_align_low
from tests import processes, tiny
from utils.training import devices

ROOT = Path(__file__).parents[2]
STAGE = "align_low"
COMMON = {"steps": 16, "batch_size": 4, "clip_norm": 0.7, "ema": 0.9, "checkpoint_every": 4}
TWO_DEVICES = """
import sys, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import training_align_low as script
from utils.training import devices
if devices.strategy("mirrored").num_replicas_in_sync != 2: sys.exit("not two devices")
script.command.run(script.main, script.presets.alignment, "")
"""


@pytest.fixture(scope="module")
def one(tmp_path_factory, tiny_records):
    """The run of one process on one device, to compare with."""
    settings = tiny.config(tmp_path_factory.mktemp("one"), tiny_records, **COMMON)
    training_align_low.main(settings)
    return settings.run


def started(command, settings, **environment):
    return processes.started(
        [sys.executable, *command, *tiny.flags(settings)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def started_pair(settings) -> Iterator[list[subprocess.Popen]]:
    """Two workers of this machine."""
    with socket.socket() as first, socket.socket() as second:
        for endpoint in (first, second):
            endpoint.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{endpoint.getsockname()[1]}" for endpoint in (first, second)]
    script = [str(ROOT / "training_align_low.py")]
    tasks = [
        {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        for index in range(2)
    ]
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(started(script, settings, TF_CONFIG=json.dumps(task)))
            for task in tasks
        ]


def finish(process: subprocess.Popen) -> tuple[int, str]:
    errors = process.communicate(timeout=240)[1]
    return process.returncode, errors


def require_same_run(ours: Path, theirs: Path):
    """Losses within 1e-5 in every step, and with them scores and averaged weights."""
    logs = [tiny.log(run, STAGE) for run in (ours, theirs)]
    assert [row["step"] for row in logs[0]] == [str(step + 1) for step in range(COMMON["steps"])]
    for name, tolerance in (("loss", 1e-5), ("gradient_norm", 1e-4)):
        values = [[float(row[name]) for row in log] for log in logs]
        np.testing.assert_allclose(*values, atol=tolerance, rtol=0, err_msg=name)
    scores = [(run / STAGE / "validation.csv").read_text().split() for run in (ours, theirs)]
    assert len(scores[0]) == len(scores[1])
    for line, expected in zip(scores[0][1:], scores[1][1:], strict=True):
        assert float(line.split(",")[1]) == pytest.approx(float(expected.split(",")[1]), abs=1e-3)
    ours_weights, their_weights = (tiny.weights(run, STAGE) for run in (ours, theirs))
    names = [name for name in their_weights if name.startswith("average_low/")]
    assert names
    for name in names:
        # Adam divides by the gradient's size, so what is rounding in a zero gradient counts.
        difference = np.abs(ours_weights[name] - their_weights[name])
        assert np.mean(difference) < 1e-3, name


def test_two_processes_train_like_one_and_go_on_after_a_worker_was_killed(
    tmp_path, tiny_records, one
):
    settings = tiny.config(tmp_path, tiny_records, strategy="multi_worker", **COMMON)
    with started_pair(settings) as (chief, worker):
        deadline = time.monotonic() + 200
        while not list(tmp_path.glob(f"{STAGE}/checkpoints/*.sha256")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        worker.kill()
        code, errors = finish(chief)
    assert code != 0
    assert len(tiny.log(tmp_path, STAGE)) < COMMON["steps"]
    assert "Another worker was lost" in errors or "UNAVAILABLE" in errors

    with started_pair(settings) as pair:
        for process in pair:
            code, errors = finish(process)
            assert code == 0, errors
    require_same_run(tmp_path, one)


def test_two_devices_of_one_process_train_like_one(tmp_path, tiny_records, one):
    settings = tiny.config(tmp_path, tiny_records, strategy="mirrored", **COMMON)
    with started(["-c", TWO_DEVICES], settings) as process:
        code, errors = finish(process)
    assert code == 0, errors
    require_same_run(tmp_path, one)


def test_multi_worker_without_tf_config_is_refused(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match=r"needs TF_CONFIG\. Received: none"):
        devices.strategy("multi_worker")


def test_keras_still_sums_gradients_where_ours_are_summed_already():
    """`utils.training.optimisation` replaces this method; under another name it would sum twice."""
    assert "_all_reduce_sum_gradients" in vars(TFOptimizer)
