"""Adam in one pass over memory is Keras's; Muon turns kernels, and leaves the rest to Adam."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from configs.settings import TrainingConfig
from utils.training import optimisation, optimisers
from utils.training.stages import Stage

STEPS = 30


def stage_of(*layers) -> Stage:
    keras.utils.set_random_seed(0)
    network = keras.Sequential(layers)
    return Stage(networks={"one": network}, trained=("one",), losses=dict, outputs=lambda *_: {})


def test_adam_is_that_of_keras(tmp_path):
    stage = stage_of(keras.Input((7,)), keras.layers.Dense(5))
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
    def made(name):
        layers = [keras.layers.Conv2D(filters, 3) for filters in (16, 32, 3)]
        stage = stage_of(keras.Input((16, 16, 6)), *layers)
        config = TrainingConfig(run=tmp_path, optimizer=name, learning_rate=1e-3)
        return stage.variables, optimisers.optimiser(config, stage)

    (with_muon, muon), (with_adam, adam) = made("muon"), made("adam")
    rng = np.random.default_rng(2)
    kernel = 2  # of 16 to 32 features, after the first kernel and bias
    momentum = np.zeros(with_muon[kernel].shape)
    for _ in range(3):
        gradients = [tf.constant(rng.normal(size=v.shape), tf.float32) for v in with_muon]
        before = with_muon[kernel].numpy()
        muon.apply(gradients, with_muon)
        adam.apply(gradients, with_adam)
        gradient = gradients[kernel].numpy()
        momentum = 0.95 * momentum + 0.05 * gradient
        nesterov = (0.95 * momentum + 0.05 * gradient).reshape(-1, 32).T
        change = (with_muon[kernel].numpy() - before).reshape(-1, 32).T
        expected = optimisers.orthogonalise(tf.constant(nesterov, tf.float32)).numpy()
        np.testing.assert_allclose(change, -1e-3 * 0.5 * 12 * expected, atol=1e-6)
        assert np.sqrt(np.mean(change**2)) == pytest.approx(0.5e-3, rel=0.2)
    for index in (0, 1, 3, 4, 5):
        np.testing.assert_array_equal(with_muon[index].numpy(), with_adam[index].numpy())
