"""Whether a BLAS is worth calling: a reference BLAS is slower than the portable product.

What was measured is kept beside compiled kernels, so that every process multiplies by the same, and
the same seed gives the same bytes.
"""

import contextlib
import ctypes
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import llvmlite.binding
import numba
import numpy as np

from ..system.folders import kernel_cache
from . import portable

MUCH = 3  # times the portable product's time
ROUNDS = 5
SIZES = (64, 256, 256)


def is_slow(address: int, gemm: Callable) -> bool:
    """Whether ``cblas_sgemm``, which is at that address, takes much longer than the portable one.

    Measured once; where no file can be kept, in each process.
    """
    path = kernel_cache() / f"product-{_name(address)}.txt"
    with contextlib.suppress(OSError, ValueError):
        return _read(path)
    text = " ".join(f"{seconds:.3g}" for seconds in times(gemm))
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
            file.write(text)
        try:
            os.link(file.name, path)  # unless another process was first, whose verdict is taken
        finally:
            os.unlink(file.name)
    with contextlib.suppress(OSError, ValueError):
        return _read(path)
    return _slow(text)


def _read(path: Path) -> bool:
    return _slow(path.read_text(encoding="utf-8"))


def _slow(text: str) -> bool:
    blas, own = map(float, text.split())
    return blas >= MUCH * own


def times(gemm: Callable) -> tuple[float, float]:
    """Seconds of a product by ``cblas_sgemm``, and by the portable one: the best of some rounds."""
    m, k, n = SIZES
    rng = np.random.default_rng(0)
    A, B = rng.random((m, k), np.float32), rng.random((k, n), np.float32)
    C = np.empty((m, n), np.float32)
    rows = (A.ctypes.data, k, B.ctypes.data, n, 0.0, C.ctypes.data, n)
    calls = (
        lambda: gemm(101, 111, 111, m, n, k, 1.0, *rows),
        lambda: portable.gemm(A, B, C, False, False, False),
    )
    taken = []
    for _ in range(ROUNDS + 1):  # in the first of which the portable one compiles
        for call in calls:
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    return min(taken[2::2]), min(taken[3::2])


def _name(address: int) -> str:
    """What tells one BLAS, on one processor, from others."""
    path = library_of(address)
    parts = [path, llvmlite.binding.get_host_cpu_name(), np.__version__, numba.__version__]
    with contextlib.suppress(OSError):
        about = os.stat(path)
        parts += [str(about.st_size), str(about.st_mtime_ns)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


class Info(ctypes.Structure):
    """What the loader knows of an address."""

    _fields_ = (
        ("file", ctypes.c_char_p),
        ("base", ctypes.c_void_p),
        ("symbol", ctypes.c_char_p),
        ("address", ctypes.c_void_p),
    )


def library_of(address: int) -> str:
    """The file that a function was loaded from; empty where the system does not say."""
    info = Info()
    with contextlib.suppress(AttributeError, TypeError):  # Windows has no such function
        if ctypes.CDLL(None).dladdr(ctypes.c_void_p(address), ctypes.byref(info)):
            return os.path.realpath(os.fsdecode(info.file or b""))
    return ""
