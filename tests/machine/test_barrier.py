"""Atomic access and the barrier, with real threads."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numba
import numpy as np
import pytest

from tinyae.machine.barrier import barrier, fetch_add, load, store
from tinyae.system.numba_parts import DISABLED

needs_threads = pytest.mark.skipif(DISABLED, reason="without the JIT there is one thread")


def in_threads(threads, function, *arguments):
    """Call function(*arguments, thread) in that many threads at once; all must end soon."""
    with ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(function, *arguments, thread) for thread in range(threads)]
        return [future.result(timeout=60) for future in futures]


@numba.njit(nogil=True)
def _access(array):
    before = fetch_add(array, 1, 5)
    store(array, 2, before + 100)
    return before, load(array, 2)


def test_load_store_and_add():
    array = np.array([7, 20, 0], np.int64)
    assert _access(array) == (20, 120)
    assert array.tolist() == [7, 25, 120]


@numba.njit(nogil=True)
def _draw_tickets(counter, seen, thread):
    for _ in range(seen.shape[1]):
        seen[thread, fetch_add(counter, 0, 1) % seen.shape[1]] += 1


@needs_threads
def test_no_addition_is_lost_and_no_ticket_drawn_twice():
    threads, draws = 4, 50_000
    counter, seen = np.zeros(1, np.int64), np.zeros((threads, draws), np.int64)
    in_threads(threads, _draw_tickets, counter, seen)
    assert counter[0] == threads * draws
    np.testing.assert_array_equal(seen.sum(axis=0), threads)


@numba.njit(nogil=True)
def _rounds(sync, marks, thread):
    """In each round: mark, meet, and count the marks of all; meet again before the next."""
    threads, wrong = marks.size, 0
    for r in range(300):
        marks[thread] = r
        barrier(sync, 0, 1, threads)
        for other in range(threads):
            if marks[other] != r:
                wrong += 1
        barrier(sync, 0, 1, threads)
    return wrong


@needs_threads
@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_nobody_passes_the_barrier_before_all_have_come(threads):
    sync, marks = np.zeros(2, np.int64), np.full(threads, -1)
    assert in_threads(threads, _rounds, sync, marks) == [0] * threads
    assert sync[0] == (600 * threads if threads > 1 else 0)


@numba.njit(nogil=True)
def _wait_for_more(sync, threads, thread):
    barrier(sync, 0, 1, threads)
    return load(sync, 0)


@needs_threads
def test_abort_releases_those_who_wait():
    sync = np.zeros(2, np.int64)
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(_wait_for_more, sync, 3, thread) for thread in range(2)]
        while sync[0] < 2:  # both are at the barrier, and the third never comes
            pass
        assert not any(future.done() for future in futures)
        sync[1] = 1
        assert [future.result(timeout=60) for future in futures] == [2, 2]


@needs_threads
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="only Linux counts them there")
def test_one_who_waits_for_long_sleeps():
    """Again and again, as the system counts: a program beside it has the core meanwhile."""
    sync, threads = np.zeros(2, np.int64), []

    def wait():
        threads.append(threading.get_native_id())
        _wait_for_more(sync, 2, 0)

    def sleeps():
        status = Path(f"/proc/self/task/{threads[0]}/status").read_text()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(wait)
        try:
            while sync[0] < 1:
                pass
            for _ in range(100_000):
                if (enough := sleeps() > 50) or future.done():
                    break
            assert enough
        finally:
            sync[1] = 1
        future.result(timeout=60)


def test_one_thread_does_not_wait():
    sync = np.zeros(2, np.int64)
    assert _wait_for_more(sync, 1, 0) == 0
    assert not sync.any()
