"""Count, mean and scatter of data of any length: one pass over it, and a few p × p matrices.

A scatter has squares in it: what is a millionth as long as the rest keeps four digits of sixteen.
Where they are too few, its factor is kept instead, rows F with F'F the scatter, found by orthogonal
transformations of the centred samples: QR, whose rounding is small beside each column's length.
"""

import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from ..checks.arrays import row_slices
from ..checks.floating_point import quiet
from ..machine import threads as cores

# Rows per product X'X: enough to keep BLAS busy, few enough that float32 loses nothing in the sum.
PRODUCT_ROWS = 4096
PRODUCT_BYTES = 1 << 24
# Rows that are centred and summed while they are in the cache.
BLOCK_ROWS = 256
# A product for each core is faster than one that BLAS shares between them, but takes more memory.
WORKER_BYTES = 1 << 28  # for all of them


# Rows of a factor before they are made p again; and twice p at least
PILE = 1024


class Moments(NamedTuple):
    """What PCA needs to know of some data, in float64.

    The mean is the sum of two numbers, since the mean of data far from zero has not the digits to
    tell two of them apart. The matrix is the scatter Σ (x - mean)(x - mean)', its factor, or none,
    which is what a file without training state has left.
    """

    samples: int
    anchor: np.ndarray  # (p,): a point near the data
    offset: np.ndarray  # (p,): from there to the mean
    form: str  # of the matrix: "scatter", "factor" or "none"
    matrix: np.ndarray  # (p, p), (r, p) or (0, 0)
    rounding: float = 0.0  # of the products in a scatter
    least: float = 0.0  # what the smallest eigenvalue kept is known to be at least

    @property
    def mean(self) -> np.ndarray:
        return self.anchor + self.offset


def moments(x: np.ndarray, dtype: np.dtype) -> Moments:
    """Those of an admitted array of shape (n, p), with the scatter by products in `dtype`.

    Deviations d are taken from a point near the mean, found from a few rows, so that the exact
    correction Σ dd' - (Σd)(Σd)'/n takes away next to nothing: data far from zero lose no digits.
    """
    n = len(x)
    # Relative to a row, a constant feature is exactly zero here and stays so in all that follows.
    anchor = x[0].astype(np.float64)
    few = np.ascontiguousarray(x[:: max(1, n // BLOCK_ROWS)], np.float64)
    shift = (anchor + (few - anchor).mean(axis=0)).astype(dtype)
    scatter, total = _sums(x, shift)
    scatter -= np.outer(total, total / n)
    rounding = float(np.finfo(dtype).eps)
    return Moments(n, shift.astype(np.float64), total / n, "scatter", scatter, rounding)


def factored(x: np.ndarray) -> Moments:
    """The moments of an admitted array with a factor of the scatter, which is never squared."""
    anchor = x[0].astype(np.float64)
    parts = row_slices(len(x), max(PILE, 2 * x.shape[1]))
    return functools.reduce(merge, (_centred(x[rows], anchor) for rows in parts))


def _centred(x: np.ndarray, anchor: np.ndarray) -> Moments:
    deviations = np.subtract(x, anchor, dtype=np.float64)
    offset = deviations.mean(axis=0)
    deviations -= offset
    return Moments(len(x), anchor, offset, "factor", deviations)


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


@quiet  # each thread for itself
def _partial_sums(
    x: np.ndarray, shift: np.ndarray, starts: Sequence[int], step: int, stopped: list[bool]
) -> tuple[np.ndarray, np.ndarray]:
    """The same over some of the pieces of `step` rows, until something is in `stopped`."""
    features = x.shape[1]
    scatter, total = np.zeros((features, features)), np.zeros(features)
    product = np.empty_like(scatter, shift.dtype)
    buffer = np.empty((min(len(x), step), features), shift.dtype)
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
    """The moments of two sets of samples together, both with a scatter or both with a factor.

    The scatter gains the squared distance of the two means, weighted nₐn_b/n (T. Chan, G. Golub and
    R. LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979),
    and its factor a row.
    """
    samples = a.samples + b.samples
    distance = (b.anchor - a.anchor) + (b.offset - a.offset)
    weight = a.samples * b.samples / samples
    if a.form == "scatter":
        matrix = np.outer(distance, distance * weight)
        matrix += a.matrix
        matrix += b.matrix
    else:
        row = distance * np.sqrt(weight)
        matrix = np.concatenate([a.matrix, b.matrix, row[np.newaxis]])
        if len(matrix) > max(PILE, 2 * matrix.shape[1]):
            matrix = np.asarray(np.linalg.qr(matrix, mode="r"))
    offset = a.offset + distance * (b.samples / samples)
    rounding, least = max(a.rounding, b.rounding), max(a.least, b.least)
    return Moments(samples, a.anchor, offset, a.form, matrix, rounding, least)


def with_scatter(data: Moments) -> Moments:
    """The same with a scatter, if there is a factor."""
    if data.form == "scatter":
        return data
    return data._replace(form="scatter", matrix=data.matrix.T @ data.matrix)


def with_factor(data: Moments) -> Moments:
    """The same with a factor, if there is a scatter S: √Λ V' D, where D⁻¹ S D⁻¹ = V Λ V'."""
    if data.form == "factor":
        return data
    lengths = np.sqrt(np.diag(data.matrix))
    divisor = np.where(lengths > 0, lengths, 1)
    values, vectors = np.linalg.eigh(data.matrix / divisor / divisor[:, np.newaxis])
    factor = np.sqrt(np.maximum(values, 0))[:, np.newaxis] * vectors.T * lengths
    return data._replace(form="factor", matrix=factor, least=0.0)


def real(array: np.ndarray) -> np.dtype:
    """The type to compute in: float32 stays, everything else becomes float64."""
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return np.dtype(np.float32 if single else np.float64)
