"""``python -m tinyae info`` without a file: the installation, and how fast it multiplies."""

import pytest

from tests.support.shell import fails
from tinyae.blas import blas, verdict
from tinyae.cli import installation
from tinyae.system.folders import kernel_cache
from tinyae.system.numba_parts import DISABLED


def test_info_without_a_file(run):
    code, out, err = run("info")
    assert (code, err) == (0, "")
    facts = dict(line.split(": ", 1) for line in out.replace("\n    ", " ").splitlines())
    names = ["tinyae", "python", "numpy", "numba", "cores", "product", "speed", "BLAS threads"]
    assert [name for name in facts if name != "scipy"] == [*names, "kernels"]
    assert facts["kernels"].replace(" ", "") == str(kernel_cache())
    assert facts["speed"].endswith("in float64, on one core")
    fails(run("info", "none"), "none: there is no such file")


def test_a_product_is_timed():
    assert all(speed > 0.001 for speed in map(installation.speed, ("float32", "float64")))


def test_the_product_is_named(monkeypatch):
    assert ("NumPy's" if DISABLED else "gemm") in installation.matrix_product()
    monkeypatch.setattr(blas, "BLAS", blas.NUMPY)
    assert "NUMBA_DISABLE_JIT" in installation.matrix_product()


@pytest.mark.parametrize(
    ("slow", "reason"), [(None, "no BLAS was found"), (True, "libblas.so.3 is slow")]
)
def test_the_portable_product_is_told_with_its_reason(slow, reason, monkeypatch):
    found = [] if slow is None else [(blas.Blas("cblas_{}", 32, 1, 1), False)]
    monkeypatch.setattr(blas, "BLAS", blas.PORTABLE)
    monkeypatch.setattr(blas, "candidates", lambda: iter(found))
    monkeypatch.setattr(verdict, "library_of", lambda address: "/usr/lib/libblas.so.3")
    monkeypatch.setattr(verdict, "is_slow", lambda address, gemm: slow)
    assert installation.matrix_product() == (
        f"tinyae's own, since {reason}: install scipy, or a NumPy with OpenBLAS"
    )
