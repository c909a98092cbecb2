"""Settings of every test, and tiny records and runs that several tests share."""

from pathlib import Path

import pytest
import tensorflow as tf

from tests import tiny

tf.config.experimental.enable_op_determinism()


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
