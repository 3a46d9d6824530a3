"""Straight lines in code space, the normal distribution of codes, and drawing from others."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae

RNG = np.random.default_rng(0)


def small(**options):
    return tae.Autoencoder(
        [tae.Dense(3, "tanh")], [tae.Dense(4)], input_shape=(4,), dtype="float64", **options
    )


def spread_codes(n=200, k=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, k)) @ rng.normal(size=(k, k)) + rng.normal(size=k)


# Lines


@given(st.integers(2, 20), st.floats(-100, 100), st.floats(-100, 100))
def test_a_straight_line_ends_where_it_should_in_equal_steps(n, a, b):
    line = tae.straight_line(np.full((2, 3), a), np.full((2, 3), b), n)
    assert line.shape == (n, 2, 3)
    assert (line[0] == a).all()
    assert (line[-1] == b).all()
    np.testing.assert_allclose(np.diff(line, axis=0), (b - a) / (n - 1), atol=1e-10)


@pytest.mark.parametrize(
    ("start", "end", "dtype"),
    [("float32", "float32", "float32"), ("float32", "float64", "float64"), (int, int, "float64")],
)
def test_a_lines_dtype(start, end, dtype):
    assert tae.straight_line(np.ones(2, start), np.ones(2, end), 3).dtype == dtype


def test_interpolation_decodes_the_line_between_the_codes():
    model, (a, b) = small(), RNG.random((2, 4))
    walk = tae.interpolate(model, a, b, 5)
    z = model.encode(np.stack([a, b]))
    for i, t in enumerate((0, 0.25, 0.5, 0.75, 1)):
        expected = model.decode((1 - t) * z[:1] + t * z[1:])[0]
        np.testing.assert_allclose(walk[i], expected, rtol=1e-12)
    np.testing.assert_allclose(walk[[0, -1]], model.reconstruct(np.stack([a, b])), rtol=1e-12)
    pixels = tae.straight_line(a, b, 5)
    assert np.abs(walk - pixels).max() > 0.1  # another way than through the pixels


def test_interpolation_of_images_with_codes_that_are_images():
    model = tae.Autoencoder(
        [tae.Conv2D(2, 3, strides=2)], [tae.Conv2DTranspose(1, 3, strides=2)], input_shape=(7, 7, 1)
    )
    assert tae.interpolate(model, *RNG.random((2, 7, 7, 1)), n=3).shape == (3, 7, 7, 1)


def test_interpolation_by_pca_is_a_straight_line_of_reconstructions():
    x = RNG.random((30, 4))
    pca = tae.PCA(2).fit(x)
    ends = pca.reconstruct(x[:2])
    np.testing.assert_allclose(
        tae.interpolate(pca, x[0], x[1], 6), tae.straight_line(*ends, 6), rtol=1e-10
    )


@pytest.mark.parametrize("n", [1, 0, 2.5, True])
def test_a_line_has_two_ends(n):
    for call in (
        lambda: tae.straight_line([0.0], [1.0], n),
        lambda: tae.interpolate(small(), np.ones(4), np.ones(4), n),
    ):
        with pytest.raises(ValueError, match="n must be a whole number of at least 2"):
            call()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"start and end must have one shape, .*\(2,\) and \(3,\)"):
        tae.straight_line(np.ones(2), np.ones(3))
    with pytest.raises(ValueError, match=r"x_from must be one sample of shape \(4,\)"):
        tae.interpolate(small(), np.ones((2, 4)), np.ones(4))
    with pytest.raises(ValueError, match="end must be finite"):
        tae.straight_line([0.0], [np.nan])


# The normal distribution


def reference_log_density(codes, mean, covariance):
    """The textbook's formula, one code at a time."""
    k, result = len(mean), []
    for z in codes:
        d = z - mean
        square = d @ np.linalg.inv(covariance) @ d
        sign, log_determinant = np.linalg.slogdet(covariance)
        assert sign == 1
        result.append(-0.5 * (k * math.log(2 * math.pi) + log_determinant + square))
    return np.array(result)


@pytest.mark.parametrize("k", [1, 2, 5])
def test_full_is_the_textbooks_density(k):
    codes = spread_codes(k=k)
    sampler = tae.GaussianSampler("full").fit(codes)
    np.testing.assert_allclose(sampler.mean_, codes.mean(axis=0))
    covariance = np.cov(codes.T, bias=True).reshape(k, k)
    covariance += 1e-6 * np.diag(np.diag(covariance))
    np.testing.assert_allclose(sampler.covariance_, covariance, rtol=1e-10)
    others = spread_codes(seed=1, k=k)
    expected = reference_log_density(others, codes.mean(axis=0), covariance)
    np.testing.assert_allclose(sampler.log_prob(others), expected, rtol=1e-9)


