"""The networks compute what the authors' code computes, forward and in training."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from models.alignment import alignment
from models.fast.layers import Arithmetic
from models.merging import merging
from models.release_checkpoint import release_variables
from tests import release_recipe as recipe
from utils.radiometry.levels import from_network
from utils.training.optimisation import compile_step
from utils.training.optimisers import adam
from utils.training.stages import Losses, Stage, alignment_loss, merging_loss

BUILD = {recipe.ALIGN: alignment, recipe.FUSION: merging}
LOSS = {recipe.ALIGN: alignment_loss, recipe.FUSION: merging_loss}
NETS = tuple(BUILD)
STEPS = 5


def released(net: str, arithmetic: Arithmetic = "fast") -> keras.Model:
    return recipe.set_weights(BUILD[net](arithmetic=arithmetic))


def trained(net: str) -> tuple[keras.Model, dict[str, np.ndarray], list[float]]:
    """A network after five steps, its variables before them, and the losses of the steps."""
    network = released(net)
    start = {name: v.numpy() for name, v in release_variables(network).items()}

    def losses(batch: Any) -> Losses:
        inputs, target = batch
        return {"loss": LOSS[net](network(inputs, training=True), target)}

    stage = Stage(networks={"net": network}, trained=("net",), losses=losses, outputs=lambda *_: {})
    step: Any = compile_step(stage, adam(1e-4, stage))
    batches = ((recipe.inputs(net, i), from_network(recipe.target(net, i))) for i in range(STEPS))
    return network, start, [float(step(batch)["loss"]) for batch in batches]


def test_weight_counts_are_the_papers():
    count = {net: released(net).count_params() for net in NETS}
    assert count == {recipe.ALIGN: 15_275_843, recipe.FUSION: 388_419}
    trainable = sum(np.prod(w.shape) for w in released(recipe.ALIGN).trainable_weights)
    assert trainable == 15_265_091


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("arithmetic", ["fast", "plain"])
def test_forward_is_the_authors(net, arithmetic):
    network = released(net, arithmetic)
    inputs = recipe.inputs(net, 0)
    golden = recipe.golden(net)
    np.testing.assert_allclose(network(inputs), golden["infer"], rtol=0, atol=2e-5)
    np.testing.assert_allclose(
        network(inputs, training=True), golden["train_mode_forward"], rtol=0, atol=2e-4
    )


@pytest.mark.parametrize("net", NETS)
def test_five_steps_have_the_authors_losses_statistics_and_results(net):
    network, start, losses = trained(net)
    golden = recipe.golden(net)
    np.testing.assert_allclose(losses, golden["losses"], rtol=2e-4)
    np.testing.assert_allclose(losses[0], golden["loss_0"], rtol=2e-4)
    difference = network(recipe.inputs(net, 0)) - golden["infer_after_steps"]
    assert np.mean(np.abs(difference)) < 5e-3
    moved = dict(zip(recipe.variables(net), golden["moved_norms"], strict=True))
    for name, variable in release_variables(network).items():
        if "moving" in name:
            distance = np.linalg.norm(variable.numpy() - start[name])
            np.testing.assert_allclose(distance, moved[name], rtol=1e-2, err_msg=name)


@pytest.mark.parametrize("net", NETS)
def test_gradients_are_the_authors(net):
    network = released(net)
    variables = release_variables(network)
    names = recipe.trainable(net)
    with tf.GradientTape() as tape:
        output = network(recipe.inputs(net, 0), training=True)
        loss = LOSS[net](output, from_network(recipe.target(net, 0)))
    gradients = tape.gradient(
        loss,
        [variables[name].value for name in names],
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    norms = np.array([np.linalg.norm(np.asarray(gradient)) for gradient in gradients])
    golden = recipe.golden(net)["grad_norms_0"]
    zero = np.array([norm == 0 for norm in norms])
    assert all(names[i].endswith("biases") for i in np.flatnonzero(zero))
    assert golden[zero].max(initial=0) < 1e-6
    np.testing.assert_allclose(norms[~zero], golden[~zero], rtol=1e-3)
