"""Bounds on log likelihoods: their definitions, their order, and PCA's exact likelihood."""

import numpy as np
import pytest

import tinyae as tae

BITS = (np.random.default_rng(0).random((14, 6)) > 0.5).astype(float)


def model(loss="bce", **options):
    layer = tae.Variational(options.pop("beta", 1.0))
    return tae.Autoencoder(
        [tae.Dense(5, "tanh"), tae.Dense(4), layer],
        [tae.Dense(5, "tanh"), tae.Dense(6, "sigmoid")],
        **{"input_shape": (6,), "dtype": "float64", "loss": loss, "seed": 3, **options},
    )


def normal(x, mean, deviation):
    """log N(x; mean, deviation²), summed over each sample."""
    z = (x - mean) / deviation
    return (-0.5 * z**2 - np.log(deviation) - 0.5 * np.log(2 * np.pi)).sum(axis=1)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_both_are_their_definitions(loss):
    ae = model(loss, beta=0.5)
    mean, deviation = ae.encode(BITS, return_std=True)
    likelihoods, weights = [], []
    for draw in range(3):
        z = mean + deviation * np.random.default_rng([7, draw]).standard_normal(mean.shape)
        y = ae.decode(z)
        if loss == "bce":
            likelihoods.append((BITS * np.log(y) + (1 - BITS) * np.log(1 - y)).sum(axis=1))
        else:
            likelihoods.append(normal(BITS, y, np.full_like(y, 0.5)))  # variance β/2
        weights.append(likelihoods[-1] + normal(z, 0, np.ones_like(z)) - normal(z, mean, deviation))
    kl = 0.5 * (mean**2 + deviation**2 - 1 - 2 * np.log(deviation)).sum(axis=1)
    found = ae.elbo(BITS, samples=3, seed=7)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, np.mean(likelihoods, axis=0) - kl, rtol=1e-12)
    expected = np.log(np.mean(np.exp(weights), axis=0))
    np.testing.assert_allclose(ae.log_likelihood(BITS, 3, seed=7), expected, rtol=1e-12)


@pytest.mark.parametrize("loss", ["bce", "mse"])
def test_the_bounds_stand_in_their_order(loss):
    ae, x = model(loss, beta=0.2), np.tile(BITS, (20, 1))
    ae.decoder.parameters[...] *= 4  # so that codes matter, and their distribution is wrong
    bound = ae.elbo(x, 20).mean()
    rising = [ae.log_likelihood(x, n).mean() for n in (1, 10, 100, 1000)]
    assert abs(bound - rising[0]) < rising[1] - bound  # the same in expectation
    assert bound < rising[1] < rising[2] < rising[3]


def test_draws_depend_on_the_seed_alone():
    ae = model(threads=1)
    first = ae.elbo(BITS, 2)
    np.testing.assert_array_equal(ae.elbo(BITS, 2, seed=0), first)
    assert (ae.elbo(BITS, 2, seed=1) != first).all()
    np.testing.assert_array_equal(ae.sample(4), ae.sample(4, seed=0))
    assert (ae.sample(4, seed=1) != ae.sample(4)).all()


def test_samples_are_outputs_of_normal_codes():
    ae = tae.Autoencoder(
        [tae.Dense(4), tae.Variational()], [tae.Dense(2, use_bias=False)], (6,), dtype="float64"
    )
    ae.decoder.parameters[...] = [2, 0, 0, 3]
    drawn = ae.sample(20_000, seed=1)
    np.testing.assert_allclose(drawn.mean(axis=0), 0, atol=0.1)
    np.testing.assert_allclose(np.cov(drawn, rowvar=False), [[4, 0], [0, 9]], atol=0.3)


# The certificate: a linear decoder with normal noise is probabilistic PCA


def correlated(n=400, p=6):
    rng = np.random.default_rng(1)
    turn, _ = np.linalg.qr(rng.normal(size=(p, p)))
    return rng.normal(size=(n, p)) * [4, 3, 1, 1, 1, 1] @ turn + 3


