"""The numbers of a training stage, as tables and as a picture."""

import pytest
from matplotlib.figure import Figure

from utils.images import frames
from utils.runs.provenance import VALIDATION_NAME
from utils.training import log
from utils.training.log import Log


def folder(root, name, losses, scores=()):
    path = root / name
    path.mkdir()
    with Log(path, 0) as journal:
        for step, loss in losses:
            journal.log(step, {"loss": loss, "seconds": 1.0})
        for step, score in scores:
            journal.validation(step, {"psnr_mu": score})
    return path


def drawn(monkeypatch, path, folders):
    """Data of the lines that a legend would show, by axes: `(x, y)` lists."""
    figures = []
    subplots = Figure.subplots

    def keep(self, *args, **kwargs):
        figures.append(subplots(self, *args, **kwargs))
        return figures[-1]

    monkeypatch.setattr(Figure, "subplots", keep)
    log.draw(path, folders)
    return [
        [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
        for axes in figures[0]
    ]


def test_losses_stand_above_scores(tmp_path, monkeypatch):
    stage = folder(tmp_path, "a", [(10, 0.5), (20, 0.25)], [(0, 8.0), (20, 30.0)])
    losses, scores = drawn(monkeypatch, tmp_path / "curves.png", [stage])
    assert losses == [([10, 20], [0.5, 0.25])]
    assert scores == [([0, 20], [8.0, 30.0])]
    picture = frames.read_ldr(tmp_path / "curves.png")
    assert picture.shape[0] > 400
    assert picture.std() > 1
    assert not list(tmp_path.glob(".*"))


def test_a_stage_that_goes_on_counts_on(tmp_path, monkeypatch):
    first = folder(tmp_path, "a", [(10, 0.5), (20, 0.25)], [(20, 30.0)])
    second = folder(tmp_path, "b", [(10, 0.2)], [(0, 29.0), (10, 31.0)])
    losses, scores = drawn(monkeypatch, tmp_path / "curves.png", [first, second])
    assert losses[:2] == [([10, 20], [0.5, 0.25]), ([30], [0.2])]
    assert scores[:2] == [([20], [30.0]), ([20, 30], [29.0, 31.0])]
    assert losses[2][0] == [20, 20]  # the mark between them


def test_a_score_keeps_its_colour_and_is_named_once_though_a_stage_lacks_others(
    tmp_path, monkeypatch
):
    one = folder(tmp_path, "a", [(10, 0.5)], [(10, 30.0)])
    other = tmp_path / "b"
    other.mkdir()
    with Log(other, 0) as journal:
        journal.validation(10, {"psnr_aligned_low": 28.0, "psnr_mu": 31.0})
    lines = []
    plot = log.Axes.plot

    def keep(self, *args, **kwargs):
        lines.append((kwargs["label"], kwargs["color"]))
        return plot(self, *args, **kwargs)

    monkeypatch.setattr(log.Axes, "plot", keep)
    log.draw(tmp_path / "curves.png", [one, other])
    score, again, aligned = lines[1:]
    assert score[0] == "PSNR-μ"
    assert again == ("_", score[1])
    assert aligned[0] == "PSNR of aligned low"
    assert aligned[1] != score[1]


def test_nothing_noted_yet_is_an_empty_picture(tmp_path):
    (tmp_path / "a").mkdir()
    log.draw(tmp_path / "curves.png", [tmp_path / "a"])
    assert (tmp_path / "curves.png").exists()


def _note(folder, first, steps):
    with Log(folder, first) as journal:
        for step in steps:
            journal.validation(step, {"psnr_mu": step / 7, "psnr_l": 20.0})
    return (folder / VALIDATION_NAME).read_bytes()


def test_cut_short_anywhere_a_table_has_one_heading_whole_lines_and_one_line_end(tmp_path):
    whole = _note(tmp_path, 0, (2, 4, 6))
    heading, *rows = whole.splitlines(keepends=True)
    assert heading == b"step,psnr_mu,psnr_l\n"
    for end in range(len(whole)):
        (tmp_path / VALIDATION_NAME).write_bytes(whole[:end])
        left = [row for row in rows[:2] if whole.index(row) + len(row) <= end]
        assert _note(tmp_path, 4, (6,)) == b"".join([heading, *left, rows[2]])


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace(b"\n", b"\r\n"),  # as earlier versions wrote it
        lambda text: text.replace(b"\n", b"\r\n", 2),
        lambda text: text + bytes(9),
        lambda text: text + b"\xff\xfe,1,2\n",
        lambda text: text + b"7,one,2\n",
    ],
)
def test_damage_behind_the_last_step_and_other_line_ends_are_mended(tmp_path, damage):
    whole = _note(tmp_path, 0, (2, 4))
    (tmp_path / VALIDATION_NAME).write_bytes(damage(whole))
    assert _note(tmp_path, 4, (6,)) == whole + b"6,0.857143,20\n"


@pytest.mark.parametrize("heading", [b"step,psnr_m2,0.3,20\n", b"st2,0.3,20\n", bytes(20) + b"\n"])
def test_below_a_damaged_heading_a_table_begins_anew(tmp_path, heading):
    (tmp_path / VALIDATION_NAME).write_bytes(heading + b"4,0.571429,20\n")
    assert _note(tmp_path, 4, (6,)) == b"step,psnr_mu,psnr_l\n6,0.857143,20\n"
