"""Adam in one pass over memory is Keras's; Muon turns kernels, and leaves the rest to Adam."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.training import optimisation, optimisers
from utils.training.stages import Stage

STEPS = 30


@pytest.fixture
def stage() -> Stage:
    network = keras.Sequential([keras.Input((7,)), keras.layers.Dense(5, name="dense")])
    return Stage(networks={"one": network}, trained=("one",), losses=dict, outputs=lambda *_: {})


def test_adam_is_that_of_keras(stage, tmp_path):
    rng = np.random.default_rng(0)
    ours = optimisers.adam(1e-3, stage)
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


def test_orthogonalised_matrices_keep_their_singular_vectors():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(24, 200)).astype(np.float32) * np.geomspace(1, 20, 24)[:, None]
    for dtype, tolerance in ((tf.float32, 1e-3), (tf.bfloat16, 0.1)):
        result = optimisers.orthogonalise(tf.constant(1e-4 * matrix, tf.float32), dtype).numpy()
        left, _, right = np.linalg.svd(matrix, full_matrices=False)
        values = left.T @ result @ right.T
        assert np.diag(values).min() > 0.6
        assert np.diag(values).max() < 1.25
        np.testing.assert_allclose(values - np.diag(np.diag(values)), 0, atol=tolerance)


def test_muon_is_adam_but_for_kernels_between_features(tmp_path):
    shapes = {
        "first": (3, 3, 6, 16),
        "kernel": (3, 3, 16, 32),
        "last": (5, 5, 16, 3),
        "bias": (32,),
    }
    rng = np.random.default_rng(2)

    def made(name):
        network = keras.Sequential([keras.Input((1,)), _Weights(shapes)])
        stage = Stage(
            networks={"one": network}, trained=("one",), losses=dict, outputs=lambda *_: {}
        )
        config = TrainingConfig(run=tmp_path, optimizer=name, learning_rate=1e-3)
        return stage, optimisers.optimiser(config, stage)

    (muon_stage, muon), (adam_stage, adam) = made("muon"), made("adam")
    momentum = np.zeros(shapes["kernel"])
    for _ in range(3):
        gradients = [tf.constant(rng.normal(size=s), tf.float32) for s in shapes.values()]
        before = muon_stage.variables[1].numpy()
        muon.apply(gradients, muon_stage.variables)
        adam.apply(gradients, adam_stage.variables)
        momentum = 0.95 * momentum + 0.05 * gradients[1].numpy()
        nesterov = (0.95 * momentum + 0.05 * gradients[1].numpy()).reshape(-1, 32).T
        change = (muon_stage.variables[1].numpy() - before).reshape(-1, 32).T
        expected = optimisers.orthogonalise(tf.constant(nesterov, tf.float32)).numpy()
        np.testing.assert_allclose(change, -1e-3 * 0.5 * 12 * expected, atol=1e-6)
        assert np.sqrt(np.mean(change**2)) == pytest.approx(0.5e-3, rel=0.2)
    for index in (0, 2, 3):
        np.testing.assert_array_equal(
            *(x.variables[index].numpy() for x in (muon_stage, adam_stage))
        )


class _Weights(keras.layers.Layer):
    def __init__(self, shapes):
        super().__init__()
        self.parts = [
            self.add_weight(name=name, shape=shape, initializer="ones")
            for name, shape in shapes.items()
        ]

    def call(self, inputs):
        return inputs
