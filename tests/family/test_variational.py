"""The variational code: its definition, its divergence, its schedule, and what is refused."""

import math

import numpy as np
import pytest

import tinyae as tae
from tests.support.layer_cases import COPIES
from tinyae.family.variational import EVEN, mean_and_deviation
from tinyae.layers.noise import element_bits, row_key, standard_normal

X = (np.random.default_rng(0).random((14, 6)) > 0.5).astype(float)


def model(beta=1.0, free_bits=0.0, loss="bce", **options):
    return tae.Autoencoder(
        [tae.Dense(5, "tanh"), tae.Dense(4), tae.Variational(beta, free_bits)],
        [tae.Dense(5, "tanh"), tae.Dense(6, "sigmoid")],
        **{"input_shape": (6,), "dtype": "float64", "loss": loss, "seed": 3, **options},
    )


def moments(ae, x=X):
    """What goes into the layer: means and log variances."""
    return np.split(ae.encode(x, layer=len(ae.encoder.layers) - 2), 2, axis=-1)


def divergences(mean, s):
    """KL of each number, by its definition."""
    return 0.5 * (mean**2 + np.exp(s) - 1 - s)


def noise(layer, step, shape):
    """The layer's ε at a step."""
    with np.errstate(over="ignore"):
        rows = [row_key(layer.key, step, i) for i in range(shape[0])]
        size = range(math.prod(shape[1:]))
        drawn = [[float(standard_normal(element_bits(row, j))) for j in size] for row in rows]
    return np.reshape(drawn, shape)


# Definition


@pytest.mark.parametrize("shape", [(4,), (2, 3, 6)])
def test_a_code_in_training_is_mean_plus_deviation_times_noise(shape):
    layer = tae.Variational()
    vars(layer)["dtype"] = np.dtype("float64")
    layer.build(shape)
    x = np.random.default_rng(1).normal(size=(5, *shape))
    mean, s = np.split(x, 2, axis=-1)
    y, _ = layer.forward(x, training=True, step=7)
    expected = mean + np.exp(s / 2) * noise(layer, 7, mean.shape)
    np.testing.assert_allclose(y, expected, rtol=1e-14, atol=1e-14)
    np.testing.assert_array_equal(layer.forward(x)[0], mean)


def test_the_figures_are_the_definitions():
    ae = model(beta=0.3)
    kl = divergences(*moments(ae)).sum(axis=1).mean()
    figures = ae.evaluate(X)
    assert figures["kl"] == pytest.approx(kl, rel=1e-12)
    assert figures["penalty"] == pytest.approx(0.3 * kl / 6, rel=1e-12)
    assert figures["loss"] == figures["reconstruction"] + figures["penalty"]
    y = ae.reconstruct(X)  # of the mean
    bce = -(X * np.log(y) + (1 - X) * np.log(1 - y)).mean()
    assert figures["reconstruction"] == pytest.approx(bce, rel=1e-12)
    assert list(tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)], (6,)).evaluate(X)) == [
        *("loss", "reconstruction", "penalty")
    ]


@pytest.mark.parametrize("eager", [False, True])
def test_a_steps_loss_times_outputs_is_an_estimate_of_the_bound(eager):
    ae = model()
    ae.progress.step = 5
    mean, s = moments(ae)
    y = ae.decode(mean + np.exp(s / 2) * noise(ae.encoder.layers[-1], 5, mean.shape))
    likelihood = (X * np.log(y) + (1 - X) * np.log(1 - y)).sum(axis=1)
    bound = likelihood - divergences(mean, s).sum(axis=1)
    loss, _ = ae.loss_and_gradient(X, training=True, eager=eager)
    assert 6 * loss == pytest.approx(-bound.mean(), rel=1e-12)


@pytest.mark.parametrize("eager", [False, True])
def test_the_history_has_the_divergence_of_its_steps(eager):
    ae, twin = model(), model()
    ae.fit(X, epochs=2, batch_size=5, validation_data=X, verbose=0, eager=eager)
    assert list(ae.history) == [
        *("loss", "reconstruction", "penalty", "kl", "seconds"),
        *("val_loss", "val_reconstruction", "val_penalty", "val_kl"),
    ]
    order, total = np.random.default_rng([3, 1, 0]).permutation(14), 0.0
    for rows in np.split(order, [5, 10]):
        total += divergences(*moments(twin, X[rows])).sum()
        twin.train_on_batch(X[rows])
    assert ae.history["kl"][0] == pytest.approx(total / 14, rel=1e-9)
    assert ae.history["penalty"][0] == pytest.approx(total / 14 / 6, rel=1e-9)
    assert ae.history["val_kl"][-1] == pytest.approx(ae.evaluate(X)["kl"], rel=1e-12)


