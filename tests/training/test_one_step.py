"""`train_on_batch`: a step of `fit`, for loops of one's own."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.small_models import IMAGES, PlainMSE, dense, images

x = np.random.default_rng(0).random((24, 6))


def model(loss="mse", optimizer="adam"):
    ends = [tae.Dense(3, "tanh"), tae.Dropout(0.2)], [tae.Dense(6)]
    return tae.Autoencoder(*ends, loss=loss, optimizer=optimizer, dtype="float64")


@pytest.mark.parametrize("make", [dense, images])
def test_steps_are_those_of_fit(make):
    """To the last bit, dropout and noise included."""
    fitted, stepped = make(), make()
    fitted.fit(IMAGES, batch_size=32, shuffle=False, epochs=2, verbose=0)
    losses = [stepped.train_on_batch(IMAGES[i : i + 32]) for i in (0, 32, 64) * 2]
    np.testing.assert_array_equal(stepped.parameters, fitted.parameters)
    np.testing.assert_array_equal(stepped.slots, fitted.slots)
    sizes = [32, 32, 6]
    means = np.average(np.reshape(losses, (2, 3)), axis=1, weights=sizes)
    assert fitted.history["loss"] == pytest.approx(means, rel=1e-6)
    progress = stepped.progress
    assert (progress.step, progress.optimizer_step) == (6, 6)
    assert (progress.epoch, progress.pass_, progress.position) == (0, 0, 0)
    assert not stepped.history


@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])
def test_what_fit_takes_is_taken(loss):
    weight = np.arange(24) % 3
    fitted, stepped = model(loss), model(loss)
    fitted.fit(x, x**2, sample_weight=weight, batch_size=24, shuffle=False, verbose=0)
    stepped.train_on_batch(x.tolist(), x**2, weight)
    np.testing.assert_array_equal(stepped.parameters, fitted.parameters)


def test_what_changes_between_steps_is_heard():
    ae, expected = model(), model()
    steps = {"batch_size": 24, "shuffle": False, "verbose": 0}
    for change in (
        lambda ae: setattr(ae.encoder.layers[0], "trainable", False),
        lambda ae: setattr(ae.decoder.layers[0], "activation", "tanh"),
        lambda ae: setattr(ae.optimizer, "clipnorm", 1e-3),
        lambda ae: setattr(ae, "loss", "mae"),
        lambda ae: setattr(ae, "optimizer", tae.SGD(0.5)),
    ):
        for each in (ae, expected):
            each.build((6,)) if not each.built else None
            change(each)
        ae.train_on_batch(x)
        expected.fit(x, **steps)
        np.testing.assert_array_equal(ae.parameters, expected.parameters)
    assert ae.train_on_batch(np.concatenate([x, x])) > 0  # a larger one than before


def test_a_copy_and_a_file_go_on(tmp_path):
    ae = model()
    ae.train_on_batch(x)
    twin = ae.copy()
    ae.save(tmp_path / "m.npz", training_state=True)
    loaded = tae.load(tmp_path / "m.npz")
    for each in (ae, twin, loaded):
        each.train_on_batch(x)
    np.testing.assert_array_equal(twin.parameters, ae.parameters)
    np.testing.assert_array_equal(loaded.parameters, ae.parameters)


@pytest.mark.parametrize("loss", ["mse", PlainMSE()], ids=["compiled", "eager"])
def test_a_loss_that_is_not_finite_takes_no_step(loss):
    ae = model(loss, tae.SGD(0.1))
    ae.train_on_batch(x)
    before, state = ae.parameters.copy(), ae.slots.copy()
    with pytest.raises(
        tae.TrainingDiverged, match="the loss became inf in epoch 1, at step 2; this step was"
    ):
        ae.train_on_batch(x, np.full_like(x, 1e200))
    np.testing.assert_array_equal(ae.parameters, before)
    np.testing.assert_array_equal(ae.slots, state)
    assert (ae.progress.step, ae.progress.optimizer_step) == (1, 1)
    ae.train_on_batch(x)
    assert np.isfinite(ae.parameters).all()


def test_what_is_refused_changes_nothing():
    ae = model()
    with pytest.raises(ValueError, match="x must be finite"):
        ae.train_on_batch(np.full((3, 6), np.nan))
    assert not ae.built
    ae.train_on_batch(x)
    before = ae.parameters.copy()
    for bad in ({"x": x[:, :3]}, {"x": x, "y": x[:3]}, {"x": x, "sample_weight": x[:, 0] - 1}):
        with pytest.raises(ValueError, match="must"):
            ae.train_on_batch(**bad)
    np.testing.assert_array_equal(ae.parameters, before)
    assert ae.progress.step == 1


def test_not_while_it_is_trained():
    ae = model()

    def step(epoch, logs):
        ae.train_on_batch(x)

    with pytest.raises(RuntimeError, match="is being trained already"):
        ae.fit(x, callbacks=step, verbose=0)
