"""PCA against a singular value decomposition, its own promises, and MNIST's known figures."""

import subprocess
import sys
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyae import datasets
from tinyae.linear.pca import PCA

# Mean squared error per pixel over the whole training set.
MNIST_ERRORS = {
    1: 0.060725,
    2: 0.055953,
    3: 0.051804,
    10: 0.034423,
    16: 0.027293,
    20: 0.023970,
    32: 0.017243,
    64: 0.009284,
}


def made_up(n=200, p=12, rank=None, mean=0.0, seed=0):
    """Samples near a subspace, with directions of clearly different variance."""
    random = np.random.default_rng(seed)
    rank = rank or p
    basis = np.linalg.qr(random.normal(size=(p, p)))[0][:rank]
    return random.normal(size=(n, rank)) * 2.0 ** -np.arange(rank) @ basis + mean


def naive(x, k):
    """Components, variances and their share of the whole, from the singular values of the data."""
    centred = x - x.mean(axis=0)
    _, singular, directions = np.linalg.svd(centred, full_matrices=False)
    for direction in directions:
        direction *= np.sign(direction[np.abs(direction).argmax()])
    variance = singular**2 / (len(x) - 1)
    return directions[:k], variance[:k], variance[:k] / variance.sum()


def assert_same(pca, other, tolerance):
    for name in ("mean_", "components_", "explained_variance_", "explained_variance_ratio_"):
        actual, expected = getattr(pca, name), getattr(other, name)
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("mean", [0.0, 1e6])
def test_agrees_with_the_singular_value_decomposition(mean):
    x = made_up(mean=mean)
    pca = PCA(5).fit(x)
    components, variance, ratio = naive(x, 5)
    np.testing.assert_allclose(pca.mean_, x.mean(axis=0), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(pca.components_, components, atol=1e-8)
    np.testing.assert_allclose(pca.explained_variance_, variance, rtol=1e-9)
    np.testing.assert_allclose(pca.explained_variance_ratio_, ratio, rtol=1e-9)
    assert (pca.n_components_, pca.n_features_in_, pca.n_samples_seen_) == (5, 12, 200)


def test_many_product_chunks_are_one_sum():
    x = made_up(n=9001, p=5, mean=3.0)  # two full chunks and a part
    components, variance, _ = naive(x, 5)
    pca = PCA(5).fit(x)
    np.testing.assert_allclose(pca.mean_, x.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(pca.components_, components, atol=1e-10)
    np.testing.assert_allclose(pca.explained_variance_, variance, rtol=1e-10)
    single = PCA(3).fit(x.astype(np.float32))
    np.testing.assert_allclose(single.components_, components[:3], atol=1e-4)
    np.testing.assert_allclose(single.explained_variance_, variance[:3], rtol=1e-5)


def test_sorted_data_lose_no_digits():
    x = np.sort(made_up(n=5000, p=3), axis=0) * 1e3
    x[2500:] += 1e6
    _, variance, _ = naive(x, 3)
    actual = PCA().fit(x).explained_variance_
    np.testing.assert_allclose(actual, variance, rtol=1e-13, atol=1e-14 * variance[0])


def test_float32_far_from_zero_keeps_its_variance():
    x = np.random.default_rng(1).normal(1e6, 1.0, size=(5000, 4)).astype(np.float32)
    _, variance, _ = naive(x.astype(np.float64), 4)
    np.testing.assert_allclose(PCA().fit(x).explained_variance_, variance, rtol=1e-5)


def test_the_largest_entry_of_each_component_is_positive():
    components = PCA().fit(made_up()).components_
    largest = np.abs(components).argmax(axis=1)
    assert (components[np.arange(12), largest] > 0).all()
    np.testing.assert_array_equal(PCA(2).fit(-made_up()).components_, components[:2])


@given(
    n=st.integers(2, 30),
    p=st.integers(1, 12),
    k=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_properties(n, p, k, seed, dtype):
    k = min(k, p)
    x = (np.random.default_rng(seed).normal(size=(n, p)) + 5).astype(dtype)
    small = 1e-4 if dtype == np.float32 else 1e-11
    pca = PCA(k).fit(x)
    np.testing.assert_allclose(pca.components_ @ pca.components_.T, np.eye(k), atol=small)
    reconstruction = pca.reconstruct(x)
    np.testing.assert_array_equal(pca.decode(pca.encode(x)), reconstruction)
    np.testing.assert_allclose(pca.reconstruct(reconstruction), reconstruction, atol=small)
    assert reconstruction.dtype == pca.encode(x).dtype == dtype
    squares = (reconstruction - x) ** 2
    np.testing.assert_allclose(pca.reconstruction_error(x, per_feature=True), squares, atol=small)
    np.testing.assert_allclose(pca.reconstruction_error(x), squares.mean(axis=1), atol=small)
    # What is not explained is what is lost: the mean error is the rest of the variance.
    everything = PCA(p).fit(x).explained_variance_
    np.testing.assert_allclose(everything.sum(), x.var(axis=0, ddof=1).sum(), rtol=small)
    assert (everything >= 0).all()
    lost = everything[k:].sum() * (n - 1) / (n * p)
    np.testing.assert_allclose(pca.reconstruction_error(x).mean(), lost, atol=small)


def test_the_error_falls_with_every_component():
    x = made_up()
    errors = [PCA(k).fit(x).reconstruction_error(x).mean() for k in range(1, 13)]
    assert all(after < before for before, after in pairwise(errors))
    assert errors[-1] < 1e-28


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.sampled_from([0.0, 1e6]))
def test_partial_fit_is_fit(sizes, mean):
    x = made_up(n=sum(sizes) + 20, p=4, mean=mean)
    streamed = PCA(3)
    for part in np.split(x, np.cumsum(sizes)):
        streamed.partial_fit(part)
    assert streamed.n_samples_seen_ == len(x)
    assert_same(streamed, PCA(3).fit(x), 1e-10 if mean == 0 else 1e-8)


def test_a_stream_is_usable_after_every_call():
    x = made_up(n=10)
    pca = PCA(6)
    for count, row in enumerate(x, start=1):
        pca.partial_fit(row[np.newaxis])
        assert pca.encode(x).shape == (10, 6)
        seen = pca.reconstruct(x[:count])
        if count <= 6:  # so few points span fewer directions than are kept
            np.testing.assert_allclose(seen, x[:count], atol=1e-12)
    assert_same(pca, PCA(6).fit(x), 1e-10)


def test_one_sample_of_a_stream_has_no_variance():
    pca = PCA(2).partial_fit([[1.0, 2.0, 3.0]])
    assert pca.explained_variance_.tolist() == pca.explained_variance_ratio_.tolist() == [0, 0]
    assert pca.mean_.tolist() == [1, 2, 3]


def test_fit_forgets_and_partial_fit_continues():
    x, other = made_up(seed=1), made_up(seed=2, mean=4.0)
    assert_same(PCA(2).fit(other).fit(x), PCA(2).fit(x), 0)
    assert_same(PCA(2).fit(x).partial_fit(other), PCA(2).fit(np.concatenate([x, other])), 1e-10)


@pytest.mark.parametrize("dtype", ["f4", ">f4"])
def test_float32_stays(dtype):
    x = made_up().astype(dtype)
    pca = PCA(2).fit(x)
    results = [pca.components_, pca.mean_, pca.encode(x), pca.decode(pca.encode(x).astype(dtype))]
    results += [pca.reconstruct(x), pca.reconstruction_error(x), pca.reconstruction_error(x, True)]
    assert {result.dtype for result in results} == {np.dtype(np.float32)}
    assert pca.explained_variance_.dtype == np.float64


@pytest.mark.parametrize("dtype", ["f2", "f8", ">f8", "g", "?", "u1", "i8", ">i4"])
def test_everything_else_becomes_float64(dtype):
    x = (made_up() * 2 + 3).clip(0).astype(dtype)
    pca, plain = PCA(2).fit(x), PCA(2).fit(x.astype(np.float64))
    assert_same(pca, plain, 0)
    for result in (pca.components_, pca.encode(x), pca.reconstruct(x), pca.reconstruction_error(x)):
        assert result.dtype == np.float64
    np.testing.assert_array_equal(pca.encode(x), plain.encode(x.astype(np.float64)))


def test_results_follow_the_data_given():
    x = made_up()
    single, double = PCA(2).fit(x.astype(np.float32)), PCA(2).fit(x)
    assert single.encode(x).dtype == single.decode(double.encode(x)).dtype == np.float64
    assert double.reconstruct(x.astype(np.float32)).dtype == np.float32
    for first, second in ((x.astype(np.float32), x), (x, x.astype(np.float32))):
        assert PCA(2).partial_fit(first).partial_fit(second).mean_.dtype == np.float64


def layouts(x):
    wide = np.zeros((2 * len(x), 3 * x.shape[1]), x.dtype)
    wide[::2, 1::3] = x
    read_only = x.copy()
    read_only.flags.writeable = False
    return {
        "Fortran": np.asfortranarray(x),
        "strided": wide[::2, 1::3],
        "reversed": x[::-1].copy()[::-1],
        "read-only": read_only,
        "big-endian": x.astype(x.dtype.newbyteorder(">")),
        "list": x.tolist(),
    }


@pytest.mark.parametrize("layout", layouts(np.zeros((1, 1))))
def test_memory_layout_does_not_matter(layout):
    x = made_up(n=700)
    data = layouts(x)[layout]
    before = np.array(data)
    pca, plain = PCA(4).fit(data), PCA(4).fit(x)
    assert_same(pca, plain, 0)
    assert_same(PCA(4).partial_fit(data), plain, 0)
    np.testing.assert_array_equal(pca.reconstruct(data), plain.reconstruct(x))
    np.testing.assert_array_equal(pca.reconstruction_error(data), plain.reconstruction_error(x))
    np.testing.assert_array_equal(pca.decode(layouts(plain.encode(x))[layout]), pca.reconstruct(x))
    np.testing.assert_array_equal(np.array(data), before)


def test_a_memory_map_is_never_copied_whole(tmp_path):
    x = made_up(n=60_000, p=64, rank=2).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    plain = PCA(2).fit(x)
    tracemalloc.start()
    pca = PCA(2).fit(mapped)
    pca.encode(mapped)
    pca.reconstruction_error(mapped)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < mapped.nbytes / 4
    assert_same(pca, plain, 0)
    np.testing.assert_array_equal(pca.encode(mapped), plain.encode(x))


def test_fewer_samples_than_features():
    x = made_up(n=6, p=40)
    pca = PCA().fit(x)
    assert pca.n_components_ == 6
    components, variance, _ = naive(x, 5)
    np.testing.assert_allclose(pca.components_[:5], components, atol=1e-9)
    np.testing.assert_allclose(pca.explained_variance_, [*variance, 0], atol=1e-14)
    assert PCA(20).fit(x).encode(x).shape == (6, 20)


def test_data_of_low_rank_come_back_whole():
    x = made_up(rank=3, mean=2.0)
    pca = PCA(3).fit(x)
    assert pca.reconstruction_error(x).max() < 1e-25
    np.testing.assert_allclose(pca.explained_variance_ratio_.sum(), 1, rtol=1e-14)


def test_constant_features_have_no_part():
    x = made_up()
    x[:, 3], x[:, 7] = 0.1, 1e8
    pca = PCA(4).fit(x)
    np.testing.assert_allclose(pca.components_[:, [3, 7]], 0, atol=1e-15)
    assert_same(PCA(4).partial_fit(x[:90]).partial_fit(x[90:]), pca, 1e-10)
    np.testing.assert_array_equal(pca.mean_[[3, 7]], [0.1, 1e8])
    np.testing.assert_allclose(pca.reconstruct(x)[:, [3, 7]], x[:, [3, 7]], rtol=1e-13)


def test_constant_data_have_no_variance():
    x = np.full((7, 3), 0.1)
    for n_components in (2, 0.9, None):
        pca = PCA(n_components).fit(x)
        assert (pca.explained_variance_ == 0).all()
        assert (pca.explained_variance_ratio_ == 0).all()
        np.testing.assert_array_equal(pca.reconstruct(x), x)
    assert PCA(0.9).fit(x).n_components_ == PCA(np.float32(0.9)).fit(x).n_components_ == 1


def test_a_share_of_variance_takes_the_fewest_components():
    x = made_up()
    cumulative = np.cumsum(PCA().fit(x).explained_variance_ratio_)
    for k in range(12):
        assert PCA(float(cumulative[k]) - 1e-9).fit(x).n_components_ == k + 1
    assert PCA(float(cumulative[4]) + 1e-9).fit(x).n_components_ == 6
    assert PCA(1.0).fit(x).n_components_ == 12
    assert PCA(1.0).fit(made_up(rank=3)).n_components_ == 3
    assert PCA(1).fit(x).n_components_ == 1


@pytest.mark.parametrize("n_components", [0, -1, 0.0, 1.5, float("nan"), True, "2", [2]])
def test_n_components_is_checked(n_components):
    with pytest.raises(ValueError, match=r"n_components must be a count .* but it is"):
        PCA(n_components)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_more_components_than_features_are_refused(method):
    with pytest.raises(ValueError, match="at most the number of features, but it is 4 and x has 3"):
        getattr(PCA(4), method)(np.ones((9, 3)))


BAD = {
    r"x must have shape \(n, features\).*x\.reshape\(len\(x\), -1\)": np.zeros((4, 2, 2, 1)),
    "x must have at least two dimensions": np.zeros(4),
    "x is empty": np.zeros((0, 3)),
    "x must be finite, but row 1 holds NaN": [[0.0, 1.0], [np.nan, 1.0]],
    "x must be finite, but row 0 holds infinity": [[0.0, np.inf], [1.0, 1.0]],
    "x must hold real numbers": np.array([[1 + 2j, 3j]]),
    "x must be one rectangular array": [[1.0, 2.0], [3.0]],
}


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
@pytest.mark.parametrize("message", BAD)
def test_bad_data_are_refused_and_leave_it_as_it_was(method, message):
    with pytest.raises(ValueError, match=message):
        getattr(PCA(1), method)(BAD[message])
    x = made_up(p=2)
    pca = PCA(1).fit(x)
    with pytest.raises(ValueError, match="x "):
        getattr(pca, method)(BAD[message])
    assert_same(pca, PCA(1).fit(x), 0)


def test_one_sample_is_no_fit():
    with pytest.raises(ValueError, match="x must hold at least 2 samples"):
        PCA(1).fit([[1.0, 2.0]])


def test_shapes_are_checked_after_fitting():
    x = made_up(p=4)
    pca = PCA(2).fit(x)
    for method in (pca.encode, pca.reconstruct, pca.reconstruction_error, pca.partial_fit):
        with pytest.raises(ValueError, match=r"x must have shape \(n, 4\), .*\(3, 5\)"):
            method(np.zeros((3, 5)))
    with pytest.raises(ValueError, match=r"x\.reshape\(-1, 4\)"):
        pca.encode(np.zeros((3, 2, 2)))
    with pytest.raises(ValueError, match=r"z must have shape \(n, 2\)"):
        pca.decode(x)
    with pytest.raises(ValueError, match="z must be finite"):
        pca.decode([[np.nan, 0.0]])


def test_before_fit_everything_says_so():
    pca = PCA(2)
    names = ["components_", "mean_", "explained_variance_", "explained_variance_ratio_"]
    for name in [*names, "n_components_", "n_features_in_", "n_samples_seen_"]:
        with pytest.raises(ValueError, match=r"call fit\(x\) first"):
            getattr(pca, name)
    for name in ("encode", "decode", "reconstruct", "reconstruction_error"):
        with pytest.raises(ValueError, match=r"call fit\(x\) first"):
            getattr(pca, name)(np.zeros((2, 2)))


def test_repr():
    assert repr(PCA(0.9)) == "PCA(n_components=0.9)"


def test_needs_neither_numba_nor_matplotlib():
    code = "import sys, tinyae; tinyae.PCA(1).fit([[0, 1], [1, 0]]); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"numba", "matplotlib", "scipy"} & set(loaded.stdout.split())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mnist_figures(mnist_folder, dtype):
    (x, _), _ = datasets.mnist(mnist_folder)
    x = x.astype(dtype)
    pca = PCA(64).fit(x)
    assert abs(pca.reconstruction_error(x).mean(dtype=np.float64) - MNIST_ERRORS[64]) < 5.1e-7
    # The error with k of the 64 components is the variance that the others leave, per pixel.
    codes = pca.encode(x).astype(np.float64)
    total = ((x - pca.mean_) ** 2).mean(dtype=np.float64)
    for k, expected in MNIST_ERRORS.items():
        error = total - (codes[:, :k] ** 2).sum() / x.size
        assert abs(error - expected) < 5.1e-7, f"{k} components"


def test_mnist_mini_at_two_components():
    """The bundled digits stand in where the full files are missing."""
    _, (x, _) = datasets.mnist_mini()
    pca = PCA(2).fit(x)
    components, variance, ratio = naive(x.astype(np.float64), 2)
    np.testing.assert_allclose(pca.components_, components, atol=1e-5)
    np.testing.assert_allclose(pca.explained_variance_, variance, rtol=1e-5)
    np.testing.assert_allclose(pca.explained_variance_ratio_, ratio, rtol=1e-5)
    assert 0.05 < pca.reconstruction_error(x).mean() < 0.06
