"""Activations and elementary functions against plain NumPy in float64."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import naive
from tinyae.machine import elementary
from tinyae.machine.jit import kernel
from tinyae.maths import activations
from tinyae.maths.activations import (
    KNOWN,
    activation_backward,
    activation_forward,
    add_rows,
    addresses,
)
from tinyae.system.numba_parts import DISABLED

ELEMENTWISE = [name for name, known in KNOWN.items() if not known.rows]
DTYPES = [np.float32, np.float64]
TOLERANCE = {np.float32: 3e-7, np.float64: 1e-14}


def apply(name, z, dtype, bias=()):
    """f(z + b) by the kernel, z of any shape with two dimensions."""
    y = np.array(z, dtype, order="C")
    activation_forward(np.array(bias, dtype), addresses(name, y.dtype)["activation"], y)
    return y


def backward_of(name, dy):
    return addresses(name, dy.dtype)["slope"]


def range_of(dtype):
    """Numbers dense near zero and reaching to ±1e4, of the dtype, with both zeros."""
    rng = np.random.default_rng(0)
    tiny = 10.0 ** rng.uniform(-30, 0, 400)
    parts = [tiny, np.linspace(0, 30, 601), np.linspace(80, 110, 301), [0, 1e3, 1e4]]
    positive = np.concatenate(parts)
    return np.concatenate([-positive, positive]).astype(dtype)


def test_the_documented_table_is_the_tested_one():
    rows = re.findall(r"^(\w+) {2,}(.+?) {2,}(.+)$", activations.__doc__, re.MULTILINE)
    documented = {name: (formula, slope) for name, formula, slope in rows if name != "name"}
    assert documented == {name: (f, df) for name, (f, _, df, _) in naive.ACTIVATIONS.items()}
    assert list(documented) == list(KNOWN)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KNOWN)
def test_formula(name, dtype):
    z = range_of(dtype).reshape(-1, 3)
    expected = naive.activation(name, z)
    error = np.abs(apply(name, z, dtype) - expected)
    assert np.max(error / np.maximum(1, np.abs(expected))) <= TOLERANCE[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["tanh", "elu", "selu", "leaky_relu", "relu", "linear"])
def test_accuracy_is_relative_near_zero(name, dtype):
    z = range_of(dtype)
    z = z[np.abs(z) < 1]
    expected = naive.activation(name, z)
    error = np.abs(apply(name, z[np.newaxis], dtype)[0] - expected)
    assert np.all(error <= 4 * np.finfo(dtype).eps * np.abs(expected))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_infinities_reach_the_limits_and_nan_stays(name, dtype):
    selu = -naive.SELU[0] * naive.SELU[1]
    limits = {"relu": 0, "elu": -1, "selu": dtype(selu), "softplus": 0, "tanh": -1, "sigmoid": 0}
    z = np.array([[np.inf, -np.inf, np.nan, 1.0]], dtype)
    y = apply(name, z, dtype)[0]
    assert y[0] == (1 if name in ("tanh", "sigmoid") else np.inf)
    assert abs(y[1] - limits[name]) < 1e-30 if name in limits else y[1] == -np.inf
    assert np.isnan(y[2])
    assert not np.isnan(y[3])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_nan_shows_at_every_place_of_a_vectorised_loop(name, dtype):
    z = np.ones((37, 37), dtype)
    np.fill_diagonal(z, np.nan)
    np.testing.assert_array_equal(np.isnan(apply(name, z, dtype)), np.eye(37, dtype=bool))


@pytest.mark.parametrize("dtype", DTYPES)
def test_softmax_is_of_each_row_and_nan_and_infinity_spoil_theirs_only(dtype):
    z = np.zeros((5, 3), dtype)
    z[0] = [1e4, -1e4, 1e4]
    z[1, 1], z[2, 2], z[3, 0] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):  # as in compiled code
        y = apply("softmax", z, dtype)
    np.testing.assert_array_equal(np.isnan(y).all(axis=1), [False, True, True, False, False])
    np.testing.assert_allclose(y[[0, 3, 4]], [[0.5, 0, 0.5], [0, 0.5, 0.5], [1 / 3] * 3], 1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KNOWN)
def test_bias_is_added_to_every_row(name, dtype):
    rng = np.random.default_rng(1)
    z, b = rng.normal(size=(5, 3)).astype(dtype), rng.normal(size=3).astype(dtype)
    expected = naive.activation(name, z.astype(float) + b)
    np.testing.assert_allclose(apply(name, z, dtype, b), expected, atol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", KNOWN)
def test_backward_is_the_derivative(name):
    z = range_of(np.float64)
    z = z[(np.abs(z) < 30) & (np.abs(z) > 1e-3)]
    z = np.random.default_rng(1).permutation(z)[: z.size // 3 * 3].reshape(-1, 3)
    dy = np.random.default_rng(2).normal(size=z.shape)
    numeric = np.zeros_like(z)
    for j in range(3):  # each column moves alone
        h = 1e-5 * np.maximum(1, np.abs(z)) * (np.arange(3) == j)
        change = apply(name, z + h, float) - apply(name, z - h, float)
        numeric[:, j] = (dy * change).sum(axis=1) / (2 * h[:, j])
    dz = dy.copy()
    activation_backward(apply(name, z, float), backward_of(name, dz), dz)
    np.testing.assert_allclose(dz, numeric, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", KNOWN)
def test_backward_is_the_documented_formula(name, dtype):
    rng = np.random.default_rng(3)
    y = apply(name, rng.normal(size=(7, 5)), dtype)
    dy = rng.normal(size=y.shape).astype(dtype)
    expected = naive.activation_gradient(name, y, dy)
    activation_backward(y, backward_of(name, dy), dy)
    tolerance = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(dy, expected, rtol=tolerance, atol=tolerance)


# Rows are taken together in numbers that depend on the sizes, with a rest at the end.
@given(st.integers(1, 70), st.integers(1, 300), st.sampled_from(DTYPES))
def test_the_bias_goes_to_all_rows_and_its_gradient_comes_from_all(rows, units, dtype):
    rng = np.random.default_rng([rows, units])
    y, b, db = (rng.normal(size=shape).astype(dtype) for shape in ((rows, units), units, units))
    for name in ("linear", "relu"):
        expected = naive.activation(name, y.astype(float) + b)
        np.testing.assert_allclose(apply(name, y, dtype, b), expected, atol=1e-6)
        np.testing.assert_array_equal(apply(name, y, dtype), naive.activation(name, y))
    before, expected = y.copy(), db + y.sum(axis=0, dtype=float)
    add_rows(y, db)
    np.testing.assert_allclose(db, expected, atol=1e-4 if dtype is np.float32 else 1e-12)
    add_rows(y, np.empty(0, dtype))
    np.testing.assert_array_equal(y, before)


def test_slopes_at_the_kink():
    y = np.zeros((1, 1))
    for name, slope in {"relu": 0, "leaky_relu": 0.2, "elu": 1}.items():
        dy = np.ones((1, 1))
        activation_backward(y, backward_of(name, dy), dy)
        assert dy[0, 0] == slope


def test_names():
    assert activations.check("activation", None) == "linear"
    assert activations.check("activation", "elu") == "elu"
    for wrong in ("Rely", "softmin", 3, max):
        with pytest.raises(ValueError, match="activation must be one of elu, leaky_relu, linear"):
            activations.check("activation", wrong)


@kernel
def _expm1_of(x, y):
    for i in range(x.size):
        y[i] = elementary.expm1(x[i])


@kernel
def _log1p_of(x, y):
    for i in range(x.size):
        y[i] = elementary.log1p(x[i])


def ulps(function, reference, x):
    """The largest error in units in the last place of the result."""
    y = np.empty_like(x)
    function(x, y)
    exact = reference(x.astype(np.float64))
    unit = np.spacing(np.abs(exact).astype(x.dtype)).astype(np.float64)
    return np.max(np.abs(y - exact) / unit)


@pytest.mark.skipif(DISABLED, reason="without the JIT these are NumPy's")
def test_float32_functions_are_within_two_units_in_the_last_place():
    small = np.geomspace(1e-37, 1, 100_000, dtype=np.float32)
    wide = np.linspace(0, 120, 200_000, dtype=np.float32)
    assert ulps(_expm1_of, np.expm1, -np.concatenate([small, wide])) <= 2
    assert ulps(_log1p_of, np.log1p, np.concatenate([small, wide[wide <= 1]])) <= 2


def test_float64_functions_are_numpys():
    x = np.geomspace(1e-300, 700, 10_000)
    assert ulps(_expm1_of, np.expm1, -x) <= 2
    assert ulps(_log1p_of, np.log1p, x[x <= 1]) <= 2


@pytest.mark.parametrize("dtype", DTYPES)
def test_elementary_functions_keep_nan_and_zero(dtype):
    for function in (_expm1_of, _log1p_of):
        y = np.empty(2, dtype)
        function(np.array([np.nan, 0], dtype), y)
        assert np.isnan(y[0])
        assert y[1] == 0


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_of_one_number(dtype):
    for z in (-1e4, -100.0, -3.0, 0.0, 0.5, 1e4):
        error = abs(activations.sigmoid_of(dtype(z)) - naive.sigmoid(np.float64(z)))
        assert error <= TOLERANCE[dtype]
    assert np.isnan(activations.sigmoid_of(dtype(np.nan)))
