"""The training loop: it trains, resumes, ends, and refuses other settings or records."""

import dataclasses
import shlex
import shutil

import numpy as np
import pytest

import training_align_high
import training_align_low
import training_fusion
from configs.settings import TrainingConfig
from tests import commands, tiny
from utils.evaluation.scores import score_alignment
from utils.radiometry.levels import ldr_to_float
from utils.records import record
from utils.runs import networks, settings, weights
from utils.training.loop import finite
from utils.training.optimisation import learning_rate

SCRIPTS = {"align_low": training_align_low, "fusion": training_fusion}


@pytest.fixture
def config(tmp_path, tiny_records):
    return tiny.config(tmp_path / "run", tiny_records)


@pytest.fixture
def aligned(config, tiny_run):
    """Settings of a run of which both alignments are trained."""
    shutil.copytree(tiny_run, config.run)
    return config


class StoppedError(Exception):
    """Stands for a machine that is switched off."""


def test_a_stopped_run_with_muon_resumes_to_the_same_bits(config, tmp_path, monkeypatch):
    """With Adam, tests/training/test_survival.py shows it."""
    config = dataclasses.replace(config, optimizer="muon")
    whole = tmp_path / "whole"
    training_align_low.main(dataclasses.replace(config, run=whole))

    def stopping(losses, step, circumstances):
        if step == 5:
            raise StoppedError
        return finite(losses, step, circumstances)

    with monkeypatch.context() as patch:
        patch.setattr("utils.training.loop.finite", stopping)
        with pytest.raises(StoppedError):
            training_align_low.main(config)
    training_align_low.main(config)

    ours, theirs = (tiny.weights(run, "align_low") for run in (config.run, whole))
    assert len(ours) > 20
    np.testing.assert_equal(ours, theirs)
    losses, expected = (
        [(row["step"], row["loss"]) for row in tiny.log(run, "align_low")]
        for run in (config.run, whole)
    )
    assert losses == expected
    assert [step for step, _ in losses] == list("123456")
    scores = [tiny.log(run, "align_low", "validation.csv") for run in (config.run, whole)]
    assert [row["step"] for row in scores[0]] == list("036")
    assert scores[0] == scores[1]


def test_a_finished_run_does_nothing(aligned, capsys):
    before = values(aligned.run, "align_high", "high")
    training_align_high.main(aligned)
    assert "nothing to do" in capsys.readouterr().out
    assert all(equal(values(aligned.run, "align_high", "high"), before))


def test_other_settings_are_refused_by_name_and_free_ones_are_not(aligned):
    with pytest.raises(settings.SettingsError, match=r"learning_rate=0\.001.*learning_rate=0\.5"):
        training_align_low.main(dataclasses.replace(aligned, learning_rate=0.5))
    other = dataclasses.replace(tiny.SAMPLING, stride=16)
    with pytest.raises(settings.SettingsError, match=r"sampling\.stride=8"):
        training_align_low.main(dataclasses.replace(aligned, sampling=other))
    training_align_low.main(dataclasses.replace(aligned, log_every=7))


def test_another_setting_is_refused_with_commands_that_resume_and_that_train_with_it(
    aligned, capsys
):
    """Settings that the refused command does not name stay those of the started stage."""
    fusion = tiny.fusion(aligned, steps=1)
    training_fusion.main(fusion)
    changed = {"learning_rate": 0.5, "deterministic": False, "fixed": ("low",)}
    for number, (stage, config) in enumerate((("align_low", aligned), ("fusion", fusion)), 2):
        own = {name: x for name, x in changed.items() if hasattr(config, name)}
        with pytest.raises(settings.SettingsError, match=r"Received: (fixed|learn)") as caught:
            SCRIPTS[stage].main(dataclasses.replace(config, **own))
        _, resume, _, train, _ = str(caught.value).split("`")
        capsys.readouterr()
        for line in (resume, *train.split(" && ")):
            _, script, *words = shlex.split(line)
            assert commands.run(script, *words) == 0
        assert capsys.readouterr().out.count("nothing to do") == 1
        other = aligned.run.with_name(f"{aligned.run.name}-{number}")
        started, stored = (settings.read_settings(run / stage) for run in (aligned.run, other))
        different = {name for name, x in stored.items() if x != started[name]}
        assert different <= {"run", "start_weights", *own}
        for name, value in own.items():
            assert stored[name] == (list(value) if isinstance(value, tuple) else value)


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_training_lowers_the_loss_and_raises_the_validation_score(optimizer, config):
    config = dataclasses.replace(config, steps=60, validate_every=60, optimizer=optimizer)
    training_align_low.main(config)
    folder = config.run / "align_low"
    losses = [float(row["loss"]) for row in tiny.log(config.run, "align_low")]
    assert np.mean(losses[-10:]) < 0.65 * losses[0]
    first, *_, last = (
        float(row["psnr_aligned_low"])
        for row in tiny.log(config.run, "align_low", "validation.csv")
    )
    assert last > first
    assert (folder / "previews" / "000060.png").exists()
    assert list(folder.glob("events.out.tfevents.*"))


