"""Under which circumstances was measured: machine, versions, date, command and data."""

import platform
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.workloads.data import has_mnist
from tinyae.cli.installation import matrix_product, speed

PACKAGES = (
    *("numpy", "numba", "torch", "jax", "keras", "tensorflow-cpu", "tensorflow", "scikit-learn"),
    "onnxruntime",
)


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
        "python": platform.python_version(),
        "versions": versions,
        "product": f"{matrix_product()}, {speed('float32'):.0f} GFLOP/s in float32 on one core",
        "date": str(date.today()),
        "command": command,
        "data": data,
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
