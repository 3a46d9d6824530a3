"""Work on parts of the data, shared between the process's cores."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..checks.arrays import row_slices
from ..checks.floating_point import quiet
from ..system import threads as cores

# A product for each core is faster than one that BLAS shares between them, but takes more memory.
WORKER_BYTES = 1 << 28  # for all of them

Found = TypeVar("Found")


def worker_count(each: int, parts: int) -> int:
    """How many can work at once, if each takes so many bytes and there are so many parts."""
    get_threads = cores.BLAS_THREADS.get_threads
    allowed = get_threads() if get_threads else 1  # its owner's limit, or a BLAS of its own mind
    return max(1, min(cores.available(), allowed, WORKER_BYTES // max(1, each), parts))


def even_slices(length: int, step: int, workers: int) -> list[slice]:
    """Slices of about the same size, `step` at most, and as many for each worker."""
    rounds = -(-length // (step * workers))
    return list(row_slices(length, -(-length // (rounds * workers))))


def on_cores(
    work: Callable[[Iterable[slice]], Found], parts: Sequence[slice], workers: int
) -> list[Found]:
    """What `work` makes of each worker's share of the parts, on one thread of BLAS each."""
    stopped: list[bool] = []

    def share(worker: int) -> Iterator[slice]:
        for part in parts[worker::workers]:
            if stopped:
                return
            yield part

    @quiet  # each thread for itself
    def one(worker: int) -> Found:
        try:
            return work(share(worker))
        except BaseException:
            stopped.append(True)  # the others' results are of no use
            raise

    if workers == 1:
        return [one(0)]
    with cores.BLAS_THREADS.hold(1):
        pool = ThreadPoolExecutor(workers - 1)
        try:
            others = [pool.submit(one, worker) for worker in range(1, workers)]
            return [one(0), *(other.result() for other in others)]
        finally:  # after Ctrl-C they need not go on
            stopped.append(True)
            pool.shutdown()
