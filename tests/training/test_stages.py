"""Losses of the stages, and which weights they reach."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from configs.settings import FusionConfig, TrainingConfig
from models import esbn
from utils.radiometry.levels import from_network, to_network
from utils.radiometry.radiance import hdr_to_ldr, ldr_to_hdr, mu_law
from utils.records.patches import Batch
from utils.training.stages import (
    aligned_frame,
    alignment_loss,
    alignment_stage,
    exposed_loss,
    fusion_stage,
    merging_loss,
)

TIMES = np.array([[1, 4, 16], [1, 2, 8]], np.float32)


def networks():
    keras.utils.set_random_seed(0)
    return esbn.networks(width=4, residual_blocks=1, dense_layers=2, initializer="he")


def batch():
    generator = np.random.default_rng(0)
    ldr = generator.random((2, 3, 16, 24, 3), np.float32)
    return Batch(
        ldr=tf.constant(ldr),
        hdr=tf.constant(ldr_to_hdr(ldr, TIMES[:, :, None, None, None])),
        target_ldr=tf.constant(generator.random((2, 2, 16, 24, 3), np.float32)),
        target_hdr=tf.constant(generator.random((2, 16, 24, 3), np.float32)),
        exposure_time=tf.constant(TIMES),
    )


def network_frames(data):
    """The frames of a batch as the networks take them, `(B, 3, H, W, 6)`."""
    return to_network(np.concatenate([data.ldr, data.hdr], -1))


def fusion(parts, tmp_path, **changes):
    whole = esbn.esbn(parts, aligned_frame)
    return fusion_stage(parts, whole, FusionConfig(run=tmp_path, **changes))


def test_alignment_loss_is_the_mean_squared_error_of_values_in_minus_one_to_one():
    aligned = np.full((1, 2, 2, 3), 0.5, np.float32)
    target = np.full((1, 2, 2, 3), 0.5, np.float32)  # 0 in [-1, 1]
    assert float(alignment_loss(aligned, target)) == pytest.approx(0.25)


def test_the_mu_law_loss_of_an_aligned_frame_is_that_of_the_radiance_it_shows():
    times, shown = np.array([1, 16], np.float32), np.array([0.5, 0.02], np.float32)
    aligned = np.ones((2, 2, 2, 3), np.float32) * hdr_to_ldr(shown, times).reshape(2, 1, 1, 1)
    loss = exposed_loss(to_network(aligned), np.ones((2, 2, 2, 3), np.float32), times)
    expected = 2 * np.mean(mu_law(1 / times) - mu_law(shown))
    assert float(loss) == pytest.approx(float(expected), rel=1e-4)


def expected_loss(name, aligned, data, side):
    """Loss of an alignment by the name of a setting."""
    frame, target = {"low": (0, 0), "high": (2, 1)}[side]
    if name == "mu_law":
        return exposed_loss(aligned, data.target_ldr[:, target], TIMES[:, frame])
    return alignment_loss(aligned, data.target_ldr[:, target])


@pytest.mark.parametrize("alignment_loss", ["square", "mu_law"])
def test_the_losses_are_those_of_the_three_networks_and_their_weighted_sum(
    tmp_path, alignment_loss
):
    parts, data = networks(), batch()
    weights = {"low_weight": 0.5, "high_weight": 2.0, "merging_weight": 3.0}
    losses = fusion(parts, tmp_path, alignment_loss=alignment_loss, **weights).losses(data)

    frames = [network_frames(data)[:, i] for i in range(3)]
    low = parts["low"]([frames[0], frames[1]], training=True).numpy()
    high = parts["high"]([frames[2], frames[1]], training=True).numpy()

    def linearised(aligned, time):
        ldr = from_network(aligned)
        return to_network(np.concatenate([ldr, ldr**2.2 / time[:, None, None, None]], -1))

    merged = parts["merging"](
        [linearised(low, TIMES[:, 0]), frames[1], linearised(high, TIMES[:, 2])]
    ).numpy()
    expected = {
        "low": expected_loss(alignment_loss, low, data, "low"),
        "high": expected_loss(alignment_loss, high, data, "high"),
        "merging": 2 * np.mean(np.abs(mu_law(from_network(merged)) - mu_law(data.target_hdr))),
    }
    expected["loss"] = 0.5 * expected["low"] + 2 * expected["high"] + 3 * expected["merging"]
    assert losses.keys() == expected.keys()
    for name, value in expected.items():
        assert float(losses[name]) == pytest.approx(float(value), rel=1e-4), name


def reached(stage, parts) -> dict[str, set[str]]:
    """Names of the weights of each network that the stage's loss has a gradient for."""
    with tf.GradientTape() as tape:
        loss = stage.losses(batch())["loss"]
    variables = [(name, v) for name in parts for v in parts[name].trainable_variables]
    gradients: list = tape.gradient(loss, [v.value for _, v in variables])
    found: dict[str, set[str]] = {name: set() for name in parts}
    for (name, variable), gradient in zip(variables, gradients, strict=True):
        if gradient is not None and np.any(gradient.numpy()):
            found[name].add(variable.path)
    return found


