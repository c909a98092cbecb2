"""Start-up: nothing on the screen that looks like a crash, unless something is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs import start_up

ROOT = Path(__file__).parent.parent.parent
FIRST_USE = "import configs, tensorflow as tf; tf.config.list_physical_devices(); tf.zeros(1) + 1"
without_gpu = pytest.mark.skipif(
    start_up.has_nvidia_device(), reason="with a GPU TensorFlow says what it finds"
)


def python(*arguments, **environment):
    settings = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env={**settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@without_gpu
@pytest.mark.parametrize("arguments", [["reconstruction_fusion.py", "--help"], ["-c", FIRST_USE]])
def test_a_run_without_a_gpu_is_silent_about_it(arguments):
    done = python(*arguments)
    assert done.returncode == 0
    assert done.stderr == ""


def test_what_a_failing_import_printed_is_shown(capfd):
    def fail(_):
        os.write(2, b"libcudart is broken\n")
        raise ImportError

    with pytest.raises(ImportError):
        start_up._quietly(fail, start_up)
    assert capfd.readouterr().err == "libcudart is broken\n"
    os.write(2, b"as before")
    assert capfd.readouterr().err == "as before"


def test_ctrl_c_while_modules_load_is_one_line():
    done = python("-c", "import configs; raise KeyboardInterrupt")
    assert done.stderr.split("\n") == ["", start_up.INTERRUPTED, ""]
    assert done.returncode in {
        -2,
        start_up.EXIT_INTERRUPTED,
    }  # by the signal, which shells call 130
