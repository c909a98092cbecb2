"""The end of a script: exit codes and lines on standard error."""

import importlib
import io
import logging
import os
import signal
import subprocess
import sys
import time

import pytest
from tqdm import tqdm

from configs import presets
from configs.start_up import INTERRUPTED
from lab import settings as lab_settings
from utils import command

SCRIPTS = {
    "make_tfrecord": presets.records,
    "training_align_high": presets.alignment,
    "training_fusion": presets.fusion,
    "reconstruction_align2": presets.reconstruction,
    "reconstruction_fusion": presets.reconstruction,
    "evaluate": presets.evaluation,
    "export": presets.export,
    "lab.make_scenes": lab_settings.scenes,
    "lab.make_samples": lab_settings.samples,
    "lab.benchmark": lab_settings.benchmark,
    "lab.ablation": lab_settings.ablation,
    "lab.paper_table": lab_settings.paper_table,
    "lab.device_check": lab_settings.device_check,
    "lab.make_weights": lab_settings.recipe,
    "lab.narrow_weights": lab_settings.narrowing,
    "lab.networks.average_weights": lab_settings.average,
}


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script.py"])


def run(main) -> int:
    with pytest.raises(SystemExit) as ended:
        command.run(main, presets.reconstruction, None)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("instead", [KeyboardInterrupt(), SystemError("bad argument"), None])
def test_ctrl_c_is_one_line_and_exit_code_130(capsys, instead):
    """Also where a library turns it into another error or swallows it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in background jobs

    def main(_):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)
        except KeyboardInterrupt:
            if instead:
                raise instead from None

    assert run(main) == 130
    assert capsys.readouterr().err.strip() == INTERRUPTED
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_closed_pipe_ends_the_script_silently():
    line = [sys.executable, "-u", "-m", "lab.make_weights", "--show"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as shown:
        assert shown.stdout
        assert shown.stderr
        shown.stdout.close()  # long before it is ready to write
        assert shown.stderr.read() == b""
    assert shown.returncode == command.EXIT_UNREAD


def test_the_error_comes_after_earlier_output(tmp_path):
    """Where both streams go to one file, as in a log."""
    code = (
        "import sys; sys.argv = ['x'];"
        "from configs import presets; from utils import command\n"
        "def main(_): print('step 6'); raise {}\n"
        "command.run(main, presets.reconstruction, None)"
    )
    for error, line in (("KeyboardInterrupt", INTERRUPTED), ("ValueError('bad')", "error: bad")):
        with (tmp_path / "log").open("w") as log:
            subprocess.run(
                [sys.executable, "-c", code.format(error)], stdout=log, stderr=log, check=False
            )
        said = (tmp_path / "log").read_text().splitlines()
        assert (said[0], said[-1]) == ("step 6", line)


@pytest.mark.parametrize("text", ["", "Unable to allocate 34 GiB\nfor an array"])
def test_a_lack_of_memory_is_one_line_and_exit_code_2(capsys, text):
    def main(_):
        raise MemoryError(text)

    assert run(main) == 2
    reason = text.splitlines()[0] if text else "MemoryError"
    assert capsys.readouterr().err.strip().endswith(f"need less. Received: {reason}")


def test_warnings_of_the_log_are_lines_beside_a_progress_bar(capsys):
    def main(_):
        for _ in tqdm(range(2)):
            logging.getLogger("utils.x").warning("%d frames", 3)

    assert run(main) == 0
    assert capsys.readouterr().err.replace("\r", "\n").split("\n").count("warning: 3 frames") == 2


def _ascii_streams(monkeypatch):
    """Standard output and error of an ASCII locale.

    Not a fixture: pytest puts its own in their place before a test begins.
    """
    streams = {name: io.TextIOWrapper(io.BytesIO(), "ascii") for name in ("stdout", "stderr")}
    for name, stream in streams.items():
        monkeypatch.setattr(sys, name, stream)
    return streams


def _text(stream):
    stream.flush()
    return stream.buffer.getvalue().decode("ascii")


def test_a_locale_without_some_characters_shows_them_escaped(monkeypatch):
    streams = _ascii_streams(monkeypatch)

    def main(_):
        tqdm.write("PSNR-μ ± 漢 \udcff")
        raise ValueError("no folder Küche")

    assert run(main) == 2
    assert _text(streams["stdout"]) == "PSNR-\\u03bc \\xb1 \\u6f22 \\udcff\n"
    assert _text(streams["stderr"]) == "error: no folder K\\xfcche\n"


@pytest.mark.parametrize("name", SCRIPTS)
def test_help_needs_no_more_than_ascii(monkeypatch, name):
    module = importlib.import_module(name)
    streams = _ascii_streams(monkeypatch)
    monkeypatch.setattr(sys, "argv", [f"{name}.py", "--help"])
    with pytest.raises(SystemExit) as ended:
        command.run(module.main, SCRIPTS[name], module.__doc__)
    assert not ended.value.code
    assert "--preset" in _text(streams["stdout"])


def test_errors_are_printable_and_coloured_only_on_a_terminal(capsys, monkeypatch):
    assert command.report_failures(["Scene a\x1b[2J\nb\udcff: lost"]) == 2
    assert capsys.readouterr().err == r"error: Scene a\x1b[2J\nb\udcff: lost" + "\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    command.report_failures(["lost"])
    monkeypatch.setenv("NO_COLOR", "1")
    command.report_failures(["lost"])
    assert capsys.readouterr().err == "\x1b[1;31merror:\x1b[0m lost\nerror: lost\n"
