"""The end of a script: exit codes, and what stands on standard error."""

import logging
import sys

import pytest
from tqdm import tqdm

from configs import presets
from configs.start_up import INTERRUPTED
from utils import command


@pytest.fixture(autouse=True)
def _no_arguments(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script.py"])


def run(main) -> int:
    with pytest.raises(SystemExit) as ended:
        command.run(main, presets.reconstruction, None)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_ctrl_c_is_one_line_and_exit_code_130(capsys):
    def main(_):
        raise KeyboardInterrupt

    assert run(main) == 130
    assert capsys.readouterr().err.strip() == INTERRUPTED


def test_warnings_of_the_log_begin_a_line_beside_a_progress_bar(capsys):
    def main(_):
        for _ in tqdm(range(2)):
            logging.getLogger("utils.x").warning("%d frames", 3)

    assert run(main) == 0
    assert capsys.readouterr().err.replace("\r", "\n").split("\n").count("warning: 3 frames") == 2


def test_the_first_word_is_coloured_on_a_terminal_alone(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert command.report_failures(["lost"]) == 2
    monkeypatch.setenv("NO_COLOR", "1")
    command.report_failures(["lost"])
    assert capsys.readouterr().err == "\x1b[1;31merror:\x1b[0m lost\nerror: lost\n"