@pytest.mark.parametrize("alignment", ["frozen", "end_to_end"])
def test_the_last_stage_changes_the_alignments_only_end_to_end(aligned, alignment):
    training_fusion.main(tiny.fusion(aligned, alignment=alignment, steps=2))
    for side in ("low", "high"):
        before = values(aligned.run, f"align_{side}", side)
        same = equal(values(aligned.run, "fusion", side), before)
        assert np.mean(same) < 0.2 if alignment == "end_to_end" else all(same)


def values(run, stage, name) -> list[np.ndarray]:
    """Values of a trained network, as they are restored."""
    network = tiny.random_networks()[name]
    networks.restore({name: network}, run / stage)
    return network.get_weights()


def equal(ours, theirs) -> list[bool]:
    return [np.array_equal(*pair) for pair in zip(ours, theirs, strict=True)]


def saved_start(folder) -> dict[str, list[np.ndarray]]:
    """Values of networks that were saved as weights, which rounds them to float16."""
    start = tiny.random_networks()
    weights.save(start, folder)
    return {
        name: [value.astype(np.float16) for value in network.get_weights()]
        for name, network in start.items()
    }


def test_on_aligned_records_merging_trains_without_the_alignments(config, tmp_path):
    start = saved_start(tmp_path / "start")
    settings = tiny.fusion(
        config,
        records=tiny.write_records(tmp_path, aligned=True),
        alignment="precomputed",
        start_weights=tmp_path / "start",
        steps=2,
    )
    training_fusion.main(settings)
    assert not any(equal(values(settings.run, "fusion", "merging"), start["merging"]))
    for side in ("low", "high"):
        assert all(equal(values(settings.run, "fusion", side), start[side]))
    expected = score_alignment(ldr_to_float(tiny.SCENE.ldr[[0, 2]]), tiny.SCENE)
    for row in tiny.log(settings.run, "fusion", "validation.csv"):  # of the records' frames
        assert float(row["psnr_aligned_low"]) == pytest.approx(expected["PSNR low"], rel=1e-3)


@pytest.mark.parametrize(
    ("aligned", "alignment", "wanted"),
    [(True, "from_scratch", "the camera's frames"), (False, "precomputed", "aligned frames")],
)
def test_records_of_the_other_kind_are_refused(config, tmp_path, aligned, alignment, wanted):
    folder = tiny.write_records(tmp_path, aligned=aligned)
    settings = tiny.fusion(config, records=folder, alignment=alignment)
    with pytest.raises(record.RecordsError, match=f"must hold {wanted} .* Received: .* of scene"):
        training_fusion.main(settings)


@pytest.mark.parametrize(
    "changes", [{"alignment": "from_scratch", "fixed": ("high",)}, {"alignment": "none"}]
)
def test_runs_that_need_no_trained_alignment_can_be_resumed(config, capsys, changes):
    for _ in range(2):
        training_fusion.main(tiny.fusion(config, steps=1, **changes))
    assert "nothing to do" in capsys.readouterr().out
    names = tiny.weights(config.run, "fusion")  # frozen weights stand under their network
    sides = {name.partition("/")[0] for name in names} & {"low", "high"}
    assert sides == ({"low", "high"} if "fixed" in changes else set())


def test_fusion_takes_untrained_alignments_from_the_start_weights(aligned, tmp_path):
    start = saved_start(tmp_path / "start")
    shutil.rmtree(aligned.run / "align_high")
    config = dataclasses.replace(aligned, start_weights=tmp_path / "start")
    training_fusion.main(tiny.fusion(config, alignment="frozen", steps=1))
    low = values(aligned.run, "align_low", "low")
    for side, expected in (("low", low), ("high", start["high"])):
        assert all(equal(values(aligned.run, "fusion", side), expected))


def test_settings_name_the_prealign_mode_of_the_records(aligned):
    assert settings.read_settings(aligned.run / "align_low")["prealign"] == "on"


def test_a_failed_start_names_what_is_missing_and_leaves_no_settings(config, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training_align_low\.py"):
        training_fusion.main(tiny.fusion(config))
    with pytest.raises(record.RecordsError, match="no complete records"):
        training_align_low.main(dataclasses.replace(config, records=str(tmp_path / "none")))
    assert not list(config.run.rglob(settings.SETTINGS_NAME))


@pytest.mark.parametrize(
    ("changes", "rates"),
    [
        ({}, {0: 1e-4, 199_999: 1e-4, 200_000: 1e-5, 299_999: 1e-5}),  # the release's
        ({"schedule": "cosine", "steps": 100, "warmup_steps": 4}, {0: 2e-5, 50: 5e-5}),
        (
            {"schedule": "cosine", "steps": 100, "hold_steps": 60},
            {0: 1e-4, 60: 1e-4, 80: 5e-5, 100: 0},
        ),
    ],
)
def test_learning_rates(tmp_path, changes, rates):
    config = TrainingConfig(run=tmp_path, **changes)
    found = [learning_rate(config, step) for step in rates]
    np.testing.assert_allclose(found, list(rates.values()), atol=1e-12)
