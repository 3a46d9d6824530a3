"""What this installation is made of, and how fast it multiplies."""

import ctypes
import importlib.util
import os
import platform
import time
from importlib import metadata

import numba
import numpy as np

from ..blas import blas, verdict
from ..machine.jit import kernel
from ..machine.products import product
from ..system.folders import kernel_cache
from ..system.threads import available
from ..version import __version__

SIDE = 256  # of the matrices that are multiplied
ROUNDS = 5


def facts() -> dict[str, str]:
    """By name: versions, cores, which matrix product, its speed and threads, the cache folder."""
    get_threads = blas.BLAS_THREADS.get_threads
    found = {
        "tinyae": f"{__version__}, {os.path.dirname(os.path.dirname(__file__))}",
        "python": f"{platform.python_version()}, {platform.platform()}",
        "numpy": np.__version__,
        "numba": numba.__version__,
    }
    if importlib.util.find_spec("scipy"):
        found["scipy"] = metadata.version("scipy")
    return found | {
        "cores": f"{available()} for this process, of {os.cpu_count()}",
        "product": matrix_product(),
        "speed": f"{speed('float32'):.1f} GFLOP/s in float32, {speed('float64'):.1f} in float64, "
        "on one core",
        "BLAS threads": str(get_threads()) if get_threads else "not to be found out",
        "kernels": str(kernel_cache()),
    }


def matrix_product() -> str:
    """What kernels multiply by."""
    taken = blas.BLAS
    if taken is blas.NUMPY:
        return "NumPy's, since NUMBA_DISABLE_JIT is set"
    passed_over = [verdict.library_of(each.sgemm) for each in _slow()]
    if taken is blas.PORTABLE:
        reason = (
            "no BLAS was found"
            if not passed_over
            else f"{os.path.basename(passed_over[0])} is slow"
        )
        return f"tinyae's own, since {reason}: install scipy, or a NumPy with OpenBLAS"
    file = os.path.basename(verdict.library_of(taken.sgemm))
    return f"{taken.spelling.format('gemm')}{' of ' * bool(file)}{file}"


def _slow() -> list[blas.Blas]:
    """Those that were passed over because of their speed."""
    return [
        each
        for each, known in blas.candidates()
        if not known
        and verdict.is_slow(each.sgemm, blas.caller(each.sgemm, each.integer_bits, ctypes.c_float))
    ]


@kernel
def multiply(A, B, C):
    """C = A B, as layers do it."""
    product(A, B, C)


def speed(dtype: str) -> float:
    """Of the product, on one core: 10⁹ multiplications and additions a second."""
    A, B, C = (np.ones((SIDE, SIDE), dtype) for _ in range(3))
    taken = []
    with blas.BLAS_THREADS.hold(1):
        multiply(A, B, C)
        for _ in range(ROUNDS):
            start = time.perf_counter()
            multiply(A, B, C)
            taken.append(time.perf_counter() - start)
    return 2e-9 * SIDE**3 / min(taken)