def test_free_bits_are_not_penalised_and_get_no_gradient():
    ae, free = model(), model(free_bits=0.2)
    kl = divergences(*moments(ae))
    assert 0.2 < np.mean(kl < 0.2) < 1
    figures = free.evaluate(X)
    assert figures["penalty"] == pytest.approx(np.maximum(kl, 0.2).sum(axis=1).mean() / 6)
    assert figures["kl"] == pytest.approx(kl.sum(axis=1).mean())
    generous = model(free_bits=100.0)
    plain = model(beta=0.0)
    np.testing.assert_array_equal(generous.loss_and_gradient(X)[1], plain.loss_and_gradient(X)[1])


@pytest.mark.parametrize(
    "make",
    [
        model,
        lambda: model(0.5, free_bits=0.2),
        lambda: model(lambda step: 0.25, loss="mse"),
        lambda: tae.Autoencoder(
            [tae.Conv2D(4, 2, activation="tanh", activity_regularizer=tae.L2(0.1)),
             tae.Variational(0.5, activity_regularizer=tae.L1(0.1))],
            [tae.Conv2DTranspose(1, 2)],
        ),
    ],
    ids=["plain", "free bits", "schedule", "images"],
)  # fmt: skip
def test_gradients(make):
    ae = make()
    x = X[:5] if ae.built else np.random.default_rng(0).random((3, 3, 2, 1))
    report = tae.check_gradients(ae, x)
    assert report.passed, report


# Schedules


def ramp(step):
    return min(1.0, 0.1 + step / 8)


