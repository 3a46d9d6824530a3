"""SciPy's BLAS, by the interface that it promises to Cython: Fortran's, with columns for rows."""

import ctypes
import importlib.util
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import cfunc, types

from ..system.numba_parts import get_cython_function_address
from ..system.threads import libraries_of

MODULE = "scipy.linalg.cython_blas"

_kept: list[Any] = []  # compiled code knows them by address only


def addresses() -> tuple[int, int] | None:
    """Where ``cblas_sgemm`` and ``cblas_dgemm`` made of it are; None without SciPy."""
    try:
        single, double = (get_cython_function_address(MODULE, name) for name in ("sgemm", "dgemm"))
    except (ImportError, ValueError):  # no SciPy, or one without these names
        return None
    return _as_cblas(single, types.float32), _as_cblas(double, types.float64)


def libraries() -> Iterator[ctypes.CDLL]:
    """Where its threads may be set."""
    spec = importlib.util.find_spec(MODULE)
    assert spec is not None
    assert spec.origin is not None
    yield from libraries_of(spec.origin, os.path.dirname(os.path.dirname(spec.origin)))


def _as_cblas(address: int, real: types.Type) -> int:
    """A product of rows, with 64-bit integers: C' = B' A', whose columns are C's rows."""
    gemm = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(address)
    dtype = np.dtype(str(real)).type

    def product(order, transpose_a, transpose_b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc):
        letters = np.empty(2, np.uint8)
        letters[0] = 84 if transpose_b == 112 else 78  # T or N
        letters[1] = 84 if transpose_a == 112 else 78
        sizes = np.empty(6, np.int32)
        sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5] = n, m, k, ldb, lda, ldc
        factors = np.empty(2, dtype)
        factors[0], factors[1] = alpha, beta
        letter, size, factor = letters.ctypes.data, sizes.ctypes.data, factors.ctypes.data
        one = factors.itemsize
        gemm(
            *(letter, letter + 1, size, size + 4, size + 8, factor, B, size + 12),
            *(A, size + 16, factor + one, C, size + 20),
        )

    matrix = (types.voidptr, types.int64)
    sizes = (*[types.int32] * 3, *[types.int64] * 3)
    signature = types.void(*sizes, real, *matrix, *matrix, real, *matrix)
    compiled = cfunc(signature)(product)
    _kept.append((compiled, gemm))
    return compiled.address
