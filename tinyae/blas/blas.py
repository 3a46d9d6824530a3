"""A fast BLAS, found at run time and made callable from compiled kernels.

NumPy's wheels carry OpenBLAS, but promise no name for its functions. So the known spellings are
looked for, in NumPy's library and in the environment's, then SciPy's BLAS, which promises one. A
candidate is proved by a small product; one that is not known to be fast is held against the
portable product once, and passed over where it is much slower. Compiled code calls ``tinyae_sgemm``
and ``tinyae_dgemm``, names that are bound once per process, before any cached kernel is loaded; or,
where nothing is found, the portable product.
"""

import ctypes
from collections.abc import Callable, Iterator
from typing import NamedTuple

import llvmlite.binding
import numpy as np
from numba import types

from ..system.numba_parts import DISABLED
from ..system.threads import BLAS_THREADS as NUMPYS_THREADS
from ..system.threads import ThreadLimit, libraries, thread_functions
from . import scipy_blas, verdict

ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE = 101, 111, 112  # the C interface's constants

# How distributions of BLAS spell the C interface, with the width of the integers it takes.
SPELLINGS = (
    ("scipy_cblas_{}64_", 64),
    ("cblas_{}64_", 64),
    ("scipy_cblas_{}", 32),
    ("cblas_{}$NEWLAPACK$ILP64", 64),
    ("cblas_{}$NEWLAPACK", 32),
    ("cblas_{}", 32),
)


class Blas(NamedTuple):
    """Addresses of the two matrix products, and how to call them."""

    spelling: str
    integer_bits: int
    sgemm: int
    dgemm: int
    threads: ThreadLimit = NUMPYS_THREADS


NUMPY = Blas("numpy", 0, 0, 0)  # where nothing is compiled
PORTABLE = Blas("portable", 0, 0, 0)


def find() -> Blas:
    """The first BLAS that multiplies correctly and is not slow, or else the portable product."""
    for found, known in candidates():
        address, bits = found.sgemm, found.integer_bits
        if multiplies(address, found.dgemm, bits) and (
            known or not verdict.is_slow(address, caller(address, bits, ctypes.c_float))
        ):
            return found
    return PORTABLE


def candidates() -> Iterator[tuple[Blas, bool]]:
    """Each BLAS that is there, and whether it is known to be fast: by what sets its threads."""
    for library in libraries():
        known = thread_functions([library]) != (None, None)
        for spelling, bits in SPELLINGS:
            sgemm, dgemm = (_address(library, spelling.format(name)) for name in ("sgemm", "dgemm"))
            if sgemm and dgemm:
                yield Blas(spelling, bits, sgemm, dgemm), known
    if addresses := scipy_blas.addresses():
        limit = ThreadLimit(*thread_functions(scipy_blas.libraries()))
        yield Blas(scipy_blas.MODULE, 64, *addresses, limit), limit.get_threads is not None


def _address(library: ctypes.CDLL, name: str) -> int:
    try:
        return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
    except AttributeError:
        return 0


def multiplies(sgemm: int, dgemm: int, integer_bits: int) -> bool:
    """Whether the products at these addresses give C + A'B on a small example in both types."""
    for address, real, dtype in (
        (sgemm, ctypes.c_float, np.float32),
        (dgemm, ctypes.c_double, np.float64),
    ):
        A = np.arange(6, dtype=dtype).reshape(3, 2)
        B = np.arange(12, dtype=dtype).reshape(3, 4)
        C = np.ones((2, 4), dtype)
        expected = C + sum(np.multiply.outer(A[k], B[k]) for k in range(3))
        caller(address, integer_bits, real)(
            *(ROW_MAJOR, TRANSPOSE, NO_TRANSPOSE, 2, 4, 3),
            *(1.0, A.ctypes.data, 2, B.ctypes.data, 4, 1.0, C.ctypes.data, 4),
        )
        if not np.array_equal(C, expected):
            return False
    return True


def caller(address: int, integer_bits: int, real: type) -> Callable:
    """The C function ``cblas_?gemm`` at an address."""
    integer = ctypes.c_int64 if integer_bits == 64 else ctypes.c_int32
    matrix = [ctypes.c_void_p, integer]
    kinds = (*[ctypes.c_int] * 3, *[integer] * 3, real, *matrix, *matrix, real, *matrix)
    return ctypes.CFUNCTYPE(None, *kinds)(address)


def gemm_arguments(real: types.Type, pointer: types.Type, integer_bits: int) -> tuple:
    """Numba types of the arguments of ``cblas_?gemm``."""
    integer = types.int64 if integer_bits == 64 else types.int32
    order = [types.int32] * 3
    matrix = [pointer, integer]
    return (*order, *[integer] * 3, real, *matrix, *matrix, real, *matrix)


def register() -> Blas:
    """Bind ``tinyae_sgemm`` and ``tinyae_dgemm`` for this process's compiled code."""
    blas = find()
    if blas.integer_bits:
        llvmlite.binding.add_symbol("tinyae_sgemm", blas.sgemm)
        llvmlite.binding.add_symbol("tinyae_dgemm", blas.dgemm)
    return blas


BLAS = NUMPY if DISABLED else register()
BLAS_THREADS = BLAS.threads