def weights_in_use(network) -> set[str]:
    """All but the biases before a normalisation, which takes them out again."""
    return {
        variable.path
        for layer in network.layers
        for variable in layer.trainable_variables
        if not (layer.normalise and variable.name == "bias")
    }


@pytest.mark.parametrize(
    ("changes", "fixed"),
    [
        ({"low_weight": 0.0, "high_weight": 0.0}, ()),  # the HDR loss reaches the alignments
        ({"alignment": "frozen"}, ("low", "high")),
        ({"alignment": "from_scratch", "fixed": ("high",)}, ("high",)),
    ],
)
def test_the_loss_reaches_every_weight_but_those_of_fixed_alignments(tmp_path, changes, fixed):
    parts = networks()
    stage = fusion(parts, tmp_path, **changes)
    assert stage.trained == tuple(name for name in parts if name not in fixed)
    before = [v.numpy() for name in fixed for v in parts[name].variables]
    found = reached(stage, parts)
    for name, network in parts.items():
        assert found[name] == (set() if name in fixed else weights_in_use(network))
    after = [v.numpy() for name in fixed for v in parts[name].variables]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_with_frozen_statistics_training_sees_what_inference_gives(tmp_path):
    parts, data = networks(), batch()
    for network in parts.values():  # statistics that no batch has
        for layer in network.layers:
            if getattr(layer, "normalise", False):
                layer.moving_mean.assign(layer.moving_mean + 0.3)
                layer.moving_variance.assign(layer.moving_variance * 2.0)
    stage = fusion(parts, tmp_path, alignment="from_scratch", frozen_statistics=True)
    statistics = [v.numpy() for name in parts for v in parts[name].non_trainable_variables]
    losses = stage.losses(data)
    frames = tf.constant(network_frames(data))
    outputs = stage.outputs(frames, data.exposure_time)
    expected = merging_loss(outputs["merging"], data.target_hdr)
    assert float(losses["merging"]) == pytest.approx(float(expected), rel=1e-5)
    found = reached(stage, parts)
    for side in ("low", "high"):  # of the bias too, which a batch's own statistics take out
        assert {f"decoder0/{leaf}" for leaf in ("kernel", "bias", "gamma", "beta")} <= found[side]
    after = [v.numpy() for name in parts for v in parts[name].non_trainable_variables]
    for old, new in zip(statistics, after, strict=True):
        np.testing.assert_array_equal(old, new)


def test_without_alignment_merging_gets_the_frames_as_they_are(tmp_path):
    parts = esbn.networks(width=4, dense_layers=2, aligned=False, initializer="he")
    stage = fusion(parts, tmp_path, alignment="none")
    assert stage.trained == ("merging",)
    assert stage.variables == parts["merging"].trainable_variables
    data = batch()
    frames = network_frames(data)
    outputs = stage.outputs(tf.constant(frames), data.exposure_time)
    np.testing.assert_array_equal(outputs["low"], frames[:, 0, ..., :3])
    np.testing.assert_array_equal(outputs["high"], frames[:, 2, ..., :3])
    expected = parts["merging"]([frames[:, index] for index in range(3)])
    np.testing.assert_allclose(outputs["merging"], expected, atol=1e-5)
    assert reached(stage, parts)["merging"] == {v.path for v in stage.variables}


@pytest.mark.parametrize("loss", ["square", "mu_law"])
@pytest.mark.parametrize(("side", "frame"), [("low", 0), ("high", 2)])
def test_an_alignment_stage_takes_its_own_frame_and_target(side, frame, loss, tmp_path):
    parts, data = networks(), batch()
    stage = alignment_stage(parts, side, TrainingConfig(run=tmp_path, alignment_loss=loss))
    assert stage.networks == {side: parts[side]}
    frames = network_frames(data)
    aligned = parts[side]([frames[:, frame], frames[:, 1]], training=True)
    expected = expected_loss(loss, aligned, data, side)
    assert float(stage.losses(data)["loss"]) == pytest.approx(float(expected), rel=1e-5)
    # Statistics have moved since, so only the shape of the inference output is compared.
    assert stage.outputs(tf.constant(frames), data.exposure_time)[side].shape == (2, 16, 24, 3)
