"""Checkpoints of the authors' code go in and come out unchanged."""

import numpy as np
import pytest
import tensorflow as tf

from models import release_checkpoint
from models.alignment import alignment
from models.merging import merging
from tests import release_recipe as recipe

CHECKPOINT = recipe.GOLDEN / "release_ckpt_fusion" / "iter_000000"


def shapes(prefix) -> dict[str, list[int]]:
    return tf.train.load_checkpoint(str(prefix)).get_variable_to_shape_map()


def write(prefix, values) -> None:
    tf.raw_ops.SaveV2(
        prefix=str(prefix),
        tensor_names=list(values),
        shape_and_slices=[""] * len(values),
        tensors=list(values.values()),
    )


def test_a_checkpoint_the_authors_code_wrote_gives_the_authors_output():
    network = release_checkpoint.load(merging(), CHECKPOINT)
    golden = recipe.golden(recipe.FUSION)["infer"]
    np.testing.assert_allclose(network(recipe.inputs(recipe.FUSION, 0)), golden, atol=2e-5)


def test_alignment_round_trip_has_the_releases_names_and_shapes(tmp_path):
    prefix = tmp_path / "iter_000007"
    network = recipe.set_weights(alignment())
    release_checkpoint.save(network, prefix)
    assert shapes(prefix) == recipe.variables(recipe.ALIGN)
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(prefix)
    loaded = release_checkpoint.load(alignment(), prefix)
    for ours, theirs in zip(loaded.variables, network.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_merging_round_trip_has_the_releases_names_and_shapes(tmp_path):
    release_checkpoint.save(recipe.set_weights(merging()), tmp_path / "iter")
    assert shapes(tmp_path / "iter") == recipe.variables(recipe.FUSION)


def test_optimiser_variables_are_ignored_and_missing_ones_named(tmp_path):
    values = {
        name: recipe.weight(name, tuple(shape))
        for name, shape in recipe.variables(recipe.FUSION).items()
    }
    write(tmp_path / "more", values | {"beta1_power": np.float32(0.9)})
    release_checkpoint.load(merging(), tmp_path / "more")
    lost = "fusion_conv4/fusion_conv4_biases"
    write(tmp_path / "less", {name: v for name, v in values.items() if name != lost})
    with pytest.raises(ValueError, match=lost):
        release_checkpoint.load(merging(), tmp_path / "less")


def test_a_misshapen_variable_is_named_and_nothing_is_changed():
    network = merging(width=4)
    before = network.get_weights()
    with pytest.raises(ValueError, match=r"low_weights must have shape \(3, 3, 6, 4\)"):
        release_checkpoint.load(network, CHECKPOINT)
    for value, old in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, old)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        release_checkpoint.load(merging(), tmp_path / "nowhere")
