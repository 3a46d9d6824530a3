"""How many cores there are, and the limit of NumPy's BLAS's threads."""

import os
import threading

import numpy as np
import pytest

from tinyae.system import threads as cores
from tinyae.system.threads import BLAS_THREADS, ThreadLimit


def test_available_cores(monkeypatch):
    assert 1 <= cores.available() <= os.cpu_count()
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert cores.available() == os.cpu_count()


def test_a_library_without_thread_functions_is_passed_over(monkeypatch):
    monkeypatch.setattr(cores, "THREAD_SPELLINGS", (("no_such_name", "none_either"),))
    assert cores.thread_functions(cores.libraries()) == (None, None)


def test_a_library_that_does_not_load_is_passed_over(monkeypatch):
    monkeypatch.setattr(cores.glob, "glob", lambda pattern: ["/nowhere/libopenblas.so"])
    assert len(list(cores.libraries())) == 1


def test_an_environments_own_blas_is_looked_for_after_numpys(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(cores.sys, "prefix", str(tmp_path))
    monkeypatch.setattr(cores.ctypes, "CDLL", lambda path: seen.append(path) or path)
    for name in ("Library/bin/libcblas.dll", "Library/bin/mkl_rt.2.dll", "lib/libmkl_rt.so.2"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    list(cores.libraries())
    assert "_multiarray_umath" in seen[0]
    names = ["libcblas.dll", "mkl_rt.2.dll", "libmkl_rt.so.2"]
    assert [os.path.basename(path) for path in seen[-3:]] == names


class Accelerate:
    """Which computes on all cores (0) or on one (1)."""

    def __init__(self):
        state = [0]
        self.BLASGetThreading = lambda: state[0]
        self.BLASSetThreading = lambda kind: state.__setitem__(0, kind)


def test_accelerate_computes_on_one_core_or_on_all(monkeypatch):
    monkeypatch.setattr(cores, "available", lambda: 8)
    limit = ThreadLimit(*cores.thread_functions([Accelerate()]))
    assert limit.get_threads() == 8
    with limit.hold(1):
        assert limit.get_threads() == 1
    assert limit.get_threads() == 8


class Library:
    """A BLAS's thread count, and every number it was set to."""

    def __init__(self, threads):
        self.threads, self.calls = threads, []
        self.limit = ThreadLimit(lambda: self.threads, self.set)

    def set(self, threads):
        self.calls.append(threads)
        self.threads = threads


def test_the_limit_is_set_and_restored():
    library = Library(8)
    with library.limit.hold(1):
        assert library.threads == 1
    assert library.calls == [1, 8]


def test_nothing_is_set_where_the_number_is_right_already():
    library = Library(1)
    with library.limit.hold(1):
        pass
    assert library.calls == []


def test_the_first_in_sets_and_the_last_out_restores():
    library = Library(8)
    with library.limit.hold(2):
        with library.limit.hold(1):
            assert library.threads == 2
        assert library.threads == 2
    assert library.calls == [2, 8]


def test_a_change_made_inside_is_undone():
    library = Library(4)
    with library.limit.hold(4):
        library.threads = 2  # by someone else
    assert library.threads == 4


def test_a_signals_handler_may_come_in_while_it_is_being_set():
    library = Library(8)

    def set_and_enter(threads):
        library.set(threads)
        with library.limit.hold(1):
            assert library.threads == threads

    library.limit.set_threads = set_and_enter
    with library.limit.hold(1):
        pass
    assert library.threads == 8


def test_an_exception_restores_too():
    library = Library(8)
    with pytest.raises(KeyboardInterrupt), library.limit.hold(1):
        raise KeyboardInterrupt
    assert library.threads == 8
    with library.limit.hold(1):
        assert library.threads == 1
    assert library.threads == 8


def test_many_threads_share_one_limit():
    library, everyone = Library(8), threading.Barrier(6)
    seen = []

    def work():
        for _ in range(50):
            with library.limit.hold(1):
                seen.append(library.threads)
            everyone.wait()

    workers = [threading.Thread(target=work) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert set(seen) == {1}
    assert library.threads == 8
    assert library.limit._inside == 0


@pytest.mark.parametrize("missing", ["get_threads", "set_threads", "both"])
def test_a_blas_without_thread_functions_computes_with_the_threads_it_has(missing):
    """A number that is not known could not be restored."""
    library, inside = Library(8), []
    for name in ("get_threads", "set_threads") if missing == "both" else (missing,):
        setattr(library.limit, name, None)
    with library.limit.hold(1):
        inside.append(library.threads)
    assert inside == [8]
    assert library.calls == []


def test_numpys_own_thread_count_is_restored_after_use():
    config = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    if "openblas" not in config["name"]:
        pytest.skip("this NumPy was built without OpenBLAS")
    before = BLAS_THREADS.get_threads()
    assert before >= 1
    other = 1 if before > 1 else 2
    with BLAS_THREADS.hold(other):
        assert BLAS_THREADS.get_threads() == other
    assert BLAS_THREADS.get_threads() == before
