"""The process's cores: how many it may use, and on how many NumPy's BLAS computes."""

import contextlib
import ctypes
import glob
import os
import threading
from collections.abc import Callable, Iterator

import numpy as np

from .interruption import Interruption

THREAD_SPELLINGS = (
    "scipy_openblas_{}_num_threads64_",
    "openblas_{}_num_threads64_",
    "scipy_openblas_{}_num_threads",
    "openblas_{}_num_threads",
)


def available() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def libraries() -> Iterator[ctypes.CDLL]:
    """Where NumPy's BLAS may be found."""
    # Where the loader resolves through dependencies, NumPy's extension module is enough; on
    # Windows the library beside it has to be asked itself.
    core = np._core._multiarray_umath.__file__  # type: ignore[attr-defined]
    package = os.path.dirname(np.__file__)
    beside = glob.glob(os.path.join(package + ".libs", "*openblas*"))
    for path in [core, *sorted(beside)]:
        with contextlib.suppress(OSError):
            yield ctypes.CDLL(path)


def thread_functions() -> tuple[Callable | None, Callable | None]:
    """What gets and sets the number of threads that NumPy's BLAS uses, where it can be found."""
    for library in libraries():
        for spelling in THREAD_SPELLINGS:
            with contextlib.suppress(AttributeError):
                get = getattr(library, spelling.format("get"))
                set_ = getattr(library, spelling.format("set"))
                get.restype, get.argtypes = ctypes.c_int, []
                set_.restype, set_.argtypes = None, [ctypes.c_int]
                return get, set_
    return None, None


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


BLAS_THREADS = ThreadLimit(*thread_functions())
