"""The course of a training stage as a picture."""

from matplotlib.figure import Figure

from utils.images import frames
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
