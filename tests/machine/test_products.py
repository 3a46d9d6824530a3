"""The products inside kernels: by NumPy's BLAS, by the portable product, and without the JIT."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fresh_python import run_python
from tests.support.jit import needs_jit
from tests.support.products import (
    NAMES,
    RUN,
    check_product,
    check_product_of_columns,
    check_products,
    check_products_of_columns,
    operands,
    shapes,
)
from tinyae.blas.portable import gemm

of_both_types = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def test_products_equal_numpys():
    check_products()


def test_products_of_some_columns_of_a_matrix():
    check_products_of_columns()


@of_both_types
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "sizes", [(0, 3, 4), (3, 0, 4), (3, 4, 0), (0, 0, 0), (1, 0, 3), (1, 7, 1), (7, 1, 5)]
)
def test_products_with_empty_and_thin_operands(sizes, name, dtype):
    check_product(name, *sizes, dtype)
    check_product_of_columns(name, *sizes, dtype, 1, 2)


@of_both_types
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", [(1, 4, 3), (4, 1, 3), (4, 3, 1), (1, 1, 1)])
def test_the_strides_of_one_row_or_column_do_not_matter(sizes, name, dtype):
    check_product(name, *sizes, dtype, odd=True)


@of_both_types
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, where nothing is compiled
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("m", [1, 3])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_products_show_nan_and_infinity(name, m, bad, dtype):
    """Training that diverges must be seen: in all that the number enters, and nowhere else."""
    m, k, n = m, 2, 3
    for of_a in (True, False):
        A, B, C = (np.ones(shape, dtype) for shape in (*shapes(name, m, k, n), (m, n)))
        (A if of_a else B)[0, 0] = bad
        expected = np.full((m, n), k + (name == "add_product"), dtype)
        if of_a:
            expected[0] = bad
        else:
            expected[:, 0] = bad
        RUN[name](A, B, C)
        np.testing.assert_array_equal(C, expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_was_in_c_stays_where_it_is_added_to_only(bad):
    for name in NAMES:
        A, B, C = operands(name, 3, 2, 4, np.float64)
        C[1, 2] = bad
        RUN[name](A, B, C)
        shown = np.argwhere(~np.isfinite(C)).tolist()
        assert shown == ([[1, 2]] if name == "add_product" else [])


def test_the_zeros_of_a_single_row_leave_rows_of_b_unread():
    """Where NumPy has infinity times zero, which is NaN."""
    A, B, C = np.array([[0.0, 2.0]]), np.array([[np.inf], [3.0]]), np.empty((1, 1))
    RUN["product"](A, B, C)
    assert C[0, 0] == 6


PRODUCTS = """
import tests.conftest
from tests.support.products import check_products, check_products_of_columns
from tinyae.machine import products
from tinyae.system.numba_parts import DISABLED
check_products()
"""

NO_LIBRARIES = """
from tinyae.blas import scipy_blas
from tinyae.system import threads
threads.libraries = lambda: ()
scipy_blas.addresses = lambda: None
from tinyae.blas import blas
"""


@needs_jit
def test_the_portable_product_inside_kernels():
    code = (
        NO_LIBRARIES + PRODUCTS + "check_products_of_columns(); print(blas.BLAS.spelling, DISABLED)"
    )
    assert run_python(code) == "portable False"


@needs_jit
@of_both_types
@given(
    *[st.sampled_from([0, 1, 3, 4, 5, 9, 255, 256, 257])] * 3,
    *[st.booleans()] * 3,
)
def test_the_portable_product(dtype, m, k, n, accumulate, transpose_A, transpose_B):
    """Exact, since whole numbers are summed: at the ends of tiles and of stretches above all."""
    rng = np.random.default_rng([m, k, n])
    A = rng.integers(-4, 5, (k, m) if transpose_A else (m, k)).astype(dtype)
    B = rng.integers(-4, 5, (n, k) if transpose_B else (k, n)).astype(dtype)
    C = rng.integers(-4, 5, (m, n)).astype(dtype) if accumulate else np.full((m, n), np.nan, dtype)
    expected = np.matmul(A.T if transpose_A else A, B.T if transpose_B else B)
    if accumulate:
        expected += C
    gemm(A, B, C, accumulate, transpose_A, transpose_B)
    np.testing.assert_array_equal(C, expected)


def test_without_the_jit_the_products_are_numpys_and_no_blas_is_needed():
    code = (
        NO_LIBRARIES + PRODUCTS + "check_products_of_columns(); print(blas.BLAS.spelling, DISABLED)"
    )
    assert run_python(code, NUMBA_DISABLE_JIT="1") == "numpy True"


BIND = """
blas.find = lambda: found
blas.BLAS = blas.register()
"""


@needs_jit
def test_a_blas_with_32_bit_integers(tmp_path):
    """In a cache of its own: it would replace what all others load."""
    code = """
from tests.support import reference_blas
from tinyae.blas import blas
found = blas.Blas("narrow", 32, *reference_blas.addresses(32))
"""
    # where a register holds either, only the machine code tells that the narrow ones are passed
    call = "void @tinyae_sgemm(" + ", ".join(["i32"] * 6)
    code += (
        BIND
        + PRODUCTS
        + f"""
written = "".join(products.product.kernel.inspect_llvm().values())
print(products.BLAS.spelling, {call!r} in written)
"""
    )
    assert run_python(code, NUMBA_CACHE_DIR=str(tmp_path)) == "narrow True"


@needs_jit
def test_kernels_multiply_by_the_blas_that_was_found():
    """A wrong one would show in no number, only in the time: the portable product is right too."""
    code = f"""
import ctypes
import numpy as np
from tinyae.blas import blas
calls, kind = [], ctypes.CFUNCTYPE(None)  # looks at no argument
spies = [kind(lambda name=name: calls.append(name)) for name in "sd"]
addresses = [ctypes.cast(spy, ctypes.c_void_p).value for spy in spies]
found = blas.Blas("spy", blas.BLAS.integer_bits, *addresses)
{BIND}
from tinyae.machine import products
from tests.support.products import RUN
for dtype in ("float32", "float64"):
    A = np.ones((2, 2), dtype)
    for run in RUN.values():
        run(A, A, A.copy())
print(products.BLAS.spelling, *calls)
"""
    assert run_python(code) == "spy s s s d d d"
