"""NumPy's own BLAS, found at run time and made callable from compiled kernels.

NumPy's wheels carry OpenBLAS, but promise no name for its functions. So the known spellings are
looked for, the candidate is proved by a small product, and where that fails a portable product
takes its place under the same name. Compiled code calls ``tinyae_sgemm`` and ``tinyae_dgemm``,
names that are bound once per process, before any cached kernel is loaded.
"""

import ctypes
from typing import NamedTuple

import llvmlite.binding
import numpy as np
from numba import carray, cfunc, types

from .numba_parts import DISABLED
from .threads import libraries

ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE = 101, 111, 112  # the C interface's constants

# How distributions of NumPy spell the C interface, with the width of the integers it takes.
SPELLINGS = (
    ("scipy_cblas_{}64_", 64),
    ("cblas_{}64_", 64),
    ("scipy_cblas_{}", 32),
    ("cblas_{}$NEWLAPACK$ILP64", 64),
    ("cblas_{}", 32),
)


class Blas(NamedTuple):
    """Addresses of the two matrix products, and how to call them."""

    spelling: str
    integer_bits: int
    sgemm: int
    dgemm: int


def find() -> Blas:
    """The first BLAS that NumPy carries and that multiplies correctly, or the portable product."""
    for library in libraries():
        for spelling, bits in SPELLINGS:
            sgemm, dgemm = (_address(library, spelling.format(name)) for name in ("sgemm", "dgemm"))
            if sgemm and dgemm and multiplies(sgemm, dgemm, bits):
                return Blas(spelling, bits, sgemm, dgemm)
    return portable()


def _address(library: ctypes.CDLL, name: str) -> int:
    try:
        return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
    except AttributeError:
        return 0


def multiplies(sgemm: int, dgemm: int, integer_bits: int) -> bool:
    """Whether the products at these addresses give C + A'B on a small example in both types."""
    integer = ctypes.c_int64 if integer_bits == 64 else ctypes.c_int32
    for address, real, dtype in (
        (sgemm, ctypes.c_float, np.float32),
        (dgemm, ctypes.c_double, np.float64),
    ):
        A = np.arange(6, dtype=dtype).reshape(3, 2)
        B = np.arange(12, dtype=dtype).reshape(3, 4)
        C = np.ones((2, 4), dtype)
        expected = C + sum(np.multiply.outer(A[k], B[k]) for k in range(3))
        matrix = [ctypes.c_void_p, integer]
        gemm = ctypes.CFUNCTYPE(
            None, *[ctypes.c_int] * 3, *[integer] * 3, real, *matrix, *matrix, real, *matrix
        )(address)
        gemm(
            *(ROW_MAJOR, TRANSPOSE, NO_TRANSPOSE, 2, 4, 3),
            *(1.0, A.ctypes.data, 2, B.ctypes.data, 4, 1.0, C.ctypes.data, 4),
        )
        if not np.array_equal(C, expected):
            return False
    return True


def gemm_arguments(real: types.Type, pointer: types.Type, integer_bits: int) -> tuple:
    """Numba types of the arguments of ``cblas_?gemm``."""
    integer = types.int64 if integer_bits == 64 else types.int32
    order = [types.int32] * 3
    matrix = [pointer, integer]
    return (*order, *[integer] * 3, real, *matrix, *matrix, real, *matrix)


# The portable products are kept here, since compiled code knows them by address only.
_PORTABLE: dict[str, object] = {}


def portable() -> Blas:
    """A matrix product compiled from the loops below: right everywhere, fast nowhere."""
    for name, real in (("sgemm", types.float32), ("dgemm", types.float64)):
        if name not in _PORTABLE:
            signature = types.void(*gemm_arguments(real, types.CPointer(real), 64))
            _PORTABLE[name] = cfunc(signature, error_model="numpy")(_gemm)
    sgemm, dgemm = (_PORTABLE[name].address for name in ("sgemm", "dgemm"))  # type: ignore[attr-defined]
    return Blas("portable", 64, sgemm, dgemm)


def _gemm(order, transpose_a, transpose_b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc):
    """Row-major C = alpha op(A) op(B) + beta C, with the arguments of ``cblas_?gemm``."""
    a = carray(A, (k if transpose_a == TRANSPOSE else m) * lda)
    b = carray(B, (n if transpose_b == TRANSPOSE else k) * ldb)
    c = carray(C, m * ldc)
    for i in range(m):
        row = c[i * ldc : i * ldc + n]
        for j in range(n):  # beta = 0 must not read C, which may hold anything
            row[j] = row[j] * beta if beta != 0 else beta
        for p in range(k):
            factor = alpha * (a[p * lda + i] if transpose_a == TRANSPOSE else a[i * lda + p])
            if transpose_b == TRANSPOSE:
                for j in range(n):
                    row[j] += factor * b[j * ldb + p]
            else:
                for j in range(n):
                    row[j] += factor * b[p * ldb + j]


def register() -> Blas:
    """Bind ``tinyae_sgemm`` and ``tinyae_dgemm`` for this process's compiled code."""
    blas = find()
    llvmlite.binding.add_symbol("tinyae_sgemm", blas.sgemm)
    llvmlite.binding.add_symbol("tinyae_dgemm", blas.dgemm)
    return blas


BLAS = Blas("numpy", 64, 0, 0) if DISABLED else register()
