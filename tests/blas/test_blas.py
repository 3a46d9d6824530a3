"""Finding a BLAS, proving it, and what is passed over."""

import ctypes

import numpy as np
import pytest
from numba import types

from tests.support import reference_blas
from tests.support.fresh_python import run_python
from tests.support.jit import needs_jit
from tinyae.blas import blas, scipy_blas, verdict
from tinyae.system.numba_parts import DISABLED


@pytest.fixture(scope="module")
def reference():
    """Products that are right, and take 64-bit integers."""
    return reference_blas.addresses(64)


@needs_jit
def test_right_products_are_recognised(reference):
    assert blas.multiplies(*reference, 64)
    assert blas.multiplies(*reference_blas.addresses(32), 32)


def distorted(address, real, distort):
    """A product that calls the one at `address` with its arguments changed."""
    right = blas.caller(address, 64, real)
    wrapped = type(right)(lambda *arguments: right(*distort(list(arguments))))
    return wrapped, ctypes.cast(wrapped, ctypes.c_void_p).value


def forget_to_accumulate(arguments):
    arguments[11] = 0.0
    return arguments


def double(arguments):
    arguments[6] = 2.0
    return arguments


def do_nothing(arguments):
    arguments[3] = 0
    return arguments


def skip_a_term(arguments):
    arguments[5] -= 1
    return arguments


@needs_jit
@pytest.mark.parametrize("distort", [forget_to_accumulate, double, do_nothing, skip_a_term])
def test_wrong_products_are_refused(distort, reference):
    keep_s, wrong_s = distorted(reference[0], ctypes.c_float, distort)
    keep_d, wrong_d = distorted(reference[1], ctypes.c_double, distort)
    assert not blas.multiplies(wrong_s, reference[1], 64)
    assert not blas.multiplies(reference[0], wrong_d, 64)
    del keep_s, keep_d


def test_numpys_wheels_carry_a_blas_that_is_found():
    config = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if "openblas" not in config["name"]:
        pytest.skip("this NumPy was built without OpenBLAS")
    found = blas.find()
    assert "cblas" in found.spelling
    assert found.threads is blas.NUMPYS_THREADS
    assert blas.multiplies(found.sgemm, found.dgemm, found.integer_bits)
    assert "openblas" in verdict.library_of(found.sgemm) or not verdict.library_of(found.sgemm)


def test_what_was_found_is_bound_once():
    assert (blas.NUMPY if DISABLED else blas.find()) == blas.BLAS
    assert blas.BLAS_THREADS is blas.BLAS.threads


@pytest.fixture
def alone(monkeypatch):
    """Neither NumPy nor SciPy has a BLAS."""
    monkeypatch.setattr(blas, "libraries", lambda: ())
    monkeypatch.setattr(scipy_blas, "addresses", lambda: None)


def test_without_a_blas_the_product_is_the_portable_one(alone):
    assert blas.find() is blas.PORTABLE


@needs_jit  # scipy's BLAS is called through what is compiled for it
def test_a_candidate_that_multiplies_wrongly_is_passed_over(monkeypatch):
    monkeypatch.setattr(blas, "multiplies", lambda *arguments: False)
    assert blas.find() is blas.PORTABLE


# A BLAS that nobody knows


@needs_jit
@pytest.mark.parametrize(("seconds", "slow"), [((3.0, 1.0), True), ((2.9, 1.0), False)])
def test_one_that_is_much_slower_is_passed_over(alone, seconds, slow, monkeypatch, reference):
    candidate = blas.Blas("cblas_{}", 64, *reference)
    monkeypatch.setattr(blas, "candidates", lambda: iter([(candidate, False)]))
    monkeypatch.setattr(verdict, "_name", lambda address: f"drawn-{seconds[0]}")
    monkeypatch.setattr(verdict, "times", lambda gemm: seconds)
    assert (blas.find() is blas.PORTABLE) == slow
    monkeypatch.setattr(blas, "candidates", lambda: iter([(candidate, True)]))
    assert blas.find() is candidate


@needs_jit
def test_plain_loops_are_much_slower(reference):
    """That is so on every processor that has vectors: 8 times here."""
    gemm = blas.caller(reference[0], 64, ctypes.c_float)
    reference_time, own = verdict.times(gemm)
    assert reference_time > verdict.MUCH * own > 0


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Verdicts are kept here; how often it was measured is counted."""
    measured = []
    monkeypatch.setattr(verdict, "kernel_cache", lambda: tmp_path / "kernels")
    monkeypatch.setattr(verdict, "times", lambda gemm: measured.append(gemm) or (5.0, 1.0))
    return measured, tmp_path / "kernels"


def test_a_verdict_is_kept(kept):
    measured, folder = kept
    assert verdict.is_slow(1, None)
    assert verdict.is_slow(1, None)
    assert len(measured) == 1
    (file,) = folder.iterdir()
    file.write_text("1.5 1.0")
    assert not verdict.is_slow(1, None)


def test_a_verdict_that_cannot_be_read_is_found_again_in_each_process(kept):
    measured, folder = kept
    verdict.is_slow(1, None)
    (file,) = folder.iterdir()
    file.write_text("no number")
    assert verdict.is_slow(1, None)
    assert len(measured) == 2
    assert len(list(folder.iterdir())) == 1


def test_of_two_processes_the_first_decides(kept, monkeypatch):
    """Another's verdict may come while this one measures."""
    _, folder = kept

    def times(gemm):
        folder.mkdir()
        (folder / f"product-{verdict._name(1)}.txt").write_text("1.0 1.0")
        return 5.0, 1.0

    monkeypatch.setattr(verdict, "times", times)
    assert not verdict.is_slow(1, None)


def test_where_nothing_can_be_kept_it_is_measured(kept):
    measured, folder = kept
    folder.write_text("a file")
    assert verdict.is_slow(1, None)
    assert len(measured) == 1


# SciPy's


WITHOUT_NUMPYS = """
from tinyae.system import threads
threads.libraries = lambda: ()
import tests.conftest
from tinyae.blas import blas
from tinyae.machine import products
"""


@needs_jit
def test_scipys_blas_is_the_second_best():
    pytest.importorskip("scipy")
    code = (
        WITHOUT_NUMPYS
        + """
from tests.support.products import check_products, check_products_of_columns
check_products(); check_products_of_columns()
import tinyae as tae, numpy as np
seen = []
class Look:
    def __call__(self, epoch, logs): ...
limit = blas.BLAS_THREADS
before = limit.get_threads()
with limit.hold(1):
    assert limit.get_threads() == 1
assert limit is not threads.BLAS_THREADS and limit.get_threads() == before
print(blas.BLAS.spelling, blas.BLAS.integer_bits)
"""
    )
    assert run_python(code) == "scipy.linalg.cython_blas 64"


@needs_jit
def test_without_scipy_there_is_none(monkeypatch):
    def missing(module, name):
        raise ModuleNotFoundError("No module named 'scipy'")

    monkeypatch.setattr(scipy_blas, "get_cython_function_address", missing)
    assert scipy_blas.addresses() is None


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("real", [types.float32, types.float64])
def test_signature(bits, real):
    arguments = blas.gemm_arguments(real, types.voidptr, bits)
    integer = types.int32 if bits == 32 else types.int64
    assert arguments[:3] == (types.int32,) * 3
    assert [arguments[i] for i in (3, 4, 5, 8, 10, 13)] == [integer] * 6
    assert [arguments[i] for i in (6, 11)] == [real] * 2
    assert [arguments[i] for i in (7, 9, 12)] == [types.voidptr] * 3
    assert len(arguments) == 14
