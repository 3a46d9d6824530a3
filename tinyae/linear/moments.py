"""Count, mean and scatter of data of any length: one pass over it, and a few p × p matrices."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ..machine import threads as cores

# Rows per product X'X: enough to keep BLAS busy, few enough that float32 loses nothing in the sum.
PRODUCT_ROWS = 4096
PRODUCT_BYTES = 1 << 24
# Rows that are centred and summed while they are in the cache.
BLOCK_ROWS = 256
# A product for each core is faster than one that BLAS shares between them, but takes more memory.
WORKER_BYTES = 1 << 28  # for all of them


class Moments(NamedTuple):
    """What PCA needs to know of some data: all in float64."""

    samples: int
    mean: np.ndarray  # (p,)
    scatter: np.ndarray  # (p, p): Σ (x - mean)(x - mean)' over samples; (0, 0) where unknown


def moments(x: np.ndarray) -> Moments:
    """Those of an admitted array of shape (n, p).

    Deviations d are taken from a point near the mean, found from a few rows, so that the exact
    correction Σ dd' - (Σd)(Σd)'/n takes away next to nothing: data far from zero lose no digits.
    """
    n, dtype = len(x), real(x)
    # Relative to a row, a constant feature is exactly zero here and stays so in all that follows.
    anchor = x[0].astype(np.float64)
    few = np.ascontiguousarray(x[:: max(1, n // BLOCK_ROWS)], np.float64)
    with np.errstate(over="ignore", invalid="ignore"):  # seen below, in the trace
        shift = (anchor + (few - anchor).mean(axis=0)).astype(dtype)
        scatter, total = _sums(x, shift)
        scatter -= np.outer(total, total / n)
    if not np.isfinite(np.trace(scatter)):
        raise ValueError(f"x spans too wide a range: its squares overflow {dtype}; scale it down")
    return Moments(n, shift + total / n, scatter)


def _sums(x: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ dd' and Σd over the rows' deviations d from `shift`."""
    n, features = x.shape
    step = max(1, min(PRODUCT_ROWS, PRODUCT_BYTES // (features * shift.itemsize)))
    starts = range(0, n, step)
    each = features * (8 * features + shift.itemsize * (features + step))
    get_threads = cores.BLAS_THREADS.get_threads
    allowed = get_threads() if get_threads else 1  # its owner's limit, or a BLAS of its own mind
    workers = max(1, min(cores.available(), allowed, WORKER_BYTES // each, len(starts)))
    stopped: list[bool] = []

    def work(worker: int) -> tuple[np.ndarray, np.ndarray]:
        try:
            return _partial_sums(x, shift, starts[worker::workers], step, stopped)
        except BaseException:
            stopped.append(True)  # the others' sums are of no use
            raise

    if workers == 1:
        return work(0)
    with cores.BLAS_THREADS.hold(1):
        pool = ThreadPoolExecutor(workers)
        try:
            parts = list(pool.map(work, range(workers)))
        finally:  # after Ctrl-C they need not go on
            stopped.append(True)
            pool.shutdown()
    for scatter, total in parts[1:]:
        parts[0][0][...] += scatter
        parts[0][1][...] += total
    return parts[0]


def _partial_sums(
    x: np.ndarray, shift: np.ndarray, starts: Sequence[int], step: int, stopped: list[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """The same over some of the pieces of `step` rows, until something is in `stopped`."""
    features = x.shape[1]
    scatter, total = np.zeros((features, features)), np.zeros(features)
    product = np.empty_like(scatter, shift.dtype)
    buffer = np.empty((min(len(x), step), features), shift.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # which is each thread's own
        for start in starts:
            if stopped:
                break
            rows = x[start : start + step]
            deviations = buffer[: len(rows)]
            total += _subtract_and_sum(rows, shift, deviations)
            scatter += np.matmul(deviations.T, deviations, out=product)
    return scatter, total


def _subtract_and_sum(rows: np.ndarray, shift: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Write rows - shift into `out` and return its sum over the rows in float64."""
    total = np.zeros(len(shift))
    for start in range(0, len(rows), BLOCK_ROWS):
        block = out[start : start + BLOCK_ROWS]
        np.subtract(rows[start : start + BLOCK_ROWS], shift, out=block)
        total += block.sum(axis=0)
    return total


def merge(a: Moments, b: Moments) -> Moments:
    """The moments of two sets of samples together.

    The scatter gains the squared distance of the two means, weighted nₐn_b/n (T. Chan, G. Golub and
    R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979).
    """
    samples = a.samples + b.samples
    distance = b.mean - a.mean
    scatter = np.outer(distance, distance * (a.samples * b.samples / samples))
    scatter += a.scatter
    scatter += b.scatter
    return Moments(samples, a.mean + distance * (b.samples / samples), scatter)


def real(array: np.ndarray) -> np.dtype:
    """The type to compute in: float32 stays, everything else becomes float64."""
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return np.dtype(np.float32 if single else np.float64)
