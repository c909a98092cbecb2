"""Scripts as commands, started from another folder, on a tiny tree."""

import os
import subprocess
import sys
from pathlib import Path

from tests import layouts

ROOT = Path(__file__).parent.parent


def run(script: str, folder: Path, *flags: str) -> subprocess.CompletedProcess:
    """Runs a script in a folder, as a user would."""
    return subprocess.run(
        [sys.executable, str(ROOT / script), *flags],
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_good_input_is_exit_code_0_and_results_in_the_current_folder(tmp_path):
    for seed, name in enumerate(("a", "b", "c")):
        layouts.write(tmp_path / "data" / "Training", "Kalantari", name, seed=seed)
    done = run("make_tfrecord.py", tmp_path, "--validation-scenes=1")
    assert done.returncode == 0, done.stderr
    assert "2 training and 1 validation scenes" in done.stdout
    assert (tmp_path / "runs" / "quick" / "records" / "index.json").exists()


def test_bad_input_is_one_line_and_exit_code_2(tmp_path):
    done = run("reconstruction_fusion.py", tmp_path, "--scenes", "nowhere")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "nowhere" in done.stderr.splitlines()[-1]
