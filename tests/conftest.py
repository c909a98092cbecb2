"""Settings of every test, and tiny records and runs that several tests share."""

import signal
from pathlib import Path

import pytest
import tensorflow as tf

from tests import tiny

# In a background job of a shell, Ctrl-C is ignored, also in processes that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Results do not depend on the order of threads.
tf.config.experimental.enable_op_determinism()

_SLOW = ("test_bad_inputs", "test_train_page", "test_bad_disks", "test_survival", "test_workers")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starts with the slow files, so that no worker waits for another at the end."""
    order = {name: index for index, name in enumerate(_SLOW)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(scope="session")
def tiny_records(tmp_path_factory) -> str:
    """Records of one scene for training and for validation."""
    return tiny.write_records(tmp_path_factory.mktemp("records"))


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory, tiny_records) -> Path:
    """A run of which both alignment stages are trained; tests change only copies."""
    run = tmp_path_factory.mktemp("tiny") / "run"
    tiny.train_alignments(tiny.config(run, tiny_records))
    return run