@pytest.mark.parametrize("eager", [False, True])
def test_beta_may_follow_the_steps(eager):
    ae, twin = model(ramp), model(0.0)
    ae.fit(X, epochs=3, batch_size=5, verbose=0, eager=eager)
    for step in range(9):
        order = np.random.default_rng([3, 1, step // 3]).permutation(14)
        twin.encoder.layers[-1].beta = ramp(step)
        twin.train_on_batch(X[order[step % 3 * 5 :][:5]])
    np.testing.assert_allclose(ae.parameters, twin.parameters, rtol=1e-9)
    assert ae.evaluate(X)["penalty"] == pytest.approx(ramp(9) * ae.evaluate(X)["kl"] / 6)


def test_a_callback_may_change_beta():
    ae, twin = model(0.5), model(0.5)
    ae.fit(
        X, epochs=2, verbose=0, callbacks=lambda epoch, logs: setattr(ae.layers[2], "beta", 0.25)
    )
    for beta in (0.5, 0.25):
        twin.layers[2].beta = beta
        twin.fit(X, verbose=0)
    np.testing.assert_array_equal(ae.parameters, twin.parameters)


class Ramp:
    def __init__(self, steps):
        self.steps = steps

    def __call__(self, step):
        return min(1.0, step / self.steps)


def test_a_schedule_of_a_class_is_saved_and_a_function_refused_by_name(tmp_path):
    ae = model(Ramp(8))
    ae.fit(X, epochs=2, verbose=0)
    ae.save(tmp_path / "model.npz", training_state=True)
    again = tae.load(tmp_path / "model.npz", custom={"Ramp": Ramp})
    assert again.evaluate(X) == ae.evaluate(X)
    with pytest.raises(ValueError, match=r"Variational\(.*cannot be saved: its beta is a function"):
        model(ramp).save(tmp_path / "other.npz")


def test_beta_in_a_file_is_where_its_schedule_stands(tmp_path):
    ae = model(tae.ExponentialDecay(1.0, 100, 1.0, warmup_steps=50), loss="mse")
    ae.fit(X, epochs=20, batch_size=14, verbose=0)
    ae.save(tmp_path / "model.npz")
    loaded = tae.load(tmp_path / "model.npz")
    assert loaded.evaluate(X) == ae.evaluate(X)
    np.testing.assert_array_equal(loaded.elbo(X), ae.elbo(X))


def test_means_behind_an_activation_are_warned_of():
    for end in ([tae.Dense(4, "relu")], [tae.Dense(4), tae.Activation("tanh")]):
        ae = tae.Autoencoder([*end, tae.Variational()], [tae.Dense(6)])
        with pytest.warns(UserWarning, match=r"encoder\[\d\] \w+ is (relu|tanh): put a linear"):
            ae.fit(X, verbose=0)


def test_a_schedule_that_gives_no_number_is_refused():
    for wrong in (lambda step: -1, lambda step: "a", lambda: 1, lambda step: math.inf):
        with pytest.raises(ValueError, match="beta must be a number or callable with the step"):
            tae.Variational(wrong)
    ae = model(lambda step: 1 - step)
    with pytest.raises(ValueError, match="at step 2"):
        ae.fit(X, batch_size=2, verbose=0)


# Extremes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("s", [-1e30, -200.0, 0.0, 15.0, 25.0, 200.0, 1e20])
def test_extreme_log_variances_neither_overflow_nor_lose_the_gradient(s, dtype):
    layer = tae.Variational()
    vars(layer)["dtype"] = np.dtype(dtype)
    layer.build((2,))
    x = np.array([[0.5, s]], dtype)
    y, cache = layer.forward(x, training=True)
    dx = layer.backward(np.zeros_like(y), cache)
    penalty, kl = layer.penalise(x, y, dx, 1.0)
    mean, deviation = mean_and_deviation(x)
    for each in (y, dx, penalty, kl, deviation):
        assert np.isfinite(each).all()
    assert dx[0, 0] == 0.5
    assert (dx[0, 1] == 0) == (s == 0)
    grown = 1 + max(s - EVEN, 0)  # a shift of the bound by log(grown)
    expected = (math.exp(min(s, EVEN)) * grown - 1) / 2 / grown
    np.testing.assert_allclose(dx[0, 1], expected, rtol=1e-5)
    variance = math.exp(min(s, EVEN)) * grown
    np.testing.assert_allclose(deviation[0, 0] ** 2, variance, rtol=1e-5, atol=1e-37)
    np.testing.assert_allclose((y - mean)[0, 0], deviation[0, 0] * noise(layer, 0, (1, 1))[0, 0],
                               rtol=1e-4, atol=1e-7)  # fmt: skip


def test_small_divergences_keep_their_digits():
    layer = tae.Variational()
    layer.build((2,))
    x = np.float32([[0, 1e-3]])
    exact = (math.expm1(float(x[0, 1])) - float(x[0, 1])) / 2
    dx = np.zeros_like(x)
    layer.penalise(x, x[:, :1], dx, 1.0)
    np.testing.assert_allclose(dx[0, 1], math.expm1(float(x[0, 1])) / 2, rtol=1e-6)
    assert layer.penalise(x, x[:, :1], None, 1.0)[1] == pytest.approx(exact, abs=1e-10)


# Use


@pytest.mark.parametrize("how", COPIES)
def test_copies_go_on_alike(how):
    ae = model(0.5, free_bits=0.1)
    ae.fit(X, verbose=0)
    twin = COPIES[how](ae)
    for each in (ae, twin):
        each.fit(X, verbose=0)
    np.testing.assert_array_equal(ae.parameters, twin.parameters)


def test_codes_are_means_and_come_with_deviations():
    ae = model()
    mean, s = moments(ae)
    found, deviation = ae.encode(X, return_std=True)
    np.testing.assert_array_equal(found, ae.encode(X))
    np.testing.assert_allclose(found, mean, rtol=1e-14)
    np.testing.assert_allclose(deviation, np.exp(s / 2), rtol=1e-14)
    alone = tae.Autoencoder([tae.Variational()], [tae.Dense(6)], input_shape=(6,))
    mean, deviation = alone.encode(X, return_std=True)
    np.testing.assert_array_equal(mean, X[:, :3])
    assert deviation.dtype == np.float32
    np.testing.assert_allclose(deviation, np.exp(X[:, 3:] / 2), rtol=1e-6)


def test_it_may_stand_nowhere_else():
    for sides in (
        ([tae.Variational(), tae.Dense(2)], [tae.Dense(6)]),
        ([tae.Dense(4)], [tae.Variational(), tae.Dense(6)]),
        ([tae.Dense(8), tae.Variational(), tae.Variational()], [tae.Dense(6)]),
    ):
        with pytest.raises(ValueError, match="must be the last layer of the encoder, and the only"):
            tae.Autoencoder(*sides)


def test_an_odd_number_of_inputs_is_refused():
    with pytest.raises(ValueError, match=r"encoder\[1\] Variational expects as many means as log"):
        tae.Autoencoder([tae.Dense(3), tae.Variational()], [tae.Dense(6)], (6,))


def test_what_needs_it_says_so():
    plain = tae.Autoencoder([tae.Dense(2)], [tae.Dense(6)], (6,))
    calls = {
        "sample": lambda: plain.sample(3),
        "elbo": lambda: plain.elbo(X),
        "log_likelihood": lambda: plain.log_likelihood(X),
        "return_std": lambda: plain.encode(X, return_std=True),
    }
    for name, call in calls.items():
        with pytest.raises(ValueError, match=f"{name} needs a Variational layer at the end of the"):
            call()
    with pytest.raises(ValueError, match="return_std is of codes"):
        model().encode(X, layer=0, return_std=True)


def test_formula_and_repr():
    assert repr(tae.Variational(0.5, free_bits=0.1)) == "Variational(beta=0.5, free_bits=0.1)"
    report = str(tae.trace(model(0.5), X))
    assert "y = μ + σ ε, (μ, s) = x, σ² = e^s; 0.5/D ½ Σ(μ² + σ² − 1 − s) joins the loss" in report
