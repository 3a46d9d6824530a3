"""Training by units: the gradients are right, and the bytes the same for any number of threads."""

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
def by_units(monkeypatch):
    take("units", monkeypatch)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)


@pytest.mark.parametrize("size", range(1, 71))
def test_gradients_of_every_width_and_batch(size):
    """From 1 to 70: every way in which strips and tiles can end."""
    other = size * 37 % 70 + 1
    for widths, batch in (((other, size, 71 - size), size * 11 % 70 + 1), ((3, other, 5), size)):
        given = widths, batch, size, size % 3 + 1, size % 3
        found, losses, gradient, expected = one_step(*given)
        scale = max(1e-3, np.abs(gradient).max())
        np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-5 * scale)
        np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-6)


def test_gradients_of_matrices_that_are_packed_in_parts():
    found, losses, gradient, expected = one_step((1100, 700, 3, 1100), 20, 2, 2)
    np.testing.assert_allclose(found, gradient, rtol=0, atol=1e-5 * np.abs(gradient).max())
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("widths", [(70, 50, 3, 50, 70), (33, 17, 40), (6, 200, 6)])
def test_bytes_are_the_same_for_any_number_of_threads(widths, weighted):
    rng, results = np.random.default_rng(0), set()
    x, y, w = rng.random((90, widths[0])), rng.random((90, widths[-1])), rng.random(90)
    for threads in (1, 2, 3, 7):
        ae = model(widths, seed=3, optimizer=tae.Adam(1e-2), threads=threads)
        ae.fit(x, y, sample_weight=w if weighted else None, epochs=3, batch_size=32, verbose=0)
        losses = np.array(ae.history["loss"])
        _, gradient = ae.loss_and_gradient(x, y)
        parts = ae.parameters, ae.slots, losses, gradient
        results.add(b"".join(part.tobytes() for part in parts))
    assert len(results) == 1


def test_weights_that_are_all_zero_give_no_loss_and_no_gradient():
    ae, x = model((9, 20, 9)), np.random.default_rng(0).random((30, 9))
    loss, gradient = ae.loss_and_gradient(x, sample_weight=np.zeros(30))
    assert loss == 0
    assert not gradient.any()


@pytest.mark.parametrize("threads", [1, 3])
def test_a_step_whose_loss_is_not_finite_is_not_taken(threads):
    ae = model((9, 20, 9), threads=threads)
    x = np.random.default_rng(0).random((48, 9)).astype(np.float32)
    x[20] = 1e30  # one sample, of one thread
    trainer, before = make_trainer(ae, 16), ae.parameters.copy()
    losses = trainer.run(Stretch(x, x, np.array([0, 16, 32, 48]), 0), ae.optimizer)
    trainer.close()
    assert np.isfinite(losses[:-1]).all()
    assert not np.isfinite(losses[-1]).all()
    assert len(losses) == 2
    alone = ae.copy()
    alone.parameters[...], alone.slots[...] = before, 0
    trainer = make_trainer(alone, 16)
    trainer.run(Stretch(x, x, np.array([0, 16]), 0), alone.optimizer)
    trainer.close()
    assert alone.parameters.tobytes() == ae.parameters.tobytes()


def test_models_that_clip_their_gradients_train_by_samples(monkeypatch):
    x, results = np.random.default_rng(0).random((64, 12)), set()
    for way in ("units", "samples"):
        take(way, monkeypatch)
        adam = tae.Adam(0.1, global_clipnorm=1e-3)
        ae = tae.Autoencoder([tae.Dense(5, "tanh")], [tae.Dense(12)], optimizer=adam, seed=0)
        ae.fit(x, epochs=2, batch_size=16, verbose=0)
        ae.train_on_batch(x[:16])
        results.add(ae.parameters.tobytes())
    assert len(results) == 1


def test_a_schedule_and_decay_are_those_of_every_way(monkeypatch):
    x, results = np.random.default_rng(0).random((64, 12)), []
    adam = tae.Adam(tae.ExponentialDecay(0.1, 3, 0.5), weight_decay=0.1)
    for way in ("units", "samples"):
        take(way, monkeypatch)
        ae = tae.Autoencoder([tae.Dense(5, "tanh")], [tae.Dense(12)], optimizer=adam, seed=0)
        ae.fit(x, epochs=3, batch_size=16, verbose=0)
        results.append(ae.parameters)
    np.testing.assert_allclose(*results, rtol=1e-3, atol=1e-5)
