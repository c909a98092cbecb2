"""lab/ablation.py: equal numbers of weights, the ways it trains, the table; no scores."""

import csv
import dataclasses

import numpy as np
import pytest

from configs import paths
from lab import ablation, settings
from lab.benchmarking import cost
from lab.networks.pixel_blending import pixel_blending
from models.alignment import alignment
from tests import layouts, tiny


@pytest.mark.parametrize("width", [16, 24, 64])
def test_one_encoder_of_both_frames_has_as_many_weights_as_two(width):
    one, two = (build(width=width, initializer="he") for build in (pixel_blending, alignment))
    assert one.get_layer("both1").kernel.shape[2] == 12
    (ours, _), (paper, _) = cost.parameters(one), cost.parameters(two)
    assert ours == pytest.approx(paper, rel=0.004)
    frames = [np.zeros((1, 16, 24, 6), np.float32)] * 2
    assert one(frames).shape == two(frames).shape


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Settings of an ablation that has run, of one seed and two steps a stage."""
    folder = tmp_path_factory.mktemp("ablation")
    for name, count in (("training", 4), ("test", 2)):
        for seed in range(count):
            layouts.write(folder / name, "Kalantari", f"{seed}", seed=seed)
    config = dataclasses.replace(
        settings.ablation("quick"),
        run=folder / "run",
        scenes=folder / "training",
        test=folder / "test",
        seeds=(3,),
        network=dataclasses.replace(tiny.NETWORK, width=8),
        sampling=tiny.SAMPLING,
        steps=2,
        batch_size=2,
    )
    ablation.main(config)
    return config


def test_frozen_alignments_stay_those_of_the_two_way_encoder_and_end_to_end_change(finished):
    for way, same in (("frozen", True), ("two_way", False)):
        after = tiny.weights(finished.run / f"{way}-3", "fusion")
        for side, stage in paths.ALIGNMENT.items():
            before = tiny.weights(finished.run / "two_way-3", stage)
            names = [name for name in before if name.startswith(f"{side}/")]
            assert names
            assert all(np.array_equal(before[name], after[name]) for name in names) == same
    stages = {path.parent.name: path for path in finished.run.glob("*/fusion")}
    assert stages.keys() == {"none-3", "pixels-3", "frozen-3", "two_way-3"}
    aligned = {path.parent.name for path in finished.run.glob("*/align_*")}
    assert aligned == {"pixels-3", "two_way-3"}
    assert any(12 in x.shape for x in tiny.weights(finished.run / "pixels-3", "fusion").values())


def test_the_table_has_a_row_for_each_way(finished):
    lines = (finished.run / "scores.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines))
    assert [row["alignment"] for row in rows] == [name for name in ablation.WAYS for _ in range(2)]
    text = (finished.run / "ablation.md").read_text()
    for name in ablation.WAYS:
        values = [float(row["psnr_mu"]) for row in rows if row["alignment"] == name]
        mean = f"{np.mean(values):.2f}"
        assert f"| {name} | {mean} [{mean}, {mean}] |" in text


def test_the_spread_is_that_of_the_seeds_means():
    columns = dict.fromkeys(ablation.COLUMNS, 0.0)
    by_seed = {
        seed: {"a": columns | {"psnr_mu": low}, "b": columns | {"psnr_mu": low + 2}}
        for seed, low in ((0, 30.0), (1, 33.0))
    }
    table = ablation.means({"none": by_seed}, settings.ablation("quick"))
    assert table.rows[0][1] == "32.50 [31.00, 34.00]"
