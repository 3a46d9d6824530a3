"""PCA of columns of many scales: each component right to its own size, by every way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tests.support import exact_pca
from tinyae.decomposition import deviations, jacobi, moments, singular, solvers
from tinyae.linear.pca import PCA

TOLERANCE = {np.float32: 1e-5, np.float64: 1e-6}
exponents = st.lists(st.integers(-40, 40), min_size=1, max_size=4)
cuts = st.lists(st.integers(1, 24), max_size=4)


def in_parts(pca, x, cuts):
    for part in np.split(x, np.unique(cuts)):
        if len(part):
            pca.partial_fit(part)
    return pca


def assert_right(pca, x, tolerance):
    variance, components = exact_pca.pca(x)
    found = pca.explained_variance_
    np.testing.assert_allclose(found, variance[: len(found)], rtol=tolerance, atol=1e-320)
    share = np.divide(variance, sum(variance))[: len(found)]
    np.testing.assert_allclose(
        pca.explained_variance_ratio_, share, rtol=2 * tolerance, atol=1e-320
    )
    for i, (mine, true) in enumerate(zip(pca.components_, components, strict=False)):
        others = [abs(v - variance[i]) / variance[i] for j, v in enumerate(variance) if j != i]
        gap = min([*others, 1.0])
        off = np.asarray(true) * np.sign(np.dot(mine, true)) - mine
        assert np.linalg.norm(off) <= 10 * tolerance / gap, f"component {i}"


@given(
    exponents=exponents,
    n=st.sampled_from([2, 3, 5, 6, 25]),
    seed=st.integers(0, 999),
    mixed=st.booleans(),
    mean=st.sampled_from([0.0, 1.0, 1e6]),
    cuts=cuts,
    keep_all=st.booleans(),
)
def test_every_kept_component_is_right_to_its_own_size(
    exponents, n, seed, mixed, mean, cuts, keep_all
):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, len(exponents)))
    if mixed:  # correlated columns
        x = x @ (np.eye(len(exponents)) + random.uniform(-0.5, 0.5, (len(exponents),) * 2))
    x = (x + mean) * 10.0 ** np.array(exponents)
    k = min(n - 1, len(exponents)) if keep_all else 1
    tolerance = 1e-6 if mean < 1e6 else 1e-5  # whose rounding has left so many digits
    for pca in (PCA(k).fit(x), in_parts(PCA(k), x, cuts)):
        assert_right(pca, x, tolerance)


@given(
    exponents=st.lists(st.integers(-18, 18), min_size=1, max_size=4),
    scale=st.integers(-18, 18),
    seed=st.integers(0, 999),
    cuts=cuts,
)
def test_so_it_is_of_float32(exponents, scale, seed, cuts):
    x = np.random.default_rng(seed).normal(size=(25, len(exponents)))
    x = (x * 10.0 ** (np.array(exponents) + scale)).astype(np.float32)
    for pca in (PCA().fit(x), in_parts(PCA(), x, cuts)):
        assert_right(pca, x, 1e-5)


def test_a_small_column_beside_large_ones():
    x = np.random.default_rng(0).normal(size=(500, 3)) * [1e-3, 1, 1e8]
    pca = PCA(3).fit(x)
    np.testing.assert_allclose(pca.explained_variance_, x.var(axis=0, ddof=1)[::-1], rtol=0.02)
    np.testing.assert_allclose(pca.components_, np.eye(3)[::-1], atol=0.1)
    # nearly the same column twice: the difference drowns in what is squared
    x[:, 1] = x[:, 2] + 1e-2 * x[:, 1]
    assert_right(PCA(3).fit(x[:40]), x[:40], 1e-6)


def test_a_stream_far_from_zero_loses_no_digits():
    """Where the mean itself has not the digits to tell two parts' means apart."""
    x = 1 + np.round(np.random.default_rng(0).normal(size=(60, 2)) * [100, 300]) * 2.0**-50
    assert_right(PCA(2).fit(x), x, 1e-6)
    assert_right(in_parts(PCA(2), x, range(0, 60, 7)), x, 1e-6)


