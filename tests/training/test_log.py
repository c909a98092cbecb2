"""The log of a training stage: CSV files and curves."""

import os

import numpy as np
import pytest
from matplotlib.figure import Figure

from utils.images import frames
from utils.training import log
from utils.training.log import VALIDATION_NAME, Log

SHEET = np.zeros((8, 8, 3), np.uint8)


def test_curves_show_losses_above_scores(tmp_path, monkeypatch):
    measured = iter([8.0, 30.0])
    with Log(tmp_path, 0, lambda: ({"psnr_mu": next(measured)}, SHEET)) as stage:
        stage.validation(0)
        for step, loss in ((10, 0.5), (20, 0.25)):
            stage.training(step, {"loss": loss})
        stage.validation(20)
    figures = []
    subplots = Figure.subplots

    def keep(self, *args, **kwargs):
        figures.append(subplots(self, *args, **kwargs))
        return figures[-1]

    monkeypatch.setattr(Figure, "subplots", keep)
    log.draw(tmp_path / "curves.png", tmp_path)
    losses, scores = (
        [(line.get_label(), *map(list, line.get_data())) for line in axes.lines]
        for axes in figures[0]
    )
    assert losses == [("loss", [10, 20], [0.5, 0.25])]
    assert scores == [("PSNR-μ", [0, 20], [8.0, 30.0])]
    assert frames.read_ldr(tmp_path / "curves.png").std() > 1
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes" / log.LOG_NAME)
    for other in ("nothing logged yet", "pipes"):
        log.draw(tmp_path / "empty.png", tmp_path / other)
        (tmp_path / "empty.png").unlink()


@pytest.fixture
def no_curves(monkeypatch):
    monkeypatch.setattr(log, "draw", lambda *_: None)


def _validate(folder, first, steps):
    scores = ({"psnr_mu": step / 7, "psnr_l": 20.0} for step in steps)
    with Log(folder, first, lambda: (next(scores), SHEET)) as stage:
        for step in steps:
            stage.validation(step)
    return (folder / VALIDATION_NAME).read_bytes()


@pytest.mark.usefixtures("no_curves")
def test_a_truncated_file_keeps_its_header_and_whole_lines(tmp_path):
    whole = _validate(tmp_path, 0, (2, 4, 6))
    heading, *rows = whole.splitlines(keepends=True)
    assert heading == b"step,psnr_mu,psnr_l\n"
    for end in range(len(whole)):
        (tmp_path / VALIDATION_NAME).write_bytes(whole[:end])
        left = [row for row in rows[:2] if whole.index(row) + len(row) <= end]
        assert _validate(tmp_path, 4, (6,)) == b"".join([heading, *left, rows[2]])


@pytest.mark.usefixtures("no_curves")
@pytest.mark.parametrize("damage", [bytes(9), b"\xff\xfe,1,2\n", b"7,one,2\n"])
def test_damage_after_the_last_step_is_dropped(tmp_path, damage):
    whole = _validate(tmp_path, 0, (2, 4))
    (tmp_path / VALIDATION_NAME).write_bytes(whole + damage)
    assert _validate(tmp_path, 4, (6,)) == whole + b"6,0.857143,20\n"


@pytest.mark.usefixtures("no_curves")
def test_a_damaged_header_starts_a_new_file(tmp_path):
    expected = _validate(tmp_path, 0, (6,))
    (tmp_path / VALIDATION_NAME).write_bytes(b"step,psnr_m2,0.3,20\n4,0.571429,20\n")
    assert _validate(tmp_path, 4, (6,)) == expected


@pytest.mark.usefixtures("no_curves")
@pytest.mark.parametrize("step", [0, 4])
def test_lines_are_not_written_elsewhere(tmp_path, step):
    folder, other = tmp_path / "stage", tmp_path / "other.csv"
    folder.mkdir()
    (folder / VALIDATION_NAME).symlink_to(other)
    with pytest.raises(OSError, match=rf"no link or pipe.*{folder / VALIDATION_NAME}"):
        _validate(folder, step, (5,))
    assert not other.exists()
    other.write_text("step,psnr_mu\n")
    _validate(folder, step, (5,))  # a copy takes the link's place
    assert not (folder / VALIDATION_NAME).is_symlink()
    assert other.read_text() == "step,psnr_mu\n"