def test_diag_is_the_product_of_densities_of_one_number():
    codes, others = spread_codes(), spread_codes(seed=1)
    sampler = tae.GaussianSampler().fit(codes)
    variance = codes.var(axis=0) * (1 + 1e-6)
    np.testing.assert_allclose(sampler.covariance_, variance)
    singles = -0.5 * np.log(2 * np.pi * variance) - (others - sampler.mean_) ** 2 / (2 * variance)
    np.testing.assert_allclose(sampler.log_prob(others), singles.sum(axis=1))


def test_a_density_integrates_to_one():
    codes = RNG.normal(size=(100, 2)) @ [[1, 0.7], [0, 2]]
    for kind in ("diag", "full"):
        sampler = tae.GaussianSampler(kind).fit(codes)
        reach = 8 * codes.std(axis=0)
        axes = [np.linspace(m - r, m + r, 400) for m, r in zip(sampler.mean_, reach, strict=True)]
        grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
        cell = math.prod(axis[1] - axis[0] for axis in axes)
        assert np.exp(sampler.log_prob(grid)).sum() * cell == pytest.approx(1, abs=1e-6)


def test_on_correlated_codes_full_is_more_likely():
    codes, held_out = np.split(spread_codes(400), 2)
    full, diag = (
        tae.GaussianSampler(kind).fit(codes).log_prob(held_out).mean() for kind in ("full", "diag")
    )
    assert full > diag + 0.1


@pytest.mark.parametrize("kind", ["diag", "full"])
def test_samples_have_the_mean_and_covariance(kind):
    codes = spread_codes()
    sampler = tae.GaussianSampler(kind).fit(codes)
    drawn = sampler.sample(200_000, seed=3)
    scale = codes.std(axis=0)
    np.testing.assert_allclose(drawn.mean(axis=0) / scale, sampler.mean_ / scale, atol=0.01)
    covariance = sampler.covariance_ if kind == "full" else np.diag(sampler.covariance_)
    scales = np.outer(scale, scale)
    np.testing.assert_allclose(np.cov(drawn.T) / scales, covariance / scales, atol=0.02)


def test_samples_follow_from_the_seed():
    sampler = tae.GaussianSampler("full").fit(spread_codes())
    np.testing.assert_array_equal(sampler.sample(5, seed=7), sampler.sample(5, seed=7))
    assert (sampler.sample(5, seed=7) != sampler.sample(5, seed=8)).all()
    rng = np.random.default_rng(7)
    np.testing.assert_array_equal(sampler.sample(5, seed=rng), sampler.sample(5, seed=7))


@pytest.mark.parametrize("kind", ["diag", "full"])
def test_dead_units_stay_where_they_are(kind):
    codes = spread_codes(k=4).astype(np.float32)
    codes[:, 1], codes[:, 3] = 0.1, 0
    sampler = tae.GaussianSampler(kind).fit(codes)
    drawn = sampler.sample(1000)
    spread = codes.std(axis=0, dtype=np.float64)
    np.testing.assert_allclose(drawn[:, 1], np.float32(0.1), atol=6e-3 * spread.max())
    np.testing.assert_allclose(drawn[:, 3], 0, atol=6e-3 * spread.max())
    assert np.isfinite(sampler.log_prob(codes)).all()


def test_dependent_and_unequal_units_keep_their_digits():
    a = np.random.default_rng(0).normal(size=500)
    codes = np.column_stack([a, 1e-8 * a, 1e8 * (a + 0.1 * RNG.normal(size=500)), a])
    sampler = tae.GaussianSampler("full").fit(codes)
    drawn = sampler.sample(50_000)
    np.testing.assert_allclose(drawn.std(axis=0), codes.std(axis=0), rtol=0.02)
    correlation = np.corrcoef(drawn.T)
    np.testing.assert_allclose(correlation, np.corrcoef(codes.T), atol=1e-3)
    assert np.isfinite(sampler.log_prob(codes)).all()


def test_fewer_codes_than_units():
    codes = np.random.default_rng(0).normal(size=(5, 20))
    sampler = tae.GaussianSampler("full").fit(codes)
    assert np.isfinite(sampler.log_prob(codes)).all()
    assert np.isfinite(sampler.sample(10)).all()


def test_far_from_zero_no_digits_are_lost():
    codes = spread_codes()
    near, far = (tae.GaussianSampler("full").fit(codes + shift) for shift in (0, 1e8))
    np.testing.assert_allclose(far.covariance_, near.covariance_, rtol=1e-6)


