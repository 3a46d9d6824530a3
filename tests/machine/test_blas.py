"""Finding a BLAS, proving it, and the portable product."""

import ctypes

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import cfunc, types

from tinyae.machine import blas
from tinyae.machine.numba_parts import DISABLED

needs_jit = pytest.mark.skipif(DISABLED, reason="nothing is compiled, the portable product neither")
PLAIN, TRANSPOSED = blas.NO_TRANSPOSE, blas.TRANSPOSE


def caller(address, bits, real):
    """The C function ``cblas_?gemm`` at an address."""
    integer = ctypes.c_int64 if bits == 64 else ctypes.c_int32
    matrix = [ctypes.c_void_p, integer]
    kinds = (*[ctypes.c_int] * 3, *[integer] * 3, real, *matrix, *matrix, real, *matrix)
    return ctypes.CFUNCTYPE(None, *kinds)(address)


@pytest.fixture(scope="module")
def narrow():
    """Products that take 32-bit integers, as a BLAS with the classic interface does."""
    return [
        cfunc(types.void(*blas.gemm_arguments(real, types.CPointer(real), 32)))(blas._gemm)
        for real in (types.float32, types.float64)
    ]


@needs_jit
@given(
    *[st.integers(0, 9)] * 3,
    *[st.booleans()] * 2,
    *[st.sampled_from([0.0, 1.0, -0.5])] * 2,
    st.sampled_from([np.float32, np.float64]),
)
def test_the_portable_product(m, k, n, transpose_a, transpose_b, alpha, beta, dtype):
    portable = blas.portable()
    single = dtype is np.float32
    gemm = caller(
        *(portable.sgemm if single else portable.dgemm, 64),
        ctypes.c_float if single else ctypes.c_double,
    )
    rng = np.random.default_rng([m, k, n])
    A = rng.integers(-4, 5, (k, m) if transpose_a else (m, k)).astype(dtype)
    B = rng.integers(-4, 5, (n, k) if transpose_b else (k, n)).astype(dtype)
    C = rng.integers(-4, 5, (m, n)).astype(dtype) if beta else np.full((m, n), np.nan, dtype)
    expected = alpha * np.matmul(A.T if transpose_a else A, B.T if transpose_b else B)
    if beta:
        expected += beta * C
    gemm(
        *(blas.ROW_MAJOR, TRANSPOSED if transpose_a else PLAIN),
        *(TRANSPOSED if transpose_b else PLAIN, m, n, k),
        *(alpha, A.ctypes.data, A.shape[1], B.ctypes.data, B.shape[1]),
        *(beta, C.ctypes.data, n),
    )
    np.testing.assert_array_equal(C, expected)


@needs_jit
def test_right_products_are_recognised(narrow):
    portable = blas.portable()
    assert blas.multiplies(portable.sgemm, portable.dgemm, 64)
    assert blas.multiplies(*(product.address for product in narrow), 32)


def distorted(address, real, distort):
    """A product that calls the one at `address` with its arguments changed."""
    right = caller(address, 64, real)
    wrapped = type(right)(lambda *arguments: right(*distort(list(arguments))))
    return wrapped, ctypes.cast(wrapped, ctypes.c_void_p).value


def forget_to_accumulate(arguments):
    arguments[11] = 0.0
    return arguments


def double(arguments):
    arguments[6] = 2.0
    return arguments


def do_nothing(arguments):
    arguments[3] = 0
    return arguments


def skip_a_term(arguments):
    arguments[5] -= 1
    return arguments


@needs_jit
@pytest.mark.parametrize("distort", [forget_to_accumulate, double, do_nothing, skip_a_term])
def test_wrong_products_are_refused(distort):
    right = blas.portable()
    keep_s, wrong_s = distorted(right.sgemm, ctypes.c_float, distort)
    keep_d, wrong_d = distorted(right.dgemm, ctypes.c_double, distort)
    assert not blas.multiplies(wrong_s, right.dgemm, 64)
    assert not blas.multiplies(right.sgemm, wrong_d, 64)
    del keep_s, keep_d


def test_find_gives_what_multiplies():
    found = blas.find()
    assert blas.multiplies(found.sgemm, found.dgemm, found.integer_bits)


def test_numpys_wheels_carry_a_blas_that_is_found():
    config = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if "openblas" not in config["name"]:
        pytest.skip("this NumPy was built without OpenBLAS")
    found = blas.find()
    assert found.spelling != "portable"


@needs_jit
def test_without_a_known_spelling_the_product_is_the_portable_one(monkeypatch):
    monkeypatch.setattr(blas, "SPELLINGS", (("no_{}_such_name", 64),))
    assert blas.find().spelling == "portable"


@needs_jit
def test_a_candidate_that_multiplies_wrongly_is_passed_over(monkeypatch):
    monkeypatch.setattr(blas, "multiplies", lambda *arguments: False)
    assert blas.find().spelling == "portable"


def test_what_was_found_is_bound_once():
    expected = blas.Blas("numpy", 64, 0, 0) if DISABLED else blas.find()
    assert expected == blas.BLAS


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("real", [types.float32, types.float64])
def test_signature(bits, real):
    arguments = blas.gemm_arguments(real, types.voidptr, bits)
    integer = types.int32 if bits == 32 else types.int64
    assert arguments[:3] == (types.int32,) * 3
    assert [arguments[i] for i in (3, 4, 5, 8, 10, 13)] == [integer] * 6
    assert [arguments[i] for i in (6, 11)] == [real] * 2
    assert [arguments[i] for i in (7, 9, 12)] == [types.voidptr] * 3
    assert len(arguments) == 14
