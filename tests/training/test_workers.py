"""Several devices and several processes train what one device does, and survive a loss."""

import contextlib
import json
import os
import socket
import time
from collections.abc import Iterator, Sequence
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import training_align_low
from configs.settings import TrainingConfig
from tests import processes, tiny
from utils.training import devices

STAGE = "align_low"
COMMON = {"steps": 16, "batch_size": 4, "clip_norm": 0.7, "ema": 0.9, "checkpoint_every": 4}


@pytest.fixture(scope="module")
def one(tmp_path_factory, tiny_records):
    """The run of one process on one device, to compare with."""
    settings = tiny.config(tmp_path_factory.mktemp("one"), tiny_records, **COMMON)
    training_align_low.main(settings)
    return settings.run


def train_on_two_devices(settings: TrainingConfig, log: Path):
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    assert devices.strategy("mirrored").num_replicas_in_sync == 2
    processes.run_as_script(training_align_low.main, settings, log)


def train_as_worker(
    settings: TrainingConfig, log: Path, workers: Sequence[str], index: int
) -> None:
    task = {"type": "worker", "index": index}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": workers}, "task": task})
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    processes.run_as_script(training_align_low.main, settings, log)


@contextlib.contextmanager
def running_pair(settings: TrainingConfig, log: Path) -> Iterator[list[BaseProcess]]:
    """Two workers of this machine."""
    with socket.socket() as first, socket.socket() as second:
        for endpoint in (first, second):
            endpoint.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{endpoint.getsockname()[1]}" for endpoint in (first, second)]
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(processes.running(train_as_worker, settings, log, workers, index))
            for index in range(2)
        ]


def exit_code(process: BaseProcess) -> int | None:
    process.join(240)
    return process.exitcode


def require_same_run(ours: Path, theirs: Path):
    """Losses within 1e-5 in every step, and with them averaged weights."""
    logs = [tiny.log(run, STAGE) for run in (ours, theirs)]
    assert [row["step"] for row in logs[0]] == [str(step + 1) for step in range(COMMON["steps"])]
    for name, tolerance in (("loss", 1e-5), ("gradient_norm", 1e-4)):
        values = [[float(row[name]) for row in log] for log in logs]
        np.testing.assert_allclose(*values, atol=tolerance, rtol=0, err_msg=name)
    ours_weights, their_weights = (tiny.weights(run, STAGE) for run in (ours, theirs))
    names = [name for name in their_weights if name.startswith("average_low/")]
    assert names
    for name in names:
        # Adam divides by the gradient's size, so what is rounding in a zero gradient counts.
        difference = np.abs(ours_weights[name] - their_weights[name])
        assert np.mean(difference) < 1e-3, name


def test_two_processes_train_like_one_and_resume_after_a_worker_was_killed(
    tmp_path, tiny_records, one
):
    run, log = tmp_path / "run", tmp_path / "log"
    settings = tiny.config(run, tiny_records, strategy="multi_worker", **COMMON)
    with running_pair(settings, log) as (chief, worker):
        deadline = time.monotonic() + 200
        while not list(run.glob(f"{STAGE}/checkpoints/*.sha256")):
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
        worker.kill()
        assert exit_code(chief), log.read_text()
    assert len(tiny.log(run, STAGE)) < COMMON["steps"]
    assert any(words in log.read_text() for words in ("Another worker was lost", "UNAVAILABLE"))
    with running_pair(settings, log) as pair:
        assert [exit_code(process) for process in pair] == [0, 0], log.read_text()
    require_same_run(run, one)


def test_two_devices_of_one_process_train_like_one(tmp_path, tiny_records, one):
    settings = tiny.config(tmp_path / "run", tiny_records, strategy="mirrored", **COMMON)
    processes.run(train_on_two_devices, settings, tmp_path / "log")
    require_same_run(settings.run, one)


_ONE, _TASK = '{"cluster": {"worker": ["h:1"]}, ', '"task": {"type": "worker", "index": %s}}'
_WORKERS = ('"h:1"', "[]", "[5]", '["host"]', '["h:123456"]', '["h:x"]', '{"0": "h:1"}')


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "5", "[]", "{}", "[" * 100_000, '{"cluster": [], "task": []}', f"{_ONE}5"),
        *(_ONE + _TASK % index for index in ("1", "-1", "true", '"0"', "null", "[]")),
        *(f'{_ONE}"task": {task}}}' for task in ("[]", '{"index": 0}', '{"type": "ps"}')),
        *(f'{{"cluster": {{"worker": {workers}}}, {_TASK % 0}' for workers in _WORKERS),
        f'{{"cluster": {{"chief": ["h:1"], "worker": ["h:2"]}}, {_TASK % 0}',
    ],
    ids=lambda text: text[:60],
)
def test_workers_that_make_no_sense_are_refused_before_any_is_waited_for(monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ValueError, match=r"needs TF_CONFIG with.*Received: ") as caught:
        devices.strategy("multi_worker")
    assert str(caught.value).endswith(text[:300] or "none")