def test_codes_of_more_dimensions_count_as_flat():
    codes = RNG.random((30, 2, 3, 1))
    sampler = tae.GaussianSampler("full").fit(codes)
    assert sampler.sample(4).shape == (4, 6)
    np.testing.assert_array_equal(sampler.log_prob(codes), sampler.log_prob(codes.reshape(30, 6)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tae.GaussianSampler("tied"), 'covariance must be "diag" or "full", but got'),
        (lambda: tae.GaussianSampler().sample(3), "has seen no codes"),
        (lambda: tae.GaussianSampler().log_prob(np.ones((1, 2))), "has seen no codes"),
        (lambda: tae.GaussianSampler().fit(np.ones((5, 2))), "all 5 of them are the same"),
        (lambda: tae.GaussianSampler().fit(np.ones((1, 2))), "codes must vary"),
        (lambda: tae.GaussianSampler().fit([[np.inf, 1], [0, 1]]), "codes must be finite"),
        (lambda: tae.GaussianSampler().fit(np.ones(3)), "codes must have at least two dimensions"),
        (lambda: tae.GaussianSampler().fit([[1e200], [-1e200]]), "codes span too wide a range"),
        (
            lambda: tae.GaussianSampler().fit(np.eye(2)).log_prob(np.ones((1, 3))),
            "codes must hold 2 numbers each, but hold 3",
        ),
        (lambda: tae.GaussianSampler().fit(np.eye(2)).sample(0), "n must be a whole number"),
    ],
)
def test_what_a_sampler_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Generating


class Mixture:
    """`sample` as scikit-learn's GaussianMixture has it."""

    def __init__(self, k=3):
        self.k, self.random_state = k, np.random.RandomState(5)

    def sample(self, n_samples=1):
        rng = np.random.RandomState(self.random_state)
        return rng.normal(size=(n_samples, self.k)), np.zeros(n_samples, int)


class Kernels:
    """`sample` as scikit-learn's KernelDensity has it."""

    def sample(self, n_samples=1, random_state=None):
        return np.random.RandomState(random_state).normal(size=(n_samples, 3))


def test_generate_decodes_what_the_sampler_draws():
    model = small()
    sampler = tae.GaussianSampler("full").fit(model.encode(RNG.random((50, 4))))
    images = tae.generate(model, sampler, 7, seed=2)
    np.testing.assert_array_equal(images, model.decode(sampler.sample(7, seed=2)))


@pytest.mark.parametrize("density", [Mixture(), Kernels()])
def test_generate_takes_scikit_learns_densities(density):
    model = small()
    expected = model.decode(np.random.RandomState(2).normal(size=(7, 3)))
    np.testing.assert_array_equal(tae.generate(model, density, 7, seed=2), expected)


def test_generate_leaves_the_densitys_own_seed():
    density = Mixture()
    state = density.random_state
    tae.generate(small(), density, 3)
    assert density.random_state is state


def test_generate_gives_codes_the_models_shape():
    model = tae.Autoencoder(
        [tae.Conv2D(1, 3, strides=2)], [tae.Conv2DTranspose(1, 3, strides=2)], input_shape=(7, 7, 1)
    )
    assert tae.generate(model, Mixture(9), 4).shape == (4, 7, 7, 1)
    x = RNG.random((30, 5))
    assert tae.generate(tae.PCA(3).fit(x), Mixture(3), 4).shape == (4, 5)


def test_generate_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"must have shape \(n, 3\)"):
        tae.generate(small(), Mixture(4), 2)
    with pytest.raises(ValueError, match="n must be a whole number of at least 1"):
        tae.generate(small(), Mixture(), 0)


def test_with_scikit_learn_itself():
    mixture = pytest.importorskip("sklearn.mixture").GaussianMixture
    neighbors = pytest.importorskip("sklearn.neighbors")
    codes = spread_codes()
    for kind in ("diag", "full"):
        theirs = mixture(1, covariance_type=kind, reg_covar=0).fit(codes)
        ours = tae.GaussianSampler(kind).fit(codes)
        np.testing.assert_allclose(
            ours.log_prob(codes), theirs.score_samples(codes), rtol=1e-4, atol=1e-4
        )
    model = small()
    for density in (mixture(2).fit(codes), neighbors.KernelDensity().fit(codes)):
        first, same, other = (tae.generate(model, density, 20, seed=s) for s in (1, 1, 2))
        assert first.shape == (20, 4)
        np.testing.assert_array_equal(first, same)
        assert (first != other).any()


def test_an_attribute_that_it_does_not_have_is_refused():
    sampler = tae.GaussianSampler().fit(np.eye(3))
    with pytest.raises(ValueError, match="GaussianSampler has no means_ to assign to"):
        sampler.means_ = np.zeros(3)
