"""Start-up: no output that looks like a crash, unless something is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from configs import start_up

ROOT = Path(__file__).parent.parent.parent


def python(*arguments):
    settings = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.skipif(start_up.has_nvidia_device(), reason="with a GPU TensorFlow prints its name")
def test_a_script_prints_nothing_about_a_missing_gpu(tmp_path):
    done = python("export.py", "--run", str(tmp_path), "--output", str(tmp_path / "a"))
    assert done.returncode == 2
    assert done.stderr.startswith("error: Nothing is trained in")
    assert len(done.stderr.splitlines()) == 1


def test_what_libraries_print_is_hidden_until_it_is_shown():
    code = (
        "import os, sys; from configs import start_up\n"
        "start_up._hide_native_messages(); os.write(2, b'noise'); print('error', file=sys.stderr)\n"
        "start_up.show_native_messages(); os.write(2, b'broken')"
    )
    assert python("-c", code).stderr == "error\nbroken"


def test_ctrl_c_while_modules_load_is_one_line():
    done = python("-c", "import configs; raise KeyboardInterrupt")
    assert done.stderr.split("\n") == ["", start_up.INTERRUPTED, ""]
    # By the signal, which shells report as 130.
    assert done.returncode in {-2, start_up.EXIT_INTERRUPTED}
