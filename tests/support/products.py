"""The products inside kernels held against NumPy's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyae.machine import jit, products
from tinyae.machine.views import columns


@jit.kernel
def product(A, B, C):
    products.product(A, B, C)


@jit.kernel
def add_product(A, B, C):
    products.add_product(A, B, C)


@jit.kernel
def product_transposed(A, B, C):
    products.product_transposed(A, B, C)


# The products can be called in kernels only.
RUN = {kernel.__name__: kernel for kernel in (product, add_product, product_transposed)}


@jit.kernel
def product_of_columns(x, first, count, B, C):
    products.product(columns(x, first, count), B, C)


@jit.kernel
def add_product_of_columns(x, first, count, B, C):
    products.add_product(columns(x, first, count), B, C)


@jit.kernel
def product_transposed_of_columns(x, first, count, B, C):
    products.product_transposed(columns(x, first, count), B, C)


OF_COLUMNS = {
    "product": product_of_columns,
    "add_product": add_product_of_columns,
    "product_transposed": product_transposed_of_columns,
}
NAMES = tuple(OF_COLUMNS)


def shapes(name, m, k, n):
    """Of A and B, where C is m by n and k numbers are summed for each of its own."""
    return (k, m) if name == "add_product" else (m, k), (n, k) if "transposed" in name else (k, n)


def expected_product(name, A, B, C):
    """NumPy's C = A B, C + AᵀB or ABᵀ, in float64."""
    A, B, C = (each.astype(np.float64) for each in (A, B, C))
    if name == "add_product":
        return C + A.T @ B
    return A @ (B.T if name == "product_transposed" else B)


def odd_strides(array):
    """The same memory, with strides that are none along each axis where they do not matter."""
    strides = [
        stride if size != 1 else 5 * array.itemsize
        for size, stride in zip(array.shape, array.strides, strict=True)
    ]
    return np.lib.stride_tricks.as_strided(array, array.shape, strides)


def operands(name, m, k, n, dtype):
    """A, B and C; where C is not read it holds NaN."""
    rng = np.random.default_rng([m, k, n])
    A, B = (rng.normal(size=shape).astype(dtype) for shape in shapes(name, m, k, n))
    C = rng.normal(size=(m, n)).astype(dtype)
    if name != "add_product":
        C[...] = np.nan
    return A, B, C


def check_product(name, m, k, n, dtype, odd=False):
    A, B, C = operands(name, m, k, n, dtype)
    if odd:
        A, B, C = map(odd_strides, (A, B, C))
    before, expected = (A.copy(), B.copy()), expected_product(name, A, B, C)
    RUN[name](A, B, C)
    np.testing.assert_allclose(C, expected, rtol=0, atol=40 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(B, before[1])


def check_product_of_columns(name, m, k, n, dtype, before, behind):
    """A is some columns of a matrix whose others are NaN."""
    A, B, C = operands(name, m, k, n, dtype)
    x = np.full((A.shape[0], before + A.shape[1] + behind), np.nan, dtype)
    x[:, before : before + A.shape[1]] = A
    expected = expected_product(name, A, B, C)
    OF_COLUMNS[name](x, before, A.shape[1], B, C)
    np.testing.assert_allclose(C, expected, rtol=0, atol=40 * np.finfo(dtype).eps)


SIZES = st.tuples(*[st.integers(0, 9)] * 3)
DTYPES = st.sampled_from([np.float32, np.float64])


@settings(deadline=None)  # also run where the profile is not loaded
@given(st.sampled_from(NAMES), SIZES, DTYPES, st.booleans())
def check_products(name, sizes, dtype, odd):
    check_product(name, *sizes, dtype, odd)


@settings(deadline=None)
@given(st.sampled_from(NAMES), SIZES, DTYPES, st.integers(0, 3), st.integers(0, 3))
def check_products_of_columns(name, sizes, dtype, before, behind):
    check_product_of_columns(name, *sizes, dtype, before, behind)