def test_columns_that_differ_by_all_that_floats_can():
    x = np.random.default_rng(0).normal(size=(30, 3)) * [1e-150, 1e-30, 1e150]
    pca = PCA(3).fit(x)
    np.testing.assert_allclose(pca.explained_variance_[0], x[:, 2].var(ddof=1))
    assert (pca.explained_variance_ > 0).all()
    np.testing.assert_allclose(np.diag(pca.components_[:, ::-1]), 1, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-160, 1e-25, 1e25, 1e150])
def test_one_scale_far_out(scale):
    x = np.random.default_rng(0).normal(size=(50, 4)) * [1, 2, 3, 4]
    near, far = PCA(3).fit(x), PCA(3).fit(x * scale)
    np.testing.assert_allclose(far.components_, near.components_, atol=1e-12)
    np.testing.assert_allclose(far.explained_variance_ratio_, near.explained_variance_ratio_)
    np.testing.assert_allclose(
        far.explained_variance_, near.explained_variance_ * scale * scale, rtol=1e-12, atol=1e-322
    )
    np.testing.assert_allclose(far.encode(x * scale) / scale, near.encode(x), rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-80, 1e-100, 1e-140])
@pytest.mark.parametrize("shape", [(60, 60), (300, 300), (60, 200), (200, 60)])
def test_a_few_components_of_tiny_numbers(shape, scale):  # whose squares' squares are 0
    x = np.random.default_rng(0).normal(size=shape)
    found, expected = PCA(2).fit(x * scale), PCA().fit(x)
    expected = expected.explained_variance_[:2]
    np.testing.assert_allclose(found.explained_variance_ / scale / scale, expected, rtol=1e-10)


def test_what_fit_refuses_partial_fit_refuses_and_is_as_before():
    x = np.random.default_rng(0).normal(size=(50, 4))
    for wide in (x * 1e200, x / np.abs(x).max() * 1e308):
        pca = PCA(2).fit(x)
        streams = [PCA(2).partial_fit(x[:3]), PCA(2).partial_fit(x), PCA(2)]
        with pytest.raises(ValueError, match="x spans too wide a range"):
            pca.fit(wide)
        for stream in streams:
            with pytest.raises(ValueError, match="x spans too wide a range"):
                stream.partial_fit(wide)
        np.testing.assert_array_equal(pca.components_, PCA(2).fit(x).components_)
        assert_right(streams[0].partial_fit(x[3:]), x, 1e-6)
        assert_right(streams[1], x, 1e-6)
    with pytest.raises(ValueError, match="x spans too wide a range"):  # each alone does not
        PCA(1).partial_fit([[1e308, 0.0]]).partial_fit([[-1e308, 0.0]])


def test_results_that_overflow_are_refused():
    pca = PCA(1).fit(np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32))
    far = np.full((2, 4), 3e38, np.float32)
    for method in (pca.encode, pca.reconstruct, pca.reconstruction_error):
        with pytest.raises(ValueError, match="is beyond float32: the data"):
            method(far)
    with pytest.raises(ValueError, match="a point is beyond float64"):
        PCA(2).fit([[0, 0], [1, 1], [1, 0.5]]).decode([[1.7e308, 1.7e308]])


# Which way is taken


@pytest.fixture
def ways(monkeypatch):
    """Which solvers and products a call has used."""
    used = []

    def noted(module, name, note):
        function = getattr(module, name)

        def call(*arguments):
            used.append(note(*arguments))
            return function(*arguments)

        monkeypatch.setattr(module, name, call)

    noted(solvers, "moments", lambda x, dtype: dtype.name)
    noted(solvers, "of_scatter", lambda *_: "eigenvectors")
    noted(solvers, "of_factor", lambda *_: "factor")
    noted(singular, "_by_rotations", lambda *_: "rotations")
    noted(deviations.Deviations, "matrix", lambda *_: "Gram")
    noted(solvers, "_by_products", lambda *_: "products")
    return used


