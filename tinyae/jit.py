"""The kernel decorator, and the matrix product inside kernels.

With ``NUMBA_DISABLE_JIT=1`` every kernel is the plain Python function that you read, and the
product is NumPy's: a debugger steps through all of it.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.core.ccallback import CFunc

from . import blas as _blas

DISABLED = bool(numba.config.DISABLE_JIT)

# The numpy error model lets loops with a division vectorise (no check for zero). Of fast-math
# everything but "no NaNs, no infinities": training must notice when it diverges.
OPTIONS = {
    "error_model": "numpy",
    "fastmath": {"nsz", "arcp", "contract", "afn", "reassoc"},
    "nogil": True,
}

BLAS = _blas.Blas("numpy", 64, 0, 0) if DISABLED else _blas.register()
BLAS_THREADS = _blas.ThreadLimit(BLAS)


def cache_stamp(package: Path, versions: str) -> str:
    """A digest of every source file of the package and of the given versions.

    Numba's own stamp is the kernel's file alone: after an edit to a kernel that it calls, it
    would silently run the old code.
    """
    digest = hashlib.sha256(versions.encode())
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        digest.update(f"{path.relative_to(package).as_posix()} {len(source)}\n".encode())
        digest.update(source)
    return digest.hexdigest()


try:
    STAMP = cache_stamp(
        Path(__file__).parent, f"{np.__version__} {numba.__version__} {BLAS.integer_bits}"
    )
except OSError:  # sources that cannot be read (a zip file) cannot be stamped: compile every time
    STAMP = ""


def kernel(function: Callable, **options: Any) -> Callable:
    """Compile `function` with Numba on its first call; keep the result on disk where possible."""
    if DISABLED:
        return function
    options = OPTIONS | options
    if STAMP:
        try:
            dispatcher = numba.njit(cache=True, **options)(function)
            _stamp(dispatcher)
            return dispatcher
        except (RuntimeError, AttributeError):
            # RuntimeError: no folder for the cache can be written. AttributeError: this Numba
            # keeps its stamp elsewhere, and a cache without ours could run old code.
            pass
    return numba.njit(**options)(function)


def _stamp(compiled: Any) -> None:
    """Give the function's cache file our stamp in place of Numba's."""
    file = compiled._cache._cache_file
    file._source_stamp  # noqa: B018 - raises AttributeError where there is none to replace
    file._source_stamp = STAMP


def inlined(function: Callable) -> Callable:
    """Make `function` part of each kernel that calls it.

    A function that is compiled both on its own and as part of its callers exists in copies, which
    differ in the order of their sums; which one runs depends on what was compiled in this process.
    """
    return kernel(function, inline="always")


@inlined
def copy(x, y):
    """y = x, number by number, for contiguous arrays of one size, of any shapes.

    Numba compiles this in a tenth of the time of ``y[:] = x``, which checks shapes and formats the
    message that no one would see.
    """
    source, target = x.reshape(-1), y.reshape(-1)
    for i in range(target.size):
        target[i] = source[i]


def callback(function: Callable, signature: types.Type) -> CFunc:
    """`function` compiled, or loaded from disk, for other compiled code to call by its address."""
    options = {name: value for name, value in OPTIONS.items() if name != "nogil"}
    arguments: tuple = (function, (signature.args, signature.return_type), {}, options)
    compiled = CFunc(*arguments)
    if STAMP:
        try:
            compiled.enable_caching()
            _stamp(compiled)
        except (RuntimeError, AttributeError):  # as in `kernel`
            compiled = CFunc(*arguments)
    compiled.compile()
    return compiled


def _product_numpy(A, B, C, accumulate, transpose_A=False, transpose_B=False):
    result = np.matmul(A.T if transpose_A else A, B.T if transpose_B else B)
    C[...] = C + result if accumulate else result


_sgemm, _dgemm = (
    types.ExternalFunction(
        f"tinyae_{name}",
        types.void(*_blas.gemm_arguments(real, types.voidptr, BLAS.integer_bits)),
    )
    for name, real in (("sgemm", types.float32), ("dgemm", types.float64))
)
_ROW_MAJOR, _PLAIN, _TRANSPOSED = _blas.ROW_MAJOR, _blas.NO_TRANSPOSE, _blas.TRANSPOSE


@kernel
def _add_row_product(a, B, c):
    """c += a B for vectors a and c, where BLAS would first copy all of B.

    Rows of B are not read where a is zero: the pixels and hidden units that are off.
    """
    for i in range(a.size):
        if a[i] != 0:
            for j in range(c.size):
                c[j] += a[i] * B[i, j]


def _product_blas(A, B, C, accumulate, transpose_A=False, transpose_B=False):
    """C = op(A) op(B), or C + op(A) op(B): contiguous 2-D arrays of one type."""
    m, n = C.shape
    k = A.shape[0] if transpose_A else A.shape[1]
    if m == 0 or n == 0:
        return
    if m == 1 and not transpose_A and not transpose_B:
        if not accumulate:
            C[:] = 0
        _add_row_product(A.reshape(-1), B, C.reshape(-1))
        return
    if k == 0:  # BLAS takes no empty operand
        if not accumulate:
            C[:] = 0
        return
    a = _TRANSPOSED if transpose_A else _PLAIN
    b = _TRANSPOSED if transpose_B else _PLAIN
    lda, ldb = A.shape[1], B.shape[1]
    beta = 1.0 if accumulate else 0.0
    # The type is known when this compiles, so one of the two calls is compiled away.
    if A.itemsize == 4:
        _sgemm(
            *(_ROW_MAJOR, a, b, m, n, k, np.float32(1), A.ctypes, lda, B.ctypes, ldb),
            *(np.float32(beta), C.ctypes, n),
        )
    else:
        _dgemm(_ROW_MAJOR, a, b, m, n, k, 1.0, A.ctypes, lda, B.ctypes, ldb, beta, C.ctypes, n)


product = _product_numpy if DISABLED else kernel(_product_blas)
