"""The product inside kernels in its three forms: NumPy's BLAS, the portable one, NumPy itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fresh_python import run_python
from tests.support.products import check_product, check_products
from tinyae.machine import jit, products
from tinyae.machine.views import columns

needs_jit = pytest.mark.skipif(jit.DISABLED, reason="nothing is compiled")


def test_product_equals_matmul():
    check_products()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("accumulate", [False, True])
@pytest.mark.parametrize("transposed", [(a, b) for a in (False, True) for b in (False, True)])
@pytest.mark.parametrize(
    "sizes", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (1, 7, 1), (7, 1, 5)]
)
def test_product_with_empty_and_thin_operands(sizes, transposed, accumulate, dtype):
    check_product(*sizes, *transposed, accumulate, dtype)


@jit.kernel
def product_of_columns(x, first, count, B, C):
    products.product(columns(x, first, count), B, C, True, True, False)


@given(
    *(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    *(st.integers(0, 3), st.integers(0, 3)),
    st.sampled_from([np.float32, np.float64]),
)
def test_product_with_some_columns_of_a_matrix(m, k, n, before, behind, dtype):
    rng = np.random.default_rng([m, k, n, before])
    x, B = (rng.normal(size=(k, size)).astype(dtype) for size in (before + m + behind, n))
    C = rng.normal(size=(m, n)).astype(dtype)
    expected = C + np.matmul(x[:, before : before + m].T, B, dtype=np.float64)
    product_of_columns(x, before, m, B, C)
    np.testing.assert_allclose(C, expected, rtol=0, atol=40 * np.finfo(dtype).eps)


def test_product_shows_nan_and_infinity():
    A, C = np.ones((2, 2), np.float32), np.empty((2, 2), np.float32)
    A[0, 0] = np.nan
    products.product(A, np.zeros((2, 2), np.float32), C, False)
    assert np.isnan(C[0]).all()
    assert (C[1] == 0).all()


PRODUCTS = """
import tests.conftest
from tests.support.products import check_products
from tinyae.machine import jit
from tinyae.machine import products
check_products()
"""


@needs_jit
def test_the_portable_product_inside_kernels():
    code = "from tinyae.machine import blas; blas.SPELLINGS = ()\n" + PRODUCTS
    assert run_python(code + "print(jit.BLAS.spelling, jit.DISABLED)") == "portable False"


def test_the_product_without_the_jit():
    code = PRODUCTS + "print(jit.DISABLED, products.product is products._product_numpy)"
    assert run_python(code, NUMBA_DISABLE_JIT="1") == "True True"


def test_without_the_jit_no_blas_is_needed():
    code = "from tinyae.machine import blas; blas.SPELLINGS = ()\n" + PRODUCTS
    assert run_python(code + "print(jit.DISABLED)", NUMBA_DISABLE_JIT="1") == "True"


@needs_jit
def test_a_blas_with_32_bit_integers(tmp_path):
    code = """
from numba import cfunc, types
from tinyae.machine import blas
products = [
    cfunc(types.void(*blas.gemm_arguments(real, types.CPointer(real), 32)))(blas._gemm)
    for real in (types.float32, types.float64)
]
blas.find = lambda: blas.Blas("narrow", 32, *(product.address for product in products))
"""
    code += PRODUCTS + "print(jit.BLAS.spelling)"
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path)) == "narrow"


@needs_jit
@pytest.mark.parametrize(("dtype", "expected"), [("float32", "s"), ("float64", "d")])
def test_kernels_multiply_by_the_blas_that_was_found(dtype, expected):
    """A wrong one would show in no number, only in the time: the portable product is right too."""
    code = f"""
import ctypes
import numpy as np
from tinyae.machine import blas
found, calls = blas.find(), []
kind = ctypes.CFUNCTYPE(None)  # looks at no argument
spies = [kind(lambda name=name: calls.append(name)) for name in "sd"]
addresses = [ctypes.cast(spy, ctypes.c_void_p).value for spy in spies]
blas.find = lambda: blas.Blas("spy", found.integer_bits, *addresses)
from tinyae.machine import jit, products
A = np.ones((2, 2), {dtype!r})
products.product(A, A, A.copy(), False)
print(jit.BLAS.spelling, *calls)
"""
    assert run_python(code) == f"spy {expected}"