@pytest.mark.parametrize(
    ("scales", "dtype", "rows", "expected"),
    [
        ([1, 2, 3], "float32", 60, ["float32", "eigenvectors"]),
        ([1, 2, 3], "float64", 60, ["float64", "eigenvectors"]),
        ([1, 1, 1e3], "float64", 60, ["float64", "eigenvectors"]),
        ([1, 1, 1e3], "float32", 60, ["float32", "eigenvectors", "float64", "eigenvectors"]),
        ([1, 1, 1e7], "float64", 60, ["float64", "eigenvectors", "factor"]),
        ([1, 1, 4.5e8], "float64", 60, ["float64", "eigenvectors", "factor"]),
        ([1, 1, 7e8], "float64", 60, ["float64", "eigenvectors", "factor", "rotations"]),
        ([1, 1, 1e11], "float64", 60, ["float64", "eigenvectors", "factor", "rotations"]),
        ([1, 2, 3, 4, 5, 6], "float64", 6, ["float64", "eigenvectors"]),
        ([1, 2, 3, 4, 5, 6], "float64", 5, ["Gram"]),
        ([1, 2, 3, 4, 5, 6], "float32", 5, ["Gram"]),
        ([1] * 5 + [1e7], "float64", 5, ["Gram", "factor"]),
        ([1] * 5 + [1e11], "float64", 5, ["Gram", "factor", "rotations"]),
        (list(1 / np.arange(1, 301)), "float64", 130, ["products"]),
        (list(1 / np.arange(1, 258)), "float64", 300, ["products"]),
        (list(1 / np.arange(1, 258)), "float64", 1029, ["float64", "eigenvectors"]),
        ([1e-30] * 3, "float32", 60, ["float32", "float64", "eigenvectors"]),
        ([0, 0, 0], "float64", 60, ["float64", "factor"]),
    ],
)
def test_the_fastest_way_that_is_right(scales, dtype, rows, expected, ways):
    x = np.random.default_rng(0).normal(size=(rows, len(scales))) * scales
    PCA(2).fit(x.astype(dtype))
    assert ways == expected


def test_a_stream_is_solved_when_its_samples_have_doubled_and_then_no_more(ways):
    x = np.random.default_rng(0).normal(size=(100, 5))
    pca = PCA(2)
    for row in x:
        pca.partial_fit(row[np.newaxis])
    assert ways.count("eigenvectors") == 1
    assert ways.count("factor") == 0
    assert pca.components_.shape == (2, 5)
    assert ways.count("eigenvectors") == 2
    wide = pca.partial_fit(x * [1e-3, 1, 1, 1, 1e9])  # now it is good enough no longer
    assert wide.explained_variance_ratio_[0] > 0.99  # solved here, by the way that is left
    assert ways[-2:] == ["factor", "rotations"]


def test_a_stream_that_stays_a_factor_is_tried_when_its_samples_have_doubled(ways):
    x, pca = np.random.default_rng(0).normal(size=(100, 5)) * [1, 1, 1, 1, 1e9], PCA(2)
    tried = []
    for count, row in enumerate(x, 1):
        ways.clear()
        pca.partial_fit(row[np.newaxis])
        tried += [count] * ("float64" in ways)
    assert tried == [5, 8, 16, 32, 64]  # first when there are as many as features


def test_long_data_are_factored_a_stretch_at_a_time(monkeypatch):
    monkeypatch.setattr(moments, "PILE", 10)
    x = np.random.default_rng(0).normal(size=(333, 3)) * [1e-3, 1, 1e8] + [1, 0, 1e9]
    sizes = []
    qr = np.linalg.qr

    def noted(rows, *options, **named):
        sizes.append(len(rows))
        return qr(rows, *options, **named)

    monkeypatch.setattr(np.linalg, "qr", noted)
    pca = PCA(3).fit(x)
    assert len(sizes) > 10
    assert max(sizes) <= 21
    assert_right(pca, x, 1e-6)
    assert_right(in_parts(PCA(3), x, range(0, 333, 7)), x, 1e-6)


def test_a_factor_is_saved_and_goes_on_as_if_there_had_been_no_break(tmp_path):
    x = np.random.default_rng(0).normal(size=(60, 3)) * [1e-3, 1, 1e8]
    pca = PCA(3).partial_fit(x[:30])
    pca.save(tmp_path / "pca.npz", training_state=True)
    loaded = tae.load(tmp_path / "pca.npz").partial_fit(x[30:])
    pca.partial_fit(x[30:])
    np.testing.assert_array_equal(loaded.explained_variance_, pca.explained_variance_)
    np.testing.assert_array_equal(loaded.components_, pca.components_)
    assert_right(loaded, x, 1e-6)


