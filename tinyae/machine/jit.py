"""The kernel decorator.

With ``NUMBA_DISABLE_JIT=1`` every kernel is the plain Python function that you read: a debugger
steps through all of it.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

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
        Path(__file__).parents[1], f"{np.__version__} {numba.__version__} {BLAS.integer_bits}"
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
