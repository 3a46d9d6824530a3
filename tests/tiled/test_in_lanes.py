"""Training in lanes: the gradients are right, and what a step does with them is as ever."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.dense_steps import model, one_step
from tests.support.jit import needs_jit
from tests.support.ways import take
from tinyae.engine import tuning
from tinyae.feeding.batches import Stretch
from tinyae.training.compiled import make_trainer

pytestmark = needs_jit


@pytest.fixture(autouse=True)
def in_lanes(monkeypatch):
    take("lanes", monkeypatch)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)


@pytest.mark.parametrize("size", range(1, 71))
def test_gradients_of_every_width_and_batch(size):
    """From 1 to 70: every way in which strips, tiles and blocks can end."""
    other = size * 37 % 70 + 1
    for widths, batch in (
        ((other, size, 71 - size), size * 11 % 70 + 1),
        ((3, other, 5), size),
        ((2, size, 3), 64 + size),
    ):
        found, losses, gradient, expected = one_step(widths, batch, size, size % 3 + 1, size % 3)
        scale = max(1e-3, np.abs(gradient).max())
        np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-5 * scale)
        np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-6)


def test_a_smaller_last_mini_batch_sees_nothing_of_the_one_before():
    small, alone = model((3, 20, 20, 3), seed=3), model((3, 20, 20, 3), seed=3)
    x = np.random.default_rng(0).random((100, 3)).astype(np.float32)
    x[:90] *= 1e6
    trainer = make_trainer(small, 90)
    trainer.run(Stretch(x, x, np.array([0, 90]), 0), None)
    losses = trainer.run(Stretch(x, x, np.array([90, 100]), 0), None)
    gradient = trainer.gradients.sum(axis=0)
    trainer.close()
    trainer = make_trainer(alone, 10)
    np.testing.assert_array_equal(trainer.run(Stretch(x, x, np.array([90, 100]), 0), None), losses)
    np.testing.assert_array_equal(trainer.gradients.sum(axis=0), gradient)
    trainer.close()


@pytest.mark.parametrize("activation", ["relu", "tanh", None])
def test_a_thread_may_be_without_samples(monkeypatch, activation):
    x, results = np.random.default_rng(0).random((51, 12)), []
    for way in ("lanes", "samples"):
        take(way, monkeypatch)
        layers = [tae.Dense(5, activation)], [tae.Dense(12, activation)]
        ae = tae.Autoencoder(*layers, seed=0, threads=3)
        ae.fit(x, epochs=2, batch_size=50, verbose=0)
        results.append(ae.parameters)
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_step_does_with_gradients_is_as_by_samples(monkeypatch, threads):
    """Clipping, decay, a penalty on a kernel, a schedule, frozen layers."""
    x, results = np.random.default_rng(0).random((90, 12)), []
    for way in ("lanes", "samples"):
        take(way, monkeypatch)
        rate = tae.ExponentialDecay(0.05, 3, 0.5)
        adam = tae.Adam(rate, weight_decay=0.1, global_clipnorm=0.05)
        code = tae.Dense(5, "tanh", kernel_regularizer=tae.L2(0.1))
        frozen = tae.Dense(9, "relu")
        frozen.trainable = False
        given = {"optimizer": adam, "threads": threads, "seed": 0}
        ae = tae.Autoencoder([code], [frozen, tae.Dense(12)], **given)
        ae.fit(x, epochs=3, batch_size=40, verbose=0)
        results.append((ae.parameters, ae.history["loss"], ae.history["penalty"]))
    for lanes, samples in zip(*results, strict=True):
        np.testing.assert_allclose(lanes, samples, rtol=1e-3, atol=1e-5)


def test_weights_that_are_all_zero_give_no_loss_and_no_gradient():
    ae, x = model((9, 20, 9)), np.random.default_rng(0).random((30, 9))
    loss, gradient = ae.loss_and_gradient(x, sample_weight=np.zeros(30))
    assert loss == 0
    assert not gradient.any()


def test_a_step_whose_loss_is_not_finite_is_not_taken():
    ae = model((9, 20, 9), threads=1)
    x = np.random.default_rng(0).random((48, 9)).astype(np.float32)
    x[20] = 1e30
    trainer = make_trainer(ae, 16)
    assert trainer.in_lanes
    losses = trainer.run(Stretch(x, x, np.array([0, 16, 32, 48]), 0), ae.optimizer)
    trainer.close()
    assert len(losses) == 2
    assert np.isfinite(ae.parameters).all()


@tae.kernel
def inverse(z, b):
    for k in range(z.size):
        z[k] = 1 / (z[k] + b[k])


@tae.kernel
def inverse_backward(a, d):
    for k in range(d.size):
        d[k] *= -a[k] * a[k]


@pytest.mark.parametrize("batch", [33, 40, 47, 48])
@pytest.mark.parametrize("units", [5, 20, 64])
def test_lanes_without_a_sample_add_nothing(batch, units):
    """Also where a layer's numbers are finite for samples only, and infinite for zeros."""
    f = tae.ActivationFunction("inverse", inverse, inverse_backward, "-dy * y**2")
    x = np.random.default_rng(0).random((batch, 4)).astype(np.float32) + 0.5
    first = tae.Dense(units, f, kernel_initializer=lambda shape, rng: rng.random(shape) + 0.05)
    ae = tae.Autoencoder([first, tae.Dense(20, "tanh")], [tae.Dense(4)], optimizer=tae.SGD(1e-3))
    twin = ae.copy()
    losses = [
        each.fit(x, epochs=2, batch_size=batch, verbose=0, eager=each is twin)["loss"]
        for each in (ae, twin)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-5)
    np.testing.assert_allclose(ae.parameters, twin.parameters, rtol=1e-4, atol=1e-6)


def test_a_share_larger_than_a_chunk_is_taken_at_once(monkeypatch):
    """What is kept of the samples' losses has room for all of them."""
    monkeypatch.setattr(tuning, "CHUNK_BYTES", 1)
    trainer = make_trainer(model((3, 20, 20, 3), seed=3), 90)
    trainer.close()
    assert trainer.capacity >= -(-90 // trainer.threads)
