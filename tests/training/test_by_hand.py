"""Training layer by layer in Python, and a loop of one's own: the same steps as the engine's."""

import numpy as np
import pytest

import tinyae as tae
from tinyae.network import backprop


def model(loss="mse", optimizer="adam", **options):
    """With noise, dropout and penalties."""
    return tae.Autoencoder(
        [
            *(tae.GaussianNoise(0.1), tae.Dense(8, "tanh"), tae.Dropout(0.2)),
            tae.Dense(3, activity_regularizer=tae.L1L2(0.01, 0.02)),
        ],
        [tae.Dense(8, "elu"), tae.Dense(6, "sigmoid")],
        **{"input_shape": (6,), "dtype": "float64", "seed": 2, **options},
        loss=loss,
        optimizer=optimizer,
    )


def samples(n=50):
    return np.random.default_rng(0).random((n, 6))


def counted(monkeypatch):
    """How often the functions of `backprop` are called, from now on."""
    calls = dict.fromkeys(("forward", "backward"), 0)

    def counter(name, function):
        def wrapper(*arguments):
            calls[name] += 1
            return function(*arguments)

        return wrapper

    for name in calls:
        monkeypatch.setattr(backprop, name, counter(name, getattr(backprop, name)))
    return calls


@pytest.mark.parametrize("loss", ["mse", "bce"])
@pytest.mark.parametrize("optimizer", [tae.Adam(1e-2), tae.SGD(0.1, 0.9)], ids=["adam", "sgd"])
def test_eager_training_is_training(loss, optimizer, monkeypatch):
    calls, x = counted(monkeypatch), samples()
    compiled, eager = model(loss, optimizer), model(loss, optimizer)
    compiled.fit(x, epochs=3, batch_size=16, verbose=0)
    assert calls == {"forward": 0, "backward": 0}
    eager.fit(x, epochs=3, batch_size=16, verbose=0, eager=True)
    assert calls == {"forward": 12, "backward": 12}
    np.testing.assert_allclose(eager.parameters, compiled.parameters, rtol=0, atol=1e-10)
    np.testing.assert_allclose(eager.slots, compiled.slots, rtol=0, atol=1e-10)
    for name in ("loss", "reconstruction", "penalty"):
        np.testing.assert_allclose(eager.history[name], compiled.history[name], rtol=1e-10)
    assert eager.progress == compiled.progress


def test_every_layer_has_a_cache_of_its_own():
    layers, x = model().layers, samples()
    y, caches = backprop.forward(layers, x)
    for wrong in (caches[1:], [None, *caches]):
        with pytest.raises(ValueError, match=r"is (shorter|longer) than"):
            backprop.backward(layers, np.ones_like(y), wrong)


def test_an_eager_gradient_goes_through_backprop(monkeypatch):
    calls, ae, x = counted(monkeypatch), model(), samples()
    loss, gradient = ae.loss_and_gradient(x, training=True)
    assert calls == {"forward": 0, "backward": 0}
    by_hand = ae.loss_and_gradient(x, training=True, eager=True)
    assert calls == {"forward": 1, "backward": 1}
    assert by_hand[0] == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(by_hand[1], gradient, rtol=0, atol=1e-12 * np.abs(gradient).max())


@pytest.mark.parametrize("wrong", [1, None, "yes"])
def test_eager_is_yes_or_no(wrong):
    with pytest.raises(ValueError, match="eager must be True or False"):
        model().fit(samples(), verbose=0, eager=wrong)


@pytest.mark.parametrize("optimizer", [tae.Adam(1e-2), tae.SGD(0.1, 0.9)], ids=["adam", "sgd"])
def test_a_loop_of_ones_own_trains_as_fit_does(optimizer):
    """On the whole data at a time, in its order; noise and dropout as in training."""
    x, loss = samples(), tae.MSE()
    encoder = [tae.GaussianNoise(0.1), tae.Dense(8, "tanh"), tae.Dropout(0.2), tae.Dense(3)]
    ae = tae.Autoencoder(
        *(encoder, [tae.Dense(6, "sigmoid")], (6,)), loss, optimizer, dtype="float64"
    )
    chain = tae.Sequential([ae.encoder.copy(), ae.decoder.copy()])
    chain.build((6,), "float64")
    state, losses = optimizer.state(chain.parameters), []
    for step in range(5):
        y, cache = chain.forward(x, training=True, step=step)
        value, dy = loss.value_and_gradient(y, x)
        chain.clear_gradients()
        chain.backward(dy, cache)
        optimizer.step(chain.parameters, chain.gradient, state, step + 1)
        losses.append(value)
    ae.fit(x, epochs=5, shuffle=False, batch_size=len(x), verbose=0)
    np.testing.assert_allclose(losses, ae.history["loss"], rtol=1e-12)
    np.testing.assert_allclose(chain.parameters, ae.parameters, rtol=0, atol=1e-12)
    np.testing.assert_allclose(state, ae.slots, rtol=0, atol=1e-12)
