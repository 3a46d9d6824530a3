"""Layers without weights, and penalties, in models that train by units: as everywhere."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.jit import needs_jit
from tests.support.ways import take
from tinyae.engine import tuning
from tinyae.feeding.batches import Stretch
from tinyae.training.compiled import make_trainer

pytestmark = needs_jit
L1, L2 = tae.L1(0.1), tae.L2(0.3)
ENCODERS = {
    "a variational code": lambda: [tae.Dense(30), tae.Variational(lambda step: 0.5 + step, 0.01)],
    "penalties on a dense layer and on a code": lambda: [
        tae.Dense(40, "tanh", activity_regularizer=L1),
        tae.Dense(34),
        tae.Variational(activity_regularizer=L2),
    ],
    "noise on the input": lambda: [tae.GaussianNoise(0.3, clip=(0, 1)), tae.Dense(17, "relu")],
    "noise and more before the first weights": lambda: [
        tae.SaltAndPepper(0.1),
        tae.Rescaling(2, activity_regularizer=L2),
        tae.Dense(17, "elu"),
    ],
    "a penalty on what comes before the first weights": lambda: [
        tae.Reshape((5, 10, 1), activity_regularizer=L2),
        tae.Cropping2D(1, activity_regularizer=L1),
        tae.Flatten(),
        tae.Dense(17, "elu"),
    ],
    "layers of one kind behind each other": lambda: [
        tae.Dense(35, "relu"),
        tae.Dropout(0.2),
        tae.Masking(0.1, activity_regularizer=L1),
        tae.Activation("softmax"),
    ],
}
DECODERS = {
    "a penalty on the output": lambda: [tae.Dense(50, "sigmoid", activity_regularizer=L2)],
    "a last layer without weights": lambda: [
        tae.Dense(50, "selu"),
        tae.Activation("sigmoid", activity_regularizer=L1),
    ],
    "another shape": lambda: [tae.Dense(50, "sigmoid"), tae.Reshape((5, 10))],
}


@pytest.fixture(autouse=True)
def by_units(monkeypatch):
    take("units", monkeypatch)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)


def step(encoder, decoder, monkeypatch, way="units", threads=1, dtype="float32", at=3):
    """The loss and the gradient of a mini-batch of 37, of a model as that way trains it."""
    take(way, monkeypatch)
    layers = ENCODERS[encoder](), DECODERS[decoder]()
    given = {"loss": "bce", "seed": 0, "dtype": dtype, "threads": threads}
    ae = tae.Autoencoder(*layers, (50,), **given)
    rng = np.random.default_rng(0)
    x, y = (rng.random((37, *shape)).astype(dtype) for shape in ((50,), ae.output_shape))
    trainer = make_trainer(ae, 37)
    assert trainer.by_units == (way == "units")
    guard, size = 10_000, trainer.values.size  # nothing is written before or behind the values
    memory = np.full(size + 2 * guard, 7, dtype)
    trainer.values = memory[guard:-guard].reshape(trainer.values.shape)
    losses = trainer.run(Stretch(x, y, np.array([0, 37]), at), None)
    trainer.close()
    assert (memory[:guard] == 7).all()
    assert (memory[-guard:] == 7).all()
    return losses, trainer.gradients.sum(axis=0)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("encoder", ENCODERS)
def test_losses_and_gradients_are_those_of_every_way(monkeypatch, encoder, decoder):
    found = [step(encoder, decoder, monkeypatch, threads=threads) for threads in (1, 2, 3)]
    losses, gradient = step(encoder, decoder, monkeypatch, "samples", dtype="float64")
    np.testing.assert_allclose(found[0][0], losses, rtol=1e-5)
    np.testing.assert_allclose(found[0][1], gradient, rtol=0, atol=2e-6 * np.abs(gradient).max())
    assert len({b"".join(each.tobytes() for each in pair) for pair in found}) == 1


def test_a_step_whose_penalty_is_not_finite_is_not_taken():
    penalised = tae.Dense(30, activity_regularizer=tae.L2(1e30))
    ae = tae.Autoencoder([penalised], [tae.Dense(50)], (50,), threads=2, optimizer=tae.SGD())
    x, before = np.full((16, 50), 1e5, np.float32), ae.parameters.copy()
    trainer = make_trainer(ae, 16)
    assert trainer.by_units
    penalised.weights["kernel"][...] = before[:1500].reshape(50, 30)
    losses = trainer.run(Stretch(x, x * 0, np.array([0, 16]), 0), ae.optimizer)
    trainer.close()
    assert np.isfinite(losses[0, 0])
    assert not np.isfinite(losses[0, 1])
    np.testing.assert_array_equal(ae.parameters, before)


def test_a_run_is_the_same_whoever_trains_it_and_in_evaluate(monkeypatch):
    """Figures, penalties and the seeds of noise, over epochs with a smaller last mini-batch."""
    x, results = np.random.default_rng(0).random((70, 50)), []
    for way in ("units", "samples"):
        take(way, monkeypatch)
        layers = [tae.Dense(30), tae.Variational(0.5)], [tae.Dropout(0.1), tae.Dense(50, "sigmoid")]
        ae = tae.Autoencoder(*layers, loss="bce", seed=0, threads=2)
        ae.fit(x, epochs=3, batch_size=32, validation_data=x[:9], verbose=0)
        results.append(ae.history)
    assert results[0].keys() == results[1].keys() >= {"kl", "val_kl", "penalty"}
    for name in results[0].keys() - {"seconds"}:
        np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-4)
