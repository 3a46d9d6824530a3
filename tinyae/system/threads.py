"""The process's cores: how many it may use, and on how many NumPy's BLAS computes."""

import contextlib
import ctypes
import glob
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from .interruption import Interruption

ACCELERATES = ("BLASGetThreading", "BLASSetThreading")  # of all cores (0) or one (1)
THREAD_SPELLINGS = (  # what gets the number, and what sets it
    *(
        (f"{start}openblas_get_num_threads{end}", f"{start}openblas_set_num_threads{end}")
        for start, end in (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", ""))
    ),
    ("MKL_Get_Max_Threads", "MKL_Set_Num_Threads"),
    ACCELERATES,
)
# What an environment may have NumPy's BLAS in, where its extension module does not lead there:
# conda's on Windows. Elsewhere it may be one that NumPy does without.
ENVIRONMENT = (
    *("Library/bin/libcblas*.dll", "Library/bin/mkl_rt*.dll", "Library/bin/*openblas*.dll"),
    *("lib/libmkl_rt.so*", "lib/libopenblas.so*"),
)


def available() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def libraries() -> Iterator[ctypes.CDLL]:
    """Where NumPy's BLAS may be found."""
    core = np._core._multiarray_umath.__file__  # type: ignore[attr-defined]
    yield from libraries_of(core, os.path.dirname(np.__file__))
    for pattern in ENVIRONMENT:
        yield from _loaded(sorted(glob.glob(os.path.join(glob.escape(sys.prefix), pattern))))


def libraries_of(extension: str, package: str) -> Iterator[ctypes.CDLL]:
    """Where the BLAS of a package's extension module may be found."""
    # Where the loader resolves through dependencies, the extension module is enough; on Windows the
    # library beside it has to be asked itself.
    yield from _loaded([extension, *sorted(glob.glob(glob.escape(package) + ".libs/*openblas*"))])


def _loaded(paths: Iterable[str]) -> Iterator[ctypes.CDLL]:
    for path in paths:
        with contextlib.suppress(OSError):
            yield ctypes.CDLL(path)


def thread_functions(
    libraries: Iterable[ctypes.CDLL],
) -> tuple[Callable | None, Callable | None]:
    """What gets and sets the number of threads that a BLAS uses, where it can be found."""
    for library in libraries:
        for names in THREAD_SPELLINGS:
            with contextlib.suppress(AttributeError):
                get, set_ = (getattr(library, name) for name in names)
                get.restype, get.argtypes = ctypes.c_int, []
                set_.restype, set_.argtypes = None, [ctypes.c_int]
                return _accelerates(get, set_) if names == ACCELERATES else (get, set_)
    return None, None


def _accelerates(get: Callable, set_: Callable) -> tuple[Callable, Callable]:
    return lambda: 1 if get() else available(), lambda threads: set_(int(threads == 1))


class ThreadLimit:
    """The BLAS's thread count, which is the process's, held at a number while anyone needs it.

    The first to enter sets it, the last to leave restores it; in between, whoever enters computes
    with the number it finds.
    """

    def __init__(
        self,
        get_threads: Callable[[], int] | None = None,
        set_threads: Callable[[int], None] | None = None,
    ):
        self.get_threads, self.set_threads = get_threads, set_threads
        self._reset()
        if hasattr(os, "register_at_fork"):  # a child inherits the count, but not its threads
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.RLock()  # a signal's handler may come in while it is held
        self._inside = 0
        self._saved = 1

    @contextlib.contextmanager
    def hold(self, threads: int) -> Iterator[None]:
        """Compute with `threads` BLAS threads inside the `with` block."""
        get_threads, set_threads = self.get_threads, self.set_threads
        if get_threads is None or set_threads is None:
            yield
            return
        with Interruption() as interruption:
            with self._lock:
                self._inside += 1
                if self._inside == 1:
                    self._saved = get_threads()
                    if self._saved != threads:
                        set_threads(threads)
            try:
                interruption.passes = 1
                yield
            finally:
                interruption.passes = 0
                with self._lock:
                    if self._inside == 1 and get_threads() != self._saved:
                        set_threads(self._saved)
                    self._inside = max(0, self._inside - 1)


BLAS_THREADS = ThreadLimit(*thread_functions(libraries()))