DECAY = tae.CosineDecay(0.03, 3000)


def linear(k, beta):
    return tae.Autoencoder(
        [tae.Dense(2 * k), tae.Variational(beta)],
        [tae.Dense(6)],
        **{"input_shape": (6,), "dtype": "float64", "optimizer": tae.Adam(DECAY)},
    )


def test_with_the_true_posterior_one_draw_is_the_exact_likelihood():
    x, k = correlated(), 2
    pca = tae.PCA(k).fit(x)
    noise = pca.noise_variance_
    W = pca.components_.T * np.sqrt(pca.explained_variance_ - noise)
    ae = linear(k, 2 * noise)
    M = W.T @ W + noise * np.eye(k)  # diagonal, since the components are orthogonal
    kernel, bias = (ae.layers[0].weights[name] for name in ("kernel", "bias"))
    kernel[:, :k], kernel[:, k:] = np.linalg.solve(M, W.T).T, 0
    bias[:k], bias[k:] = -pca.mean_ @ kernel[:, :k], np.log(noise / np.diag(M))
    ae.layers[2].weights["kernel"][...], ae.layers[2].weights["bias"][...] = W.T, pca.mean_
    exact = pca.score_samples(x)
    np.testing.assert_allclose(ae.log_likelihood(x, samples=1), exact, rtol=1e-10)
    spread = (ae.elbo(x, 1, seed=1) - exact).std() / np.sqrt(len(x))
    assert abs((ae.elbo(x, 400) - exact).mean()) < spread  # 20 times the standard error


def test_training_reaches_the_exact_likelihood():
    x, k = correlated(), 2
    pca = tae.PCA(k).fit(x)
    ae = linear(k, 2 * pca.noise_variance_)
    ae.fit(x, epochs=300, batch_size=40, verbose=0)
    exact = pca.score_samples(x).mean()
    bound = ae.log_likelihood(x, samples=100).mean()
    assert exact - 0.02 < bound < exact + 0.01
    assert exact - 0.05 < ae.elbo(x, 400).mean() < bound + 1e-3


# Refusals


@pytest.mark.parametrize("loss", ["mae", "huber", "categorical_crossentropy"])
def test_other_losses_are_no_likelihood(loss):
    with pytest.raises(ValueError, match="elbo needs the loss bce or mse, but the model has"):
        model(loss).elbo(BITS / BITS.sum(axis=1, keepdims=True).clip(1))


def test_a_variance_must_be_one():
    with pytest.raises(ValueError, match=r"variance is of the loss mse, but got 0\.5 with bce"):
        model().elbo(BITS, variance=0.5)
    with pytest.raises(ValueError, match="variance must be given where beta is 0"):
        model("mse", beta=0.0).elbo(BITS)
    with pytest.raises(ValueError, match="variance must be positive"):
        model("mse").log_likelihood(BITS, variance=0)
    assert np.isfinite(model("mse", beta=0.0).elbo(BITS, variance=0.1)).all()


def test_a_deviation_of_nothing_has_no_density():
    ae = model()
    ae.layers[1].weights["bias"][2:] = -1e30
    with pytest.raises(ValueError, match="a bound"):
        ae.elbo(BITS)


@pytest.mark.parametrize("what", ["elbo", "log_likelihood"])
def test_greys_under_bce_are_warned_of_once_a_call(what):
    grey = BITS.copy()
    grey[-1, -1] = 0.5
    with pytest.warns(UserWarning, match=f"^{what} is a bound .* 0 or 1 under bce") as seen:
        getattr(model(), what)(grey, samples=3)
    assert [each.filename for each in seen] == [__file__]
    getattr(model(), what)(BITS > 0, samples=3)  # nor of those that are none: warnings are errors
    getattr(model("mse"), what)(grey, samples=3)
