"""The training loop: it resumes, it ends, it refuses; the rate is a function of the step."""

import csv
import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

import training_align_high
import training_align_low
import training_fusion
from configs.settings import TrainingConfig
from tests import tiny
from utils.evaluation.scores import score_alignment
from utils.radiometry.levels import ldr_to_float
from utils.records import record
from utils.runs import networks, settings, weights
from utils.training.loop import finite
from utils.training.optimisation import learning_rate


@pytest.fixture(scope="module")
def records_dir(tmp_path_factory):
    return tiny.write_records(tmp_path_factory.mktemp("records"))


@pytest.fixture
def config(tmp_path, records_dir):
    return tiny.config(tmp_path, records_dir)


def steps_of(path) -> list[int]:
    return [int(row["step"]) for row in csv.DictReader(path.read_text().splitlines())]


class StoppedError(Exception):
    """Stands for a machine that is switched off."""


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_a_stopped_run_goes_on_as_if_it_had_not_been_stopped(
    optimizer, config, tmp_path, monkeypatch
):
    config = dataclasses.replace(config, optimizer=optimizer)
    whole = dataclasses.replace(config, run=tmp_path / "whole")
    training_align_low.main(whole)

    parts = dataclasses.replace(config, run=tmp_path / "parts")
    with monkeypatch.context() as patch:
        patch.setattr("utils.training.loop.finite", _stop_at(5))
        with pytest.raises(StoppedError):
            training_align_low.main(parts)
    training_align_low.main(parts)

    ours, theirs = (tiny.weights(run, "align_low") for run in (parts.run, whole.run))
    assert len(ours) > 20
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name], err_msg=name)
    for run in (parts.run, whole.run):
        assert steps_of(run / "align_low" / "log.csv") == [1, 2, 3, 4, 5, 6]
        assert steps_of(run / "align_low" / "validation.csv") == [0, 3, 6]
    logs = [(run / "align_low" / "log.csv").read_text() for run in (parts.run, whole.run)]
    losses = [[row["loss"] for row in csv.DictReader(log.splitlines())] for log in logs]
    assert losses[0] == losses[1]


def _stop_at(step):
    def stopping(losses, at, circumstances):
        if at == step:
            raise StoppedError
        return finite(losses, at, circumstances)

    return stopping


def test_a_finished_run_does_nothing(config, capsys):
    training_align_high.main(config)
    before = tiny.weights(config.run, "align_high")
    training_align_high.main(config)
    assert "nothing to do" in capsys.readouterr().out
    for name, value in tiny.weights(config.run, "align_high").items():
        np.testing.assert_array_equal(value, before[name])


def test_other_settings_are_refused_by_name_and_free_ones_are_not(config):
    training_align_low.main(dataclasses.replace(config, steps=2))
    with pytest.raises(settings.SettingsError, match=r"learning_rate=0\.001 .*learning_rate=0\.5"):
        training_align_low.main(dataclasses.replace(config, steps=2, learning_rate=0.5))
    other = dataclasses.replace(tiny.SAMPLING, stride=16)
    with pytest.raises(settings.SettingsError, match=r"sampling\.stride=8"):
        training_align_low.main(dataclasses.replace(config, steps=2, sampling=other))
    training_align_low.main(dataclasses.replace(config, steps=2, log_every=7))


@pytest.mark.parametrize(
    ("field", "then", "now"),
    [("optimizer", "adam", "muon"), ("alignment_loss", "square", "mu_law")],
)
def test_a_run_from_before_there_was_a_choice_goes_on_as_it_was(config, field, then, now):
    training_align_low.main(dataclasses.replace(config, steps=2))
    path = config.run / "align_low" / "settings.json"
    stored = json.loads(path.read_text())
    assert stored.pop(field) == then
    path.write_text(json.dumps(stored))
    training_align_low.main(dataclasses.replace(config, steps=2))
    with pytest.raises(settings.SettingsError, match=f"{field}='{then}' .*{field}='{now}'"):
        training_align_low.main(dataclasses.replace(config, steps=2, **{field: now}))


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_training_lowers_the_loss_and_raises_the_validation_score(optimizer, config):
    config = dataclasses.replace(config, steps=60, validate_every=60, optimizer=optimizer)
    training_align_low.main(config)
    folder = config.run / "align_low"
    rows = list(csv.DictReader((folder / "log.csv").read_text().splitlines()))
    losses = [float(row["loss"]) for row in rows]
    assert np.mean(losses[-10:]) < 0.65 * losses[0]
    scores = list(csv.DictReader((folder / "validation.csv").read_text().splitlines()))
    assert float(scores[-1]["psnr_aligned_low"]) > float(scores[0]["psnr_aligned_low"])
    assert (folder / "previews" / "000060.png").exists()
    assert list(folder.glob("events.out.tfevents.*"))


def test_the_frozen_setting_leaves_both_alignments_bit_identical(config):
    for script in (training_align_high, training_align_low):
        script.main(dataclasses.replace(config, steps=2))
    training_fusion.main(tiny.fusion(config, alignment="frozen", steps=3))
    trained = tiny.weights(config.run, "fusion")
    for side in ("low", "high"):
        start = tiny.weights(config.run, f"align_{side}")
        names = [name for name in start if name.startswith(f"{side}/")]
        assert names
        for name in names:
            np.testing.assert_array_equal(trained[name], start[name], err_msg=name)