# What the anchor and the allowance are for


def test_float32_data_that_jump_lose_no_digits():
    """The first rows are far from the others: an anchor among them only would be, too."""
    random = np.random.default_rng(0)
    x = random.normal(size=(20_000, 3)).astype(np.float32)
    x[:300] += np.float32(1e5)
    exact = np.cov(x.astype(np.float64), rowvar=False, ddof=0) * len(x)
    np.testing.assert_allclose(moments.moments(x, x.dtype).matrix, exact, rtol=1.5e-6)


@given(
    n=st.integers(3, 60),
    p=st.integers(2, 30),
    rank=st.integers(1, 30),
    seed=st.integers(0, 2**32 - 1),
    mean=st.sampled_from([0.0, 2.0, 100.0]),
)
def test_the_whole_variance_takes_as_many_components_as_the_rank(n, p, rank, seed, mean):
    random, rank = np.random.default_rng(seed), min(rank, n - 1, p)
    x = random.normal(size=(n, rank)) @ random.normal(size=(rank, p)) + mean
    pca = PCA(1.0).fit(x)
    assert pca.n_components_ == rank
    # what is left is no more than the rounding of x, which has no such rank by itself
    rounding = 4 * np.finfo(float).eps * np.abs(x).max() * np.sqrt(n * p / (n - 1))
    assert (PCA().fit(x).explained_variance_[rank:] <= rounding**2).all()
    cumulative = np.cumsum(pca.explained_variance_ratio_)
    for k in range(rank):  # what a share says that k reach, k reach
        assert PCA(min(1.0, float(cumulative[k]))).fit(x).n_components_ == k + 1


# Rotations


@pytest.mark.parametrize("spread", [0, 0.1, 1, 9])
def test_one_turn_by_the_smaller_angle_leaves_two_rows_no_common_direction(spread):
    random = np.random.default_rng(0)
    a, b = random.normal(size=(2, 200, 3)) * 10.0 ** random.uniform(-spread, spread, (2, 200, 1))
    b[0], a[1] = 0, 0
    cosine, t = jacobi._turn(a, b)
    products = (a / jacobi.lengths(a).clip(1e-300)) * (b / jacobi.lengths(b).clip(1e-300))
    np.testing.assert_allclose(cosine, products.sum(axis=1, keepdims=True), atol=1e-15)
    first, second = (a + t * b) / np.hypot(1, t), (b - t * a) / np.hypot(1, t)
    left = (first * second).sum(axis=1, keepdims=True)
    assert (np.abs(left) <= 1e-14 * jacobi.lengths(a) * jacobi.lengths(b)).all()
    assert (np.abs(t) <= 1).all()


@given(
    rows=st.integers(1, 7),
    columns=st.integers(1, 7),
    seed=st.integers(0, 999),
    scales=st.lists(st.integers(-150, 150), min_size=7, max_size=7),
)
def test_rotations_keep_what_the_rows_span(rows, columns, seed, scales):
    random = np.random.default_rng(seed)
    x = random.normal(size=(rows, columns)) * 10.0 ** np.array(scales[:rows])[:, np.newaxis]
    x[random.random(rows) < 0.2] = 0
    with np.errstate(under="ignore", over="ignore", divide="ignore"):
        turned = jacobi.orthogonal_rows(x)
        sizes = jacobi.lengths(turned)
        unit = turned / np.where(sizes > 0, sizes, 1)
    unit = unit[sizes[:, 0] > 1e-9 * 10.0 ** min(scales[:rows])]
    np.testing.assert_allclose(unit @ unit.T, np.eye(len(unit)), atol=1e-12)
    assert len(unit) == np.linalg.matrix_rank(
        np.where(x == 0, 0, x / np.maximum(1e-300, np.abs(x).max(axis=1, keepdims=True))), tol=1e-10
    )
