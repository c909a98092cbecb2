"""Checkpoints of the authors' code go in and come out unchanged."""

import numpy as np
import pytest
import tensorflow as tf

from models import release_checkpoint
from models.alignment import alignment
from models.merging import merging
from models.release_checkpoint import release_variables
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


@pytest.mark.parametrize(("build", "net"), [(alignment, recipe.ALIGN), (merging, recipe.FUSION)])
def test_a_round_trip_has_the_releases_names_and_shapes(tmp_path, build, net):
    prefix = tmp_path / "iter_000007"
    network = recipe.set_weights(build())
    release_checkpoint.save(network, prefix)
    assert shapes(prefix) == recipe.variables(net)
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(prefix)
    loaded = release_checkpoint.load(build(), prefix)
    for ours, theirs in zip(loaded.variables, network.variables, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_optimiser_variables_are_ignored_and_missing_ones_named(tmp_path):
    network = merging(width=4, dense_layers=2)
    values = {name: v.numpy() for name, v in release_variables(network).items()}
    write(tmp_path / "more", values | {"beta1_power": np.float32(0.9)})
    release_checkpoint.load(network, tmp_path / "more")
    lost = "fusion_conv4/fusion_conv4_biases"
    del values[lost]
    write(tmp_path / "less", values)
    with pytest.raises(ValueError, match=lost):
        release_checkpoint.load(network, tmp_path / "less")


def test_a_misshapen_variable_is_named_and_nothing_is_changed():
    network = merging(width=4)
    before = network.get_weights()
    with pytest.raises(ValueError, match=r"low_weights must have shape \(3, 3, 6, 4\)"):
        release_checkpoint.load(network, CHECKPOINT)
    for value, old in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(value, old)


@pytest.mark.parametrize(
    ("build", "name", "value", "message"),
    [
        (merging, "fusion_conv2/fusion_conv2_weights", np.nan, "finite.*: 1 values such as nan"),
        (merging, "fusion_conv4/fusion_conv4_biases", -np.inf, "finite.*: 1 values such as -inf"),
        (alignment, "Align_Decoder_low_batn3/moving_variance", 0.0, r"positive.*Received: 0\.0"),
    ],
)
def test_a_value_that_makes_black_pictures_is_named(tmp_path, build, name, value, message):
    network = build(width=4)
    values = {key: v.numpy().copy() for key, v in release_variables(network).items()}
    values[name].flat[0] = value
    write(tmp_path / "iter", values)
    with pytest.raises(ValueError, match=rf"iter: {name} must be {message}"):
        release_checkpoint.load(network, tmp_path / "iter")
    assert all(np.isfinite(weight).all() for weight in network.get_weights())


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "another format": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" * 100),
    "a byte": lambda path: path.write_bytes(b"\xff" + path.read_bytes()[1:]),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("ending", [".index", ".data-00000-of-00001"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_named_with_the_checkpoint_in_one_line(tmp_path, ending, damage):
    network, prefix = merging(width=4, dense_layers=2), tmp_path / "iter"
    release_checkpoint.save(network, prefix)
    DAMAGE[damage](prefix.with_suffix(ending))
    with pytest.raises(ValueError, match=r"^[^\n]*Received: [^\n]+$") as caught:
        release_checkpoint.load(network, prefix)
    assert str(prefix) in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere", "a*", "\udcff", "x" * 300, ""])
def test_a_missing_checkpoint_is_named(tmp_path, name):
    with pytest.raises((ValueError, OSError), match=r"^[^\n]*Received: [^\n]+$") as caught:
        release_checkpoint.load(merging(width=4, dense_layers=2), f"{tmp_path}/{name}")
    assert str(tmp_path) in str(caught.value)