def test_on_aligned_records_merging_trains_without_the_alignments(config, tmp_path):
    start = tiny.random_networks()
    weights.save(start, tmp_path / "start")
    settings = tiny.fusion(
        config,
        records=tiny.write_records(tmp_path, aligned=True),
        alignment="precomputed",
        start_weights=tmp_path / "start",
        steps=2,
    )
    training_fusion.main(settings)
    trained = tiny.random_networks()
    networks.restore(trained, settings.run / "fusion")
    for name, network in trained.items():
        begun = [value.astype(np.float16) for value in start[name].get_weights()]
        same = [
            np.array_equal(ours, theirs)
            for ours, theirs in zip(network.get_weights(), begun, strict=True)
        ]
        assert not any(same) if name == "merging" else all(same)
    scores = csv.DictReader((settings.run / "fusion" / "validation.csv").read_text().splitlines())
    expected = score_alignment(ldr_to_float(tiny.SCENE.ldr[[0, 2]]), tiny.SCENE)
    for row in scores:  # of the records' frames, not of what untrained networks make of them
        assert float(row["psnr_aligned_low"]) == pytest.approx(expected.psnr_low, rel=1e-3)


@pytest.mark.parametrize(
    ("aligned", "alignment", "wanted"),
    [(True, "from_scratch", "the camera's frames"), (False, "precomputed", "aligned frames")],
)
def test_records_of_the_other_kind_are_refused(config, tmp_path, aligned, alignment, wanted):
    folder = tiny.write_records(tmp_path, aligned=aligned)
    settings = tiny.fusion(config, records=folder, alignment=alignment)
    with pytest.raises(record.RecordsError, match=f"must hold {wanted} .* Received: .* of scene"):
        training_fusion.main(settings)


def test_end_to_end_changes_all_three_networks(config):
    for script in (training_align_high, training_align_low):
        script.main(dataclasses.replace(config, steps=2))
    training_fusion.main(tiny.fusion(config, steps=2))
    trained = tiny.weights(config.run, "fusion")
    for side in ("low", "high"):
        start = tiny.weights(config.run, f"align_{side}")
        changed = [
            not np.array_equal(trained[name], value)
            for name, value in start.items()
            if name.startswith(f"{side}/")
        ]
        assert np.mean(changed) > 0.8


def test_a_run_with_a_fixed_alignment_can_be_resumed(config, capsys):
    settings = tiny.fusion(config, alignment="from_scratch", fixed=("high",), steps=1)
    training_fusion.main(settings)
    training_fusion.main(settings)
    assert "nothing to do" in capsys.readouterr().out


def test_without_alignment_no_stage_is_needed_and_an_earlier_run_goes_on(config, capsys):
    config = tiny.fusion(config, alignment="none", steps=1)
    training_fusion.main(config)
    names = tiny.weights(config.run, "fusion")  # frozen weights stand under their network
    assert names
    assert not [name for name in names if name.startswith(("low/", "high/"))]
    path = config.run / "fusion" / settings.SETTINGS_NAME
    earlier = {"alignment": "from_scratch", "network.aligned": False, "release_checkpoint": ""}
    path.write_text(json.dumps(json.loads(path.read_text()) | earlier))
    training_fusion.main(config)
    assert "nothing to do" in capsys.readouterr().out


def test_fusion_takes_from_the_weights_to_start_from_what_the_run_did_not_train(config, tmp_path):
    start = tiny.random_networks()
    weights.save(start, tmp_path / "start")
    config = dataclasses.replace(config, start_weights=tmp_path / "start")
    training_align_low.main(dataclasses.replace(config, steps=2))
    training_fusion.main(tiny.fusion(config, alignment="frozen", steps=1))

    def trained(side, stage):
        parts = tiny.random_networks()
        networks.restore({side: parts[side]}, config.run / stage)
        return parts[side].get_weights()

    high = [value.astype(np.float16) for value in start["high"].get_weights()]
    for side, expected in (("low", trained("low", "align_low")), ("high", high)):
        for ours, theirs in zip(trained(side, "fusion"), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_fusion_without_the_alignment_stages_names_the_missing_one(config):
    with pytest.raises(FileNotFoundError, match="align_low"):
        training_fusion.main(tiny.fusion(config))


def test_a_loss_that_is_not_finite_stops_the_run_and_is_named():
    losses = {"loss": tf.constant(1.0), "low": tf.constant(np.nan)}
    with pytest.raises(ValueError, match=r"low at step 7 must be finite; of batch 7\. Rec.*: nan"):
        finite(losses, 7, lambda step: f"of batch {step}")


def test_step_schedule_is_the_releases(tmp_path):
    config = TrainingConfig(run=tmp_path)
    rates = [learning_rate(config, step) for step in (0, 199_999, 200_000, 299_999)]
    np.testing.assert_allclose(rates, [1e-4, 1e-4, 1e-5, 1e-5])


def test_cosine_schedule_warms_up_and_ends_at_zero(tmp_path):
    config = TrainingConfig(
        run=tmp_path, schedule="cosine", steps=100, warmup_steps=4, learning_rate=1.0
    )
    np.testing.assert_allclose(learning_rate(config, 0), 0.2)
    np.testing.assert_allclose(learning_rate(config, 50), 0.5)
    assert learning_rate(config, 99) < 1e-3


def test_cosine_schedule_falls_after_its_hold(tmp_path):
    config = TrainingConfig(
        run=tmp_path, schedule="cosine", steps=100, hold_steps=60, learning_rate=1.0
    )
    np.testing.assert_allclose([learning_rate(config, step) for step in (0, 60, 80)], [1, 1, 0.5])
    assert learning_rate(config, 99) < 2e-3
