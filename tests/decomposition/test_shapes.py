"""PCA of every shape: wide, square, large; streams of them; few components and many."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tinyae.decomposition import deviations, eigenvectors, moments, solvers
from tinyae.linear.pca import PCA


def made_up(n, p, seed=0, dtype=np.float64, mean=1.0):
    """Samples whose variances fall, in directions that are not the axes."""
    random, count = np.random.default_rng(seed), min(n, p)
    x = random.normal(size=(n, count)) / np.arange(1, count + 1)
    return (x @ np.linalg.qr(random.normal(size=(p, count)))[0].T + mean).astype(dtype)


def truth(x):
    """Variances and directions by singular values, in float64."""
    centred = x.astype(np.float64) - x.mean(axis=0, dtype=np.float64)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    return singular**2 / (len(x) - 1), directions


def assert_right(pca, x, tolerance=1e-6):
    variance, directions = truth(x)
    k = min(pca.n_components_, len(x) - 1, x.shape[1])
    np.testing.assert_allclose(pca.explained_variance_[:k], variance[:k], rtol=tolerance)
    share = variance[:k] / variance.sum()
    np.testing.assert_allclose(pca.explained_variance_ratio_[:k], share, rtol=2 * tolerance)
    assert not pca.explained_variance_[k:].any()
    components = pca.components_.astype(np.float64)
    rounding = 1e-5 if pca.components_.dtype == np.float32 else 1e-10
    np.testing.assert_allclose(components @ components.T, np.eye(len(components)), atol=rounding)
    for i in range(k):
        others = np.delete(variance, i)
        gap = min(1, np.abs(others / variance[i] - 1).min(initial=1))
        off = components[i] - directions[i] * np.sign(components[i] @ directions[i])
        assert np.linalg.norm(off) <= 10 * max(tolerance, rounding) / gap, i
    np.testing.assert_allclose(pca.mean_, x.mean(axis=0, dtype=np.float64), rtol=1e-6)


SHAPES = [(2, 1), (2, 9), (9, 9), (9, 8), (8, 9), (40, 300), (150, 150), (300, 140), (150, 700)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "p"), SHAPES)
def test_every_shape_and_count(n, p, dtype):
    x = made_up(n, p, dtype=dtype)
    tolerance = 1e-5 if dtype == np.float32 else 1e-6
    for k in {1, 2, min(n, p) // 2, min(n, p) - 1, min(n, p), min(p, n + 3), None} - {0}:
        if k is None or k <= p:
            assert_right(PCA(k).fit(x), x, tolerance)


@pytest.mark.parametrize("scales", [[1e-3, 1e8], [1e-3, 1, 1e4, 1e8]])
@pytest.mark.parametrize("n", [6, 30])
def test_many_scales_beside_each_other_in_wide_data(n, scales):
    x = np.random.default_rng(0).normal(size=(n, 32)) * np.resize(scales, 32)
    pca, variance = PCA(n - 1).fit(x), truth(x)[0]
    large = variance[: n - 1] > 1e-12 * variance[0]  # what LAPACK itself can tell from rounding
    np.testing.assert_allclose(pca.explained_variance_[large], variance[: n - 1][large], rtol=1e-6)


@given(
    n=st.integers(2, 24),
    p=st.integers(1, 12),
    cuts=st.lists(st.integers(1, 23), max_size=4),
    k=st.sampled_from([1, 2, None]),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_a_stream_is_one_fit_before_and_after_it_has_more_samples_than_features(
    n, p, cuts, k, dtype
):
    x = made_up(n, p, dtype=dtype)
    streamed, whole = PCA(k and min(k, p)), PCA(k and min(k, p)).fit(x)
    for part in np.split(x, np.unique([cut for cut in cuts if cut < n])):
        if len(part):
            streamed.partial_fit(part)
    assert streamed.components_.dtype == dtype
    if n < p:  # the samples themselves are kept
        np.testing.assert_array_equal(streamed.components_, whole.components_)
        np.testing.assert_array_equal(streamed.explained_variance_, whole.explained_variance_)
    assert_right(streamed, x, 1e-5 if dtype == np.float32 else 1e-6)
    more = made_up(p + 3, p, seed=1, dtype=dtype)
    assert_right(whole.partial_fit(more), np.concatenate([x, more]), 2e-5)


def test_a_stream_of_two_dtypes_keeps_the_digits_of_the_longer_one():
    x = made_up(5, 20)
    streamed = PCA(2).partial_fit(x[:2].astype(np.float32)).partial_fit(x[2:])
    expected = np.concatenate([x[:2].astype(np.float32), x[2:]])
    assert_right(streamed, expected)


def test_wide_samples_that_are_kept_are_a_copy():
    x = made_up(4, 9)
    pca = PCA(2).partial_fit(x)
    expected = PCA(2).fit(x).components_
    x *= 0
    np.testing.assert_array_equal(pca.components_, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("n", "p"), [(6, 40), (150, 700), (300, 140)])
def test_what_is_kept_is_saved_and_goes_on(n, p, dtype, tmp_path):
    x, more = made_up(n, p, dtype=dtype), made_up(p, p, seed=1, dtype=dtype)
    pca = PCA(1, whiten=True).fit(x)
    assert pca._moments.form == "rows"
    pca.save(tmp_path / "pca.npz", training_state=True)
    loaded = tae.load(tmp_path / "pca.npz")
    assert loaded.whiten is True
    assert loaded.noise_variance_ == pca.noise_variance_
    np.testing.assert_array_equal(loaded.encode(x), pca.encode(x))
    loaded.n_components = pca.n_components = 2
    np.testing.assert_array_equal(loaded.components_, pca.components_)
    np.testing.assert_array_equal(
        loaded.partial_fit(more).components_, pca.partial_fit(more).components_
    )
    assert_right(loaded, np.concatenate([x, more]), 2e-5)


def test_products_with_the_data_give_way_to_a_matrix_where_they_are_not_enough(monkeypatch):
    x = np.random.default_rng(0).normal(size=(140, 260))  # whose variances are nearly one
    assert_right(PCA(2).fit(x), x)
    x = made_up(140, 260)
    pca = PCA(2).fit(x)
    wrong = deviations.Deviations.times_matrix
    monkeypatch.setattr(
        deviations.Deviations,
        "nearly_times_matrix",
        lambda self, b: wrong(self, b) + b * self.squares,  # other eigenvalues, the same vectors
    )
    np.testing.assert_allclose(PCA(2).fit(x).components_, pca.components_, atol=1e-7)
    monkeypatch.setattr(solvers, "largest", lambda *_: (np.ones(2), np.eye(140)[:2]))
    assert_right(PCA(2).fit(x), x)  # the residual has shown it


def test_no_square_of_many_features_is_made():
    x = made_up(9, 30_000, dtype=np.float32)
    tracemalloc.start()
    pca = PCA(12).fit(x)  # 4 more than there can be
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * x.nbytes
    assert_right(pca, x, 1e-5)


@pytest.mark.parametrize(
    ("n_components", "scale", "tried"),
    [(None, 1e-3, ["float64"]), (None, 1.0, ["float32"]), (2, 1e-3, ["float32"])],
)
def test_products_that_cannot_be_good_enough_are_not_made(monkeypatch, n_components, scale, tried):
    x = np.random.default_rng(0).standard_normal((500, 8)).astype(np.float32)
    x[:, :2] *= scale
    found, of = [], moments.moments
    monkeypatch.setattr(solvers, "moments", lambda x, d: found.append(d.name) or of(x, d))
    pca = PCA(n_components).fit(x)
    assert found == tried
    assert_right(pca, x, 1e-5)


def test_few_copies_stand_beside_each_other(monkeypatch):
    x = np.random.default_rng(0).standard_normal((1000, 300))
    x[:, :100] = 0
    held, summed, solve = [], moments._partial_sums, np.linalg.eigh

    def noted(function):
        return lambda *a: held.append(tracemalloc.get_traced_memory()[0]) or function(*a)

    monkeypatch.setattr(moments, "_partial_sums", noted(summed))
    monkeypatch.setattr(np.linalg, "eigh", noted(solve))
    tracemalloc.start()
    PCA(20).fit(x)
    scatter, solved = held
    wide = made_up(60, 3000, dtype=np.float32)
    tracemalloc.reset_peak()
    PCA().fit(wide)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert scatter < 1.5 * 300**2 * 8  # no product beside the sum of all
    assert solved < 1.5 * 200**2 * 8  # no zeros, nor what they were taken from
    assert peak < 6.4 * wide.nbytes  # itself and the model among them


# Block Lanczos


@given(
    size=st.integers(2, 60),
    count=st.integers(1, 4),
    repeated=st.integers(1, 5),
    seed=st.integers(0, 999),
)
def test_lanczos_finds_the_largest_or_says_that_it_does_not(size, count, repeated, seed):
    random, count = np.random.default_rng(seed), min(count, size)
    values = np.sort(10.0 ** -random.uniform(0, 6, size))[::-1]
    values[:repeated] = values[0]  # several of one eigenvalue, of which none may be missed
    vectors = np.linalg.qr(random.normal(size=(size, size)))[0]
    matrix = (vectors * values) @ vectors.T
    found = eigenvectors.largest(lambda b: b @ matrix, size, count)
    if found is not None:
        np.testing.assert_allclose(found[0], values[:count], rtol=1e-7)
        off = found[1] @ matrix - found[0][:, np.newaxis] * found[1]
        assert (np.linalg.norm(off, axis=1) <= 1e-7 * found[0]).all()


def test_lanczos_takes_a_few_products():
    values = 1.0 / np.arange(1, 401) ** 2
    blocks = []

    def product(b):
        blocks.append(len(b))
        return b * values

    found = eigenvectors.largest(product, 400, 3)
    np.testing.assert_allclose(found[0], values[:3], rtol=1e-10)
    np.testing.assert_allclose(np.abs(found[1][:, :3]), np.eye(3), atol=1e-7)
    assert blocks == [7] * len(blocks)
    assert len(blocks) < 12


@pytest.mark.parametrize("rank", [1, 2])
def test_lanczos_gives_up_where_there_is_nothing_more_to_find(rank):
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(50, rank)))[0]
    assert eigenvectors.largest(lambda b: (b @ basis) @ basis.T, 50, 3) is None


def test_rows_of_zeros_stay_out_of_the_eigenproblem(monkeypatch):
    x = made_up(90, 12)
    wide = np.zeros((90, 20))
    wide[:, 3:15] = x
    sizes, eigh = [], np.linalg.eigh

    def noted(matrix):
        sizes.append(len(matrix))
        return eigh(matrix)

    monkeypatch.setattr(np.linalg, "eigh", noted)
    pca = PCA().fit(wide)
    assert set(sizes) == {12}
    np.testing.assert_allclose(pca.components_[:12, 3:15], PCA().fit(x).components_, atol=1e-10)
    assert not pca.explained_variance_[12:].any()
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(20), atol=1e-12)


def test_a_fit_of_wide_data_goes_through_them_once(monkeypatch):
    made = []
    make = deviations.Deviations.__init__
    monkeypatch.setattr(
        deviations.Deviations, "__init__", lambda of, rows: made.append(rows) or make(of, rows)
    )
    x = np.random.default_rng(0).normal(size=(6, 40))
    PCA(3).fit(x)
    assert len(made) == 1
    assert made[0] is x  # and not a copy


def test_large_samples_that_are_kept_are_a_copy():
    x, more = np.random.default_rng(0).normal(size=(2, 300, 200))
    pca, expected = PCA(1).fit(x), PCA(1).fit(np.concatenate([x, more]))
    x[...] = 0
    pca.partial_fit(more)
    np.testing.assert_allclose(pca.explained_variance_, expected.explained_variance_, rtol=1e-9)


def test_a_column_too_short_for_a_scatter_is_seen_without_solving_it(monkeypatch):
    x = np.random.default_rng(0).normal(size=(400, 6)) * [1, 1, 1, 1, 1, 1e-7]
    solved = []
    solve = solvers.of_scatter
    monkeypatch.setattr(solvers, "of_scatter", lambda *a: solved.append(a) or solve(*a))
    PCA(3).fit(x)
    assert len(solved) == 1
    variance = PCA().fit(x).explained_variance_
    assert len(solved) == 1
    expected = np.linalg.svd(x - x.mean(axis=0), compute_uv=False) ** 2 / 399
    np.testing.assert_allclose(variance, expected, rtol=1e-6)


def test_a_stream_of_a_share_may_begin_with_a_single_sample():
    x = made_up(5, 30)
    pca = PCA(0.9).partial_fit(x[:1])
    assert pca.components_.shape == (1, 30)
    assert pca.explained_variance_.tolist() == [0]
    pca.partial_fit(x[1:])
    assert_right(pca, x)
    assert pca.n_components_ == PCA(0.9).fit(x).n_components_
