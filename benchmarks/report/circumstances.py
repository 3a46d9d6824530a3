"""Under which circumstances was measured: machine, what ran, versions, date, command and data."""

import ctypes
import os
import platform
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.workloads.data import has_mnist
from tinyae.cli.installation import matrix_product, speed
from tinyae.system.numba_parts import processor_has
from tinyae.system.threads import available, libraries

PACKAGES = (
    *("numpy", "numba", "torch", "jax", "keras", "tensorflow-cpu", "tensorflow", "scikit-learn"),
    "onnxruntime",
)
VECTORS = {"avx512f": 512, "avx2": 256, "avx": 256}


def circumstances(command: str) -> dict[str, Any]:
    """What a reader needs to judge the numbers, or to measure them again."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    data = "MNIST" if has_mnist() else "the bundled digits, repeated where there are too few"
    return {
        "machine": _processor(),
        "threads": 2,
        "cores": available(),
        "load": _load(),
        "kernel": blas_kernel(),
        "vectors": vector_bits(),
        "python": platform.python_version(),
        "versions": versions,
        "product": f"{matrix_product()}, {speed('float32'):.0f} GFLOP/s in float32 on one core",
        "date": str(date.today()),
        "command": command,
        "data": data,
    }


def blas_kernel() -> str:
    """For which processor OpenBLAS computes, as it says itself."""
    starts_and_ends = (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", ""))
    for library in libraries():
        for start, end in starts_and_ends:
            function = getattr(library, f"{start}openblas_get_corename{end}", None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return function().decode()
    return "not to be found out"


def vector_bits() -> int:
    """How wide the vectors are that tinyae's kernels are compiled for."""
    return next((bits for name, bits in VECTORS.items() if processor_has(name)), 128)


def _load() -> float | None:
    """How many programs ran in the last minute; only some systems say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
