"""Faults in training end with one error, or are counted if a setting asks for it."""

import dataclasses
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import training_align_low
from tests import tiny
from tests.brackets import noise
from utils.records import order, record, shards
from utils.records.batches import Samples
from utils.runs import checkpoints, settings
from utils.training import loop, optimisation
from utils.training.optimisation import compile_average
from utils.training.stages import alignment_stage

STAGE = "align_low"


@pytest.fixture(scope="module")
def two_scenes(tmp_path_factory):
    """Records of two training scenes, 000 and 001, in two shards."""
    folder = tmp_path_factory.mktemp("records")
    entries = []
    for index in range(2):
        path = folder / f"training-{index:05d}-of-00002.tfrecord"
        packed = record.pack(noise(index, 32, 24))
        entries += shards.write_shard(str(path), "training", [packed])
    shards.write_index(str(folder), entries)
    return folder


@pytest.fixture
def folder(two_scenes, tmp_path):
    return shutil.copytree(two_scenes, tmp_path / "records")


@pytest.fixture
def config(tmp_path, folder):
    return tiny.config(tmp_path / "run", str(folder), steps=8, validate_every=100)


def second_shard(folder):
    return folder / "training-00001-of-00002.tfrecord"


def flip(path, place):
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


DAMAGE = {
    "flipped byte": (lambda f: flip(second_shard(f), 400), "scene 001 is damaged"),
    "truncated": (lambda f: second_shard(f).write_bytes(b"short"), "must have .* Received: 5 byte"),
    "lost": (lambda f: second_shard(f).unlink(), "Received: no such file"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_records_stop_training_or_are_skipped_by_a_setting(config, folder, kind, caplog):
    damage, message = DAMAGE[kind]
    whole = len(Samples(str(folder), config.sampling))
    damage(folder)
    with pytest.raises(record.RecordsError, match=message) as caught:
        training_align_low.main(config)
    assert "\n" not in str(caught.value)
    assert str(second_shard(folder)) in str(caught.value)
    left = Samples(str(folder), dataclasses.replace(config.sampling, skip_damaged=True))
    assert [entry.name for entry in left.entries] == ["000"]
    assert len(left) == whole / 2
    assert "1 of 2 training scenes are damaged and left out" in caplog.text
    assert next(iter(left.batches(4, 0))).ldr.shape[0] == 4


def test_records_that_were_replaced_are_refused_with_both_named(config, folder):
    """Others of the same names, sizes and number of samples."""
    stage, started = config.run / STAGE, shards.digest(str(folder))
    settings.write_settings(
        stage, config, len(Samples(str(folder), config.sampling)), "off", started
    )
    checkpoints.save(tf.train.Checkpoint(), stage / settings.CHECKPOINTS_NAME, 1)
    entries = shards.read_index(str(folder))
    packed = [record.pack(dataclasses.replace(noise(7, 32, 24), name=entries[1].name))]
    other = shards.write_shard(str(second_shard(folder)), "training", packed)
    shards.write_index(str(folder), [entries[0], *other])
    message = f"records of digest {started};.*Received: .* {shards.digest(str(folder))}$"
    with pytest.raises(settings.SettingsError, match=message):
        training_align_low.main(config)


def test_records_of_which_none_is_left_are_refused(config, folder):
    for path in folder.glob("*.tfrecord"):
        path.unlink()
    sampling = dataclasses.replace(config.sampling, skip_damaged=True)
    with pytest.raises(record.RecordsError, match=r"an undamaged scene\. Received: none"):
        Samples(str(folder), sampling)


def test_a_loss_that_is_not_finite_names_step_batch_and_checkpoint(config, monkeypatch):
    def poisoned(stage, optimizer, clip_norm):
        step = optimisation.compile_step(stage, optimizer, clip_norm)

        def then_nan(batch):
            losses = step(batch)
            if optimizer.iterations == 5:
                losses["gradient_norm"] = tf.constant(np.inf)
            return losses

        return then_nan

    monkeypatch.setattr(loop, "compile_step", poisoned)
    numbers = order.samples_of_step(4, 2, 96, config.sampling)
    with pytest.raises(ValueError, match="gradient_norm at step 5 must be finite") as caught:
        training_align_low.main(config)
    folder = config.run / STAGE
    assert f"the batch has the samples {numbers} of 96;" in str(caught.value)
    assert f"the last good checkpoint is {folder}/checkpoints/ckpt-4." in str(caught.value)
    assert str(caught.value).endswith("Received: inf")


@pytest.mark.parametrize("clip_norm", [0.0, 0.01, 1e6])
def test_clipping_bounds_the_change_and_not_what_is_logged(config, folder, clip_norm):
    stage = alignment_stage(tiny.random_networks(), "low", config)
    optimizer = keras.optimizers.SGD(1.0)  # changes the weights by the gradient itself
    optimizer.build(stage.variables)
    before = [variable.numpy() for variable in stage.variables]
    batch = next(iter(Samples(str(folder), config.sampling).batches(2, 0)))
    losses = optimisation.compile_step(stage, optimizer, clip_norm)(batch)
    change = [variable.numpy() - old for variable, old in zip(stage.variables, before, strict=True)]
    moved = np.sqrt(sum(np.sum(np.square(part, dtype=float)) for part in change))
    norm = float(losses["gradient_norm"])
    assert norm > 0.01
    assert moved == pytest.approx(min(norm, clip_norm or norm), rel=1e-3)


def test_the_average_follows_its_formula():
    start, target = tiny.random_networks(), tiny.random_networks()
    for variable in target["merging"].variables:
        variable.assign_add(np.ones(variable.shape))
    before = start["merging"].variables[0].numpy()
    update = compile_average({"merging": start["merging"]}, target, 0.5)
    update(tf.constant(0.0))  # decay (1 + 0) / (10 + 0)
    np.testing.assert_allclose(start["merging"].variables[0], before + 0.9, rtol=1e-5)
    update(tf.constant(1e6))  # decay 0.5
    np.testing.assert_allclose(start["merging"].variables[0], before + 0.95, rtol=1e-5)
