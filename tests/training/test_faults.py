"""Faults in training end with one error, or are counted if a setting asks for it."""

import dataclasses
import logging
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf

import training_align_low
from configs.settings import SamplingConfig
from tests import tiny
from utils.radiometry import rgbe
from utils.records import order, record, selection, shards
from utils.records.batches import Samples
from utils.scenes.scene import Scene
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
        generator = np.random.default_rng(index)
        scene = Scene(
            name=f"{index:03d}",
            ldr=generator.integers(0, 256, (3, 32, 24, 3), np.uint8),
            exposure_values=np.array([0, 2, 4], np.float32),
            hdr=rgbe.round_to_rgbe(generator.random((32, 24, 3), np.float32)),
        )
        path = folder / f"training-{index:05d}-of-00002.tfrecord"
        entries += shards.write_shard(str(path), "training", [record.pack(scene)])
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


def another_scene(folder):
    """A record of the same length and another content, as of another data set."""
    path = second_shard(folder)
    path.write_bytes(bytes(reversed(path.read_bytes())))


DAMAGE = {
    "flipped byte": (lambda f: flip(second_shard(f), 400), "scene 001 is damaged"),
    "foreign content": (another_scene, "scene 001 is damaged"),
    "truncated": (lambda f: second_shard(f).write_bytes(b"short"), "must have .* Received: 5 byte"),
    "lost": (lambda f: second_shard(f).unlink(), "Received: no such file"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_records_stop_training_with_one_line(config, folder, kind):
    damage, message = DAMAGE[kind]
    damage(folder)
    with pytest.raises(record.RecordsError, match=message) as caught:
        training_align_low.main(config)
    assert "\n" not in str(caught.value)
    assert str(second_shard(folder)) in str(caught.value)


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_records_are_skipped_by_a_setting_and_counted(config, folder, kind, caplog):
    sampling = dataclasses.replace(config.sampling, skip_damaged=True)
    whole = len(Samples(str(folder), config.sampling))
    DAMAGE[kind][0](folder)
    with caplog.at_level(logging.WARNING):
        entries = selection.training_entries(str(folder), sampling)
    assert [entry.name for entry in entries] == ["000"]
    assert len(Samples(str(folder), sampling)) == whole / 2
    assert "1 of 2 training scenes are damaged and left out" in caplog.text
    assert "Left out: " in caplog.text
    batch = next(iter(Samples(str(folder), sampling).batches(4, 0)))
    assert batch.ldr.shape[0] == 4


def test_records_of_which_none_is_left_are_refused(config, folder):
    for path in folder.glob("*.tfrecord"):
        path.unlink()
    sampling = dataclasses.replace(config.sampling, skip_damaged=True)
    with pytest.raises(record.RecordsError, match=r"an undamaged scene\. Received: none"):
        selection.training_entries(str(folder), sampling)


def test_an_index_cannot_name_files_of_other_folders(folder):
    index = folder / shards.INDEX_FILE
    index.write_text(index.read_text().replace("training-00001", "../secret"))
    with pytest.raises(record.RecordsError, match=r"Received: \.\./secret-of-00002\.tfrecord"):
        shards.read_index(str(folder), check_shards=False)


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


def test_the_batches_that_are_named_make_an_epoch():
    sampling = SamplingConfig(candidates=2)

    def named(first, last):
        steps = [order.samples_of_step(step, 4, 96, sampling) for step in range(first, last)]
        assert np.shape(steps) == (last - first, 4, 2)
        return np.ravel(steps).tolist()

    assert sorted(named(0, 12)) == sorted(named(12, 24)) == list(range(96))
    assert named(0, 12) != named(12, 24)


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


def test_a_training_without_records_leaves_no_stage(config, tmp_path):
    early = dataclasses.replace(config, run=tmp_path / "early", records=str(tmp_path / "none"))
    with pytest.raises(record.RecordsError):
        training_align_low.main(early)
    assert not early.run.exists()
