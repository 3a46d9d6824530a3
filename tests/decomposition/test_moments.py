"""Count, mean and scatter: in pieces, on several cores, and interrupted."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyae.decomposition import moments, sharing
from tinyae.decomposition.moments import Moments, merge
from tinyae.system import threads as cores


def expected(x):
    x = x.astype(np.float64)
    centred = x - x.mean(axis=0)
    return Moments(len(x), x.mean(axis=0), np.zeros(x.shape[1]), "scatter", centred.T @ centred)


def of(x):
    return moments.moments(x, x.dtype)


def assert_near(found, wanted, tolerance=1e-12):
    assert found.samples == wanted.samples
    for name in ("mean", "matrix"):
        scale = np.abs(wanted.matrix).max() + np.abs(wanted.mean).max()
        difference = np.abs(getattr(found, name) - getattr(wanted, name)).max()
        assert difference <= tolerance * scale, name


@pytest.fixture
def samples():
    return np.random.default_rng(0).normal(3, 2, size=(1001, 7))


def use(count, monkeypatch, blas=None):
    """Let there be so many cores, and as many threads of BLAS or others."""
    threads = [blas or count]
    limit = cores.ThreadLimit(lambda: threads[-1], threads.append)
    monkeypatch.setattr(cores, "available", lambda: count)
    monkeypatch.setattr(cores, "BLAS_THREADS", limit)
    return limit


@pytest.mark.parametrize("available", [1, 2, 3, 50])
@pytest.mark.parametrize("rows", [1, 64, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pieces_and_cores(samples, available, rows, dtype, monkeypatch):
    use(available, monkeypatch)
    monkeypatch.setattr(moments, "PRODUCT_ROWS", rows)
    x = samples.astype(dtype)
    found = of(x)
    assert_near(found, expected(x), 1e-12 if dtype == "float64" else 8 * found.rounding)
    assert found.rounding < 4 * np.finfo(dtype).eps
    assert of(x).matrix.tobytes() == found.matrix.tobytes()


def test_each_core_computes_on_its_own_and_blas_is_left_as_it_was(samples, monkeypatch):
    blas = use(2, monkeypatch, blas=8)
    monkeypatch.setattr(moments, "PRODUCT_ROWS", 10)
    both, threads = threading.Barrier(2, timeout=10), set()
    partial_sums = moments._partial_sums

    def met(*arguments):
        both.wait()  # nobody comes here twice before the other has come once
        threads.add(threading.get_ident())
        assert blas.get_threads() == 1
        return partial_sums(*arguments)

    monkeypatch.setattr(moments, "_partial_sums", met)
    samples += 100  # which is to be subtracted
    assert_near(of(samples), expected(samples))
    assert len(threads) == 2
    assert blas.get_threads() == 8


@pytest.mark.parametrize(("blas", "room"), [(1, 1 << 28), (8, 1000)])
def test_a_limit_of_threads_or_of_memory_is_kept(samples, blas, room, monkeypatch):
    use(2, monkeypatch, blas)
    monkeypatch.setattr(moments, "PRODUCT_ROWS", 10)
    monkeypatch.setattr(sharing, "WORKER_BYTES", room)
    monkeypatch.setattr(sharing, "ThreadPoolExecutor", None)
    assert_near(of(samples), expected(samples))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_thread_has_room_for_its_sums_a_product_and_a_piece(samples, dtype, monkeypatch):
    pools = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, workers):
            pools.append(workers)
            super().__init__(workers)

    use(9, monkeypatch)
    monkeypatch.setattr(sharing, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(moments, "PRODUCT_ROWS", 10)
    x = (samples + 100).astype(dtype)
    features = x.shape[1]
    sums, product, piece = 8 * features**2, x.itemsize * features**2, x.itemsize * 10 * features
    for room in (3 * (sums + product + piece), 4 * (sums + product + piece) - 1):
        monkeypatch.setattr(sharing, "WORKER_BYTES", room)
        assert_near(of(x), expected(x), 1e-12 if dtype == "float64" else 1e-6)
    assert pools == [2, 2]  # beside the thread that calls


def fail():
    raise MemoryError


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)  # the main thread hears it, which waits for the others


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX sends them")
@pytest.mark.parametrize(("what", "error"), [(fail, MemoryError), (interrupt, KeyboardInterrupt)])
def test_a_failure_or_an_interruption_ends_the_work_of_all(samples, what, error, monkeypatch):
    use(2, monkeypatch)
    monkeypatch.setattr(moments, "PRODUCT_ROWS", 1)
    done, told = [], threading.Event()
    subtract, partial_sums = moments._subtract_and_sum, moments._partial_sums
    both = threading.Barrier(2, timeout=60)

    def together(*arguments):
        both.wait()
        try:
            return partial_sums(*arguments)
        finally:
            told.set()

    def disturbed(rows, shift, out):
        done.append(len(rows))
        if len(done) == 5:
            what()
        if len(done) > 5:  # who comes later waits until the other has been told
            told.wait(60)
            os.sched_yield()
        return subtract(rows, shift, out)

    monkeypatch.setattr(moments, "_partial_sums", together)
    monkeypatch.setattr(moments, "_subtract_and_sum", disturbed)
    with pytest.raises(error):
        of(samples + 100)
    assert len(done) < len(samples) // 4  # one core's share is a half


def test_rows_near_zero_are_multiplied_where_they_lie(samples, monkeypatch):
    """By BLAS's own threads, and without a copy."""
    blas, seen = use(2, monkeypatch), []
    subtract = moments._subtract_and_sum

    def noted(rows, shift, out):
        seen.append((out is rows, blas.get_threads()))
        return subtract(rows, shift, out)

    monkeypatch.setattr(moments, "_subtract_and_sum", noted)
    monkeypatch.setattr(sharing, "ThreadPoolExecutor", None)
    assert_near(of(samples), expected(samples))
    assert set(seen) == {(True, 2)}


@given(st.integers(1, 9), st.integers(1, 9))
def test_moments_of_parts_merge(first, second):
    x = np.random.default_rng([first, second]).normal(5, 1, size=(first + second, 3))
    merged = merge(of(x[:first]), of(x[first:]))
    assert_near(merged, expected(x))
