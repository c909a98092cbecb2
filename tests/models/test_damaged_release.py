"""Damaged checkpoints of the authors' code: one line that names the file, and no signal."""

import sys

import numpy as np
import pytest

from configs import presets
from models import alignment, release_checkpoint
from models.merging import merging
from tests import damaged_checkpoints as damaged
from tests import release_recipe as recipe
from utils import command

DAMAGE = [*damaged.by_bytes(0, 120), *damaged.by_entries(), *damaged.by_files()]


@pytest.fixture(scope="module")
def network():
    return merging(width=4, dense_layers=2)


@pytest.fixture
def values(network, tmp_path):
    """The values of a sound checkpoint `iter`."""
    rng = np.random.default_rng(0)
    found = [rng.normal(size=value.shape) for value in network.get_weights()]
    network.set_weights(found)
    release_checkpoint.save(network, tmp_path / "iter")
    return network.get_weights()


def refusal(network, prefix, monkeypatch, capsys):
    """What a script says that loads a checkpoint; empty if it does."""
    monkeypatch.setattr(sys, "argv", ["script.py"])
    monkeypatch.setattr(command, "parse", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        command.run(
            lambda _: release_checkpoint.load(network, prefix) and None,
            presets.reconstruction,
            None,
        )
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == ((2, 1) if said else (0, 0))
    return said


def test_damage_is_refused_in_one_line_that_names_the_file(
    network, values, tmp_path, monkeypatch, capsys
):
    assert len(DAMAGE) >= 130
    sound = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    refused = 0
    for number, (name, damage) in enumerate(DAMAGE):
        folder = tmp_path / str(number)
        folder.mkdir()
        for file, content in sound.items():
            (folder / file).write_bytes(content)
        prefix = str(folder / "iter")
        damage(prefix)
        said = refusal(network, prefix, monkeypatch, capsys)
        if said:
            refused += 1
            assert said.startswith("error: "), name
            assert prefix in said, name
            assert "Received: " in said, name
        for value, old in zip(network.get_weights(), values, strict=True):
            np.testing.assert_array_equal(value, old, name)  # unchanged, or what was saved
    assert refused >= 0.9 * len(DAMAGE)  # the others touch bytes that nobody reads


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_is_named(network, values, tmp_path, value):
    name = "fusion_conv2/fusion_conv2_weights"
    damaged.with_value(str(tmp_path / "iter"), name, value)
    message = rf"iter: {name} must be finite.*Received: 1 values such as {value}"
    with pytest.raises(ValueError, match=message):
        release_checkpoint.load(network, tmp_path / "iter")
    np.testing.assert_array_equal(network.get_weights()[0], values[0])


def test_a_variance_that_is_not_positive_is_named(tmp_path):
    network = recipe.set_weights(alignment.alignment())
    release_checkpoint.save(network, tmp_path / "iter")
    name = "Align_Decoder_low_batn3/moving_variance"
    damaged.with_value(str(tmp_path / "iter"), name, 0.0)
    with pytest.raises(ValueError, match=rf"{name} must be positive.*Received: 0\.0"):
        release_checkpoint.load(network, tmp_path / "iter")


@pytest.mark.parametrize("name", ["a*", "a?", "a[0]", "\udcff", "x" * 300, ""])
def test_a_prefix_that_cannot_be_is_named(network, tmp_path, name):
    with pytest.raises((ValueError, OSError), match=r"[^\n]*Received: [^\n]+$") as caught:
        release_checkpoint.load(network, f"{tmp_path}/{name}")
    assert str(tmp_path) in str(caught.value)


def test_a_folder_whose_name_tensorflow_takes_for_a_pattern_is_named(network, tmp_path):
    release_checkpoint.save(network, tmp_path / "a[0]" / "iter")
    with pytest.raises(ValueError, match=r"rename it\. Received: .*a\[0\]/iter\.index"):
        release_checkpoint.load(network, tmp_path / "a[0]" / "iter")


def test_what_the_state_file_says_does_not_matter(network, values, tmp_path):
    (tmp_path / "checkpoint").write_bytes(b"\xff\xfe{{{")
    release_checkpoint.load(network, tmp_path / "iter")
    np.testing.assert_array_equal(network.get_weights()[0], values[0])
    release_checkpoint.save(network, tmp_path / "iter")
    assert (tmp_path / "checkpoint").read_text().startswith("model_checkpoint_path")
