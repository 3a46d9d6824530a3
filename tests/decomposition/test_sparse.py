"""PCA of matrices of scipy.sparse, where SciPy is: the same as of arrays, without making them."""

import tracemalloc

import numpy as np
import pytest

import tinyae as tae
from tinyae.decomposition import solvers
from tinyae.linear.pca import PCA

sparse = pytest.importorskip("scipy.sparse")

CASES = {
    "tall, dense": (300, 40, 0.3),
    "tall": (300, 40, 0.05),
    "wide": (40, 300, 0.05),
    "wide, dense": (40, 300, 0.3),
    "large": (150, 180, 0.05),
    "large and wide": (150, 400, 0.05),
}


def matrix(n, p, density, dtype=np.float64, seed=1):
    """Few entries of falling size, column by column."""
    random = np.random.default_rng(seed)
    x = random.random((n, p)) * (random.random((n, p)) < density) / np.arange(1, p + 1) ** 0.5
    return sparse.csr_array(x.astype(dtype))


def assert_same(found, expected, tolerance):
    for name in ("mean_", "components_", "explained_variance_", "explained_variance_ratio_"):
        one, other = getattr(found, name), getattr(expected, name)
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance, err_msg=name)
        assert one.dtype == other.dtype
    np.testing.assert_allclose(found.noise_variance_, expected.noise_variance_, rtol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_it_is_the_same_as_of_the_array(case, dtype, monkeypatch):
    if case.startswith("large"):
        monkeypatch.setattr(solvers, "SMALL_SIDE", 100)  # products with the matrix from there on
    x = matrix(*CASES[case], dtype=dtype)
    tolerance = 1e-4 if dtype == np.float32 else 1e-7
    pca, plain = PCA(3).fit(x), PCA(3).fit(x.toarray())
    assert_same(pca, plain, tolerance)
    for name in ("encode", "transform", "reconstruct", "reconstruction_error", "score_samples"):
        found, expected = getattr(pca, name)(x[:20]), getattr(pca, name)(x[:20].toarray())
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=name)
        assert found.dtype == dtype
        assert isinstance(found, np.ndarray)
    stream = PCA(3).partial_fit(x[:7]).partial_fit(x[7:])
    assert_same(stream, plain, tolerance)


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_array", "lil_matrix"])
def test_every_kind_of_matrix(kind):
    x = matrix(60, 9, 0.3)
    assert_same(PCA(2).fit(getattr(sparse, kind)(x)), PCA(2).fit(x), 0)
    integers = sparse.csr_array(np.arange(60).reshape(20, 3) % 7)
    assert_same(PCA(2).fit(getattr(sparse, kind)(integers)), PCA(2).fit(integers.toarray()), 1e-12)


@pytest.mark.parametrize("n_components", [None, 0.9, 40])
def test_many_components_of_wide_data(n_components):
    x = matrix(40, 300, 0.05)
    pca, plain = PCA(n_components).fit(x), PCA(n_components).fit(x.toarray())
    assert pca.n_components_ == plain.n_components_
    np.testing.assert_allclose(pca.explained_variance_, plain.explained_variance_, atol=1e-12)


def test_columns_of_many_scales_are_right_to_their_own_size():
    x = matrix(200, 4, 0.3).multiply([1e-3, 1, 1e4, 1e8]).tocsr()
    assert_same(PCA(4).fit(x), PCA(4).fit(x.toarray()), 1e-6)


def test_what_is_kept_goes_on_and_is_saved(tmp_path):
    x = matrix(40, 300, 0.05)
    pca = PCA(2).fit(x)
    pca.save(tmp_path / "pca.npz", training_state=True)
    pca.n_components = 3
    assert_same(pca, PCA(3).fit(x), 0)
    loaded = tae.load(tmp_path / "pca.npz").partial_fit(x)
    assert loaded.n_samples_seen_ == 80


def test_no_array_of_all_its_places_is_made(monkeypatch):
    monkeypatch.setattr(solvers, "SMALL_SIDE", 100)
    random, n, p = np.random.default_rng(0), 300, 60_000
    rows, columns = np.repeat(np.arange(n), 20), random.integers(0, p, 20 * n)
    values = random.random(len(rows)) / (1 + rows % 50) / (1 + columns % 9)
    x = sparse.csr_array((values, (rows, columns)), shape=(n, p))
    tracemalloc.start()
    pca = PCA(1).fit(x)
    pca.encode(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < n * p * 8 / 4
    assert pca.components_.shape == (1, p)


def test_bad_ones_are_refused_and_other_calls_refuse_all():
    x = matrix(20, 5, 1)
    bad = x.copy()
    bad.data[bad.indptr[7]] = np.nan
    pca = PCA(2).fit(x)
    for call in (pca.fit, pca.partial_fit, pca.encode, pca.score_samples):
        with pytest.raises(ValueError, match="x must be finite, but row 7 holds NaN"):
            call(bad)
        with pytest.raises(ValueError, match=r"x must .* complex numbers"):
            call(x.astype(complex))
        with pytest.raises(ValueError, match="x is empty"):
            call(x[:0])
    for call in (pca.partial_fit, pca.encode):
        with pytest.raises(ValueError, match=r"x must have shape \(n, 5\)"):
            call(matrix(20, 6, 0.5))
    assert_same(pca, PCA(2).fit(x), 0)
    with pytest.raises(ValueError, match=r"z must be an array of numbers, .* is sparse"):
        pca.decode(matrix(3, 2, 0.9))
