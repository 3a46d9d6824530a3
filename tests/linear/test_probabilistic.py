"""Whitened codes, the noise variance, and probabilistic PCA's density; scikit-learn's names."""

import numpy as np
import pytest

import tinyae as tae
from tinyae.linear.pca import PCA


def made_up(n=200, p=6, seed=0, dtype=np.float64):
    random = np.random.default_rng(seed)
    x = (
        random.normal(size=(n, p))
        * np.arange(1, p + 1)
        @ np.linalg.qr(np.ones((p, p)) + np.eye(p))[0]
    )
    return (x + 3).astype(dtype)


def log_density(x, mean, covariance):
    """Of a normal distribution, by its definition."""
    d = x - mean
    _, log_determinant = np.linalg.slogdet(2 * np.pi * covariance)
    return -(log_determinant + (d * np.linalg.solve(covariance, d.T).T).sum(axis=1)) / 2


@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("k", [1, 3, 5, 6])
def test_scores_are_the_density_of_the_variances_and_the_noise(k, whiten):
    x = made_up()
    variance = np.linalg.eigvalsh(np.cov(x, rowvar=False))[::-1]
    pca = PCA(k, whiten=whiten).fit(x)
    assert pca.noise_variance_ == pytest.approx(variance[k:].mean() if k < 6 else 0, rel=1e-9)
    along = pca.components_.T * (variance[:k] - pca.noise_variance_) @ pca.components_
    expected = log_density(x, x.mean(axis=0), along + pca.noise_variance_ * np.eye(6))
    np.testing.assert_allclose(pca.score_samples(x), expected, rtol=1e-9)
    assert pca.score(x, y=None) == pytest.approx(expected.mean())
    single = pca.score_samples(x.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, expected, rtol=1e-4)


@pytest.mark.parametrize(("n", "p"), [(200, 6), (5, 20), (140, 300), (2000, 200)])
def test_noise_is_the_mean_of_the_variances_that_are_left(n, p):
    x = made_up(n, p)
    singular = np.linalg.svd(x - x.mean(axis=0), compute_uv=False)
    expected = (singular[2:] ** 2).sum() / (n - 1) / (min(n, p) - 2)
    for pca in (PCA(2).fit(x), PCA(2).partial_fit(x[:3]).partial_fit(x[3:])):
        assert pca.noise_variance_ == pytest.approx(expected, rel=1e-9)
    assert type(pca.noise_variance_) is float
    assert PCA(min(n, p)).fit(x).noise_variance_ == 0


@pytest.mark.parametrize(
    ("x", "k", "where"),
    [
        (np.outer(np.arange(5.0), [1, 2, 3]), 1, "beside the components"),
        (np.outer(np.arange(5.0), [1, 2, 3]), 2, "along a component"),
        (np.outer(np.arange(5.0), [1, 2, 3]), 3, "along a component"),  # all, and none beside
        (made_up(4, 9), 3, "beside the components"),
        (made_up(4, 9), 4, "along a component"),
        (np.ones((5, 3)), 1, "along a component"),
    ],
)
def test_where_there_is_no_variance_there_is_no_density(x, k, where):
    pca = PCA(k).fit(x)
    for score in (pca.score_samples, pca.score):
        with pytest.raises(ValueError, match=f"there is no density, since .* no variance {where}"):
            score(x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_whitened_codes_have_variance_one_and_come_back(dtype):
    x = made_up(dtype=dtype)
    pca, plain = PCA(4, whiten=True).fit(x), PCA(4).fit(x)
    small = 1e-4 if dtype == np.float32 else 1e-10
    codes = pca.encode(x)
    assert codes.dtype == dtype
    np.testing.assert_allclose(np.cov(codes, rowvar=False), np.eye(4), atol=small)
    scaled = plain.encode(x) / np.sqrt(plain.explained_variance_)
    np.testing.assert_allclose(codes, scaled, atol=small)
    np.testing.assert_allclose(pca.decode(codes), plain.reconstruct(x), atol=small)
    np.testing.assert_array_equal(pca.reconstruction_error(x), plain.reconstruction_error(x))
    pca.whiten = False  # which needs no other fit
    np.testing.assert_array_equal(pca.encode(x), plain.encode(x))


def test_codes_without_variance_are_not_divided():
    x = made_up(4, 9)
    pca, other = PCA(6, whiten=True).fit(x), made_up(3, 9, seed=1)
    assert (pca.explained_variance_[3:] == 0).all()
    assert np.isfinite(pca.encode(other)).all()
    np.testing.assert_allclose(pca.reconstruct(other), PCA(6).fit(x).reconstruct(other), atol=1e-9)


@pytest.mark.parametrize("whiten", [1, "yes", None, 0.5])
def test_whiten_is_a_flag(whiten):
    with pytest.raises(ValueError, match="whiten must be True or False"):
        PCA(2, whiten=whiten)


def test_scikit_learns_names():
    x = made_up()
    pca = PCA(3)
    codes = pca.fit_transform(x, y=np.arange(200))
    np.testing.assert_array_equal(codes, PCA(3).fit(x, None).encode(x))
    np.testing.assert_array_equal(pca.transform(x), codes)
    np.testing.assert_array_equal(pca.inverse_transform(codes), pca.decode(codes))


def test_a_whitened_pca_is_saved_with_its_noise(tmp_path):
    x = made_up()
    pca = PCA(3, whiten=True).fit(x)
    pca.save(tmp_path / "pca")
    loaded = tae.load(tmp_path / "pca")
    assert loaded.whiten is True
    np.testing.assert_array_equal(loaded.encode(x), pca.encode(x))
    np.testing.assert_array_equal(loaded.score_samples(x), pca.score_samples(x))


def test_a_file_of_0_1_has_noise_too(tmp_path):
    """Which does not say it: it is what the shares leave."""
    from pathlib import Path

    old = tae.load(Path(__file__).parents[1] / "saving" / "data" / "pca.npz")
    left = 1 - old.explained_variance_ratio_.sum()
    total = old.explained_variance_[0] / old.explained_variance_ratio_[0]
    count = min(old.n_samples_seen_, old.n_features_in_) - old.n_components_
    assert old.noise_variance_ == pytest.approx(left * total / count, rel=1e-6)
    assert old.whiten is False
    assert np.isfinite(old.partial_fit(np.eye(5)).score(np.eye(5)))
