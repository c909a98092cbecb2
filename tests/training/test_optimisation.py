"""Adam in one pass over memory is Keras's."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.training import optimisation
from utils.training.stages import Stage

STEPS = 30


@pytest.fixture
def stage() -> Stage:
    network = keras.Sequential([keras.Input((7,)), keras.layers.Dense(5, name="dense")])
    return Stage(networks={"one": network}, trained=("one",), losses=dict, outputs=lambda *_: {})


def test_adam_is_that_of_keras(stage, tmp_path):
    rng = np.random.default_rng(0)
    ours = optimisation.adam(1e-3, stage)
    other = [keras.Variable(variable.numpy()) for variable in stage.variables]
    theirs = keras.optimizers.Adam(1e-3, epsilon=1e-8)
    theirs.build(other)
    update = tf.function(lambda gradients: ours.apply(gradients, stage.variables))
    for step in range(STEPS):
        gradients = [tf.constant(rng.normal(size=v.shape), tf.float32) for v in other]
        rate = optimisation.learning_rate(TrainingConfig(run=tmp_path, warmup_steps=10), step)
        ours.learning_rate.assign(rate)
        theirs.learning_rate.assign(rate)
        update(gradients)
        theirs.apply(gradients, other)
    assert int(ours.iterations.numpy()) == STEPS
    for variable, expected in zip(stage.variables, other, strict=True):
        np.testing.assert_allclose(variable.numpy(), expected.numpy(), rtol=1e-5, atol=1e-7)
