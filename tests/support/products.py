"""The product inside kernels held against NumPy's."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyae.machine import products


def check_product(m, k, n, transpose_a, transpose_b, accumulate, dtype):
    rng = np.random.default_rng([m, k, n])
    A = rng.normal(size=(k, m) if transpose_a else (m, k)).astype(dtype)
    B = rng.normal(size=(n, k) if transpose_b else (k, n)).astype(dtype)
    C = rng.normal(size=(m, n)).astype(dtype) if accumulate else np.full((m, n), np.nan, dtype)
    expected = np.matmul(A.T if transpose_a else A, B.T if transpose_b else B, dtype=np.float64)
    if accumulate:
        expected = expected + C
    before = A.copy(), B.copy()
    products.product(A, B, C, accumulate, transpose_a, transpose_b)
    np.testing.assert_allclose(C, expected, rtol=0, atol=40 * np.finfo(dtype).eps)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(B, before[1])


@settings(deadline=None)  # also run where the profile is not loaded
@given(
    *[st.integers(0, 9)] * 3,
    *[st.booleans()] * 3,
    st.sampled_from([np.float32, np.float64]),
)
def check_products(m, k, n, transpose_a, transpose_b, accumulate, dtype):
    check_product(m, k, n, transpose_a, transpose_b, accumulate, dtype)
