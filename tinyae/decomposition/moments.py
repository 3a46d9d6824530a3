"""Count, mean and scatter of data of any length: one pass over it, and a few p × p matrices.

A scatter has squares in it: what is a millionth as long as the rest keeps four digits of sixteen.
Where they are too few, its factor is kept instead, rows F with F'F the scatter, found by orthogonal
transformations of the centred samples: QR, whose rounding is small beside each column's length. No
more samples than features are kept as they are.
"""

import functools
import operator
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np

from ..checks.arrays import admit, row_slices
from .sharing import even_slices, on_cores, worker_count
from .sparse import Rows, SparseRows

# Rows per product X'X: enough to keep BLAS busy, few enough that float32 loses nothing in the sum;
# for each byte of a number, where no copy of them is made.
PRODUCT_ROWS = 4096
PRODUCT_BYTES = 1 << 22  # of their copies, where there have to be some
# Rows that are centred and summed while in the cache; as many show about where the mean is, in
# columns looked at together.
BLOCK_ROWS, BLOCK_COLUMNS = 128, 1024
SAMPLE_BYTES = 1 << 24
# Mean squares so many times the variances lose so few digits that they may stand for them.
NEAR_ZERO = 4
# Rows of a factor before they are made p again; and twice p at least
PILE = 1024


class Moments(NamedTuple):
    """What PCA needs to know of some data, in float64; samples are of their own dtype.

    The mean is the sum of two numbers, since the mean of data far from zero has not the digits to
    tell two of them apart. The matrix is the scatter Σ (x - mean)(x - mean)', its factor, the
    samples, or none, which is what a file without training state has left.
    """

    samples: int
    anchor: np.ndarray  # (p,): a point near the data
    offset: np.ndarray  # (p,): from there to the mean
    form: str  # of the matrix: "scatter", "factor", "rows" or "none"
    matrix: Any  # (p, p), (r, p), (n, p) or (0, 0); of samples, perhaps sparse
    rounding: float = 0.0  # of the products in a scatter
    least: float = 0.0  # what the smallest eigenvalue kept is known to be at least

    @property
    def mean(self) -> np.ndarray:
        return self.anchor + self.offset


def moments(x: Rows, dtype: np.dtype) -> Moments:
    """Those of an array of shape (n, p), with the scatter by products in `dtype`.

    Deviations d are taken from a point near the mean, found from a few rows, so that the exact
    correction Σ dd' - (Σd)(Σd)'/n takes away next to nothing: data far from zero lose no digits.
    Where the mean is near zero, that point is zero, and rows are multiplied where they lie.
    """
    n = len(x)
    anchor, near = near_mean(x)
    known = x.sums() if isinstance(x, SparseRows) else None
    shift = np.zeros(len(anchor), dtype) if near or known else anchor.astype(dtype)
    scatter, total = known or _sums(x, shift)
    if isinstance(x, np.ndarray) and not np.isfinite(np.trace(scatter)):
        admit(x, "x", None, np.float64)  # or else its squares overflow
    largest = np.diag(scatter).max()
    scatter -= np.outer(total, total / n)
    lost = largest / max(np.diag(scatter).max(), np.finfo(np.float64).tiny)
    rounding = float(np.finfo(dtype).eps * max(1, lost))
    return Moments(n, shift.astype(np.float64), total / n, "scatter", scatter, rounding)


def near_mean(x: Rows) -> tuple[np.ndarray, bool]:
    """A point near the mean of an array, and whether that is near zero."""
    # Relative to a row, a constant feature is exactly zero here and stays so in all that follows.
    first = x[0].astype(np.float64)
    step = max(1, len(x) // BLOCK_ROWS, 8 * x.size // SAMPLE_BYTES)
    offset, spread = np.empty((2, len(first)))
    for columns in row_slices(len(first), BLOCK_COLUMNS):
        few = np.subtract(x[::step, columns], first[columns], dtype=np.float64)
        offset[columns] = few.mean(axis=0)
        few -= offset[columns]
        spread[columns] = np.einsum("ij,ij->j", few, few)
    mean = first + offset
    return mean, bool((-(-len(x) // step) * np.square(mean) <= (NEAR_ZERO - 1) * spread).all())


def factored(x: Rows) -> Moments:
    """The moments of an array with a factor of the scatter, which is never squared."""
    anchor, features = x[0].astype(np.float64), x.shape[1]
    blocks = (x[rows] != x[0] for rows in row_slices(len(x), BLOCK_ROWS))
    varying = np.flatnonzero(functools.reduce(np.logical_or, (b.any(axis=0) for b in blocks)))

    def work(parts: Iterable[slice]) -> Moments:
        each = (_centred(x[rows], anchor, varying) for rows in parts)
        return functools.reduce(merge, each)

    parts = list(row_slices(len(x), max(PILE, 2 * features)))
    workers = worker_count(32 * parts[0].stop * features, len(parts))
    found = functools.reduce(merge, on_cores(work, parts, workers))
    offset, matrix = np.zeros(features), np.zeros((len(found.matrix), features))
    offset[varying], matrix[:, varying] = found.offset, found.matrix
    return Moments(len(x), anchor, offset, "factor", matrix)


def _centred(x: np.ndarray, anchor: np.ndarray, columns: np.ndarray) -> Moments:
    anchor = anchor[columns]
    deviations = np.subtract(x[:, columns], anchor, dtype=np.float64)
    offset = deviations.mean(axis=0)
    deviations -= offset
    return Moments(len(x), anchor, offset, "factor", deviations)


def _sums(x: Rows, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Σ dd' and Σd over the rows' deviations d from `shift`."""
    n, features = x.shape
    in_order = isinstance(x, SparseRows) or x.flags.forc
    in_place = not shift.any() and x.dtype == shift.dtype and in_order
    copied = min(PRODUCT_ROWS, PRODUCT_BYTES // (features * shift.itemsize))
    step = PRODUCT_ROWS * shift.itemsize if in_place else max(1, copied)
    each = features * (8 * features + shift.itemsize * (features + (0 if in_place else step)))
    workers = worker_count(each, -(-n // step))
    parts = even_slices(n, step, workers)
    # made here and not by the workers, from whose memory the system would get nothing back
    shape = features, features
    alone = len(parts) <= workers and shift.dtype == np.float64  # a product is a worker's scatter
    scatters = [np.zeros(shape) for _ in range(workers)]
    free = [(each, each if alone else np.empty(shape, shift.dtype)) for each in scatters]

    def work(mine: Iterable[slice]) -> tuple[np.ndarray, np.ndarray]:
        scatter, product = free.pop()
        return scatter, _partial_sums(x, shift, mine, in_place, scatter, product)

    found = on_cores(work, parts, workers)
    scatter, total = (functools.reduce(operator.iadd, each) for each in zip(*found, strict=True))
    return scatter, total


def _partial_sums(
    x: Rows,
    shift: np.ndarray,
    parts: Iterable[slice],
    in_place: bool,
    scatter: np.ndarray,
    product: np.ndarray,
) -> np.ndarray:
    """The same over some of the rows, which may be their own deviations; adds to the scatter."""
    features = x.shape[1]
    total = np.zeros(features)
    buffer = np.empty((0, features), shift.dtype)
    for part in parts:
        rows = deviations = x[part]
        if not in_place:
            if len(buffer) < len(rows):
                buffer = np.empty(rows.shape, shift.dtype)
            deviations = buffer[: len(rows)]
        total += _subtract_and_sum(rows, shift, deviations)
        np.matmul(deviations.T, deviations, out=product)
        if product is not scatter:
            scatter += product
    return total


def _subtract_and_sum(rows: np.ndarray, shift: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Write rows - shift into `out`, unless it is the rows, and return its sum in float64."""
    total, ones = np.zeros(len(shift)), np.ones(BLOCK_ROWS, shift.dtype)
    for start in range(0, len(rows), BLOCK_ROWS):
        block = out[start : start + BLOCK_ROWS]
        if out is not rows:
            np.subtract(rows[start : start + BLOCK_ROWS], shift, out=block)
        # twice as fast as sum, and no less exact; in one order, which decides the last digits
        total += ones[: len(block)] @ np.ascontiguousarray(block)
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


def narrowed(data: Moments) -> tuple[Moments, np.ndarray]:
    """The scatter of those features alone that vary, and which these are."""
    there = np.flatnonzero(np.diag(data.matrix))
    if len(there) < len(data.matrix):
        data = data._replace(matrix=data.matrix.take(there, axis=0).take(there, axis=1))
    return data, there


def widened(data: Moments, there: np.ndarray) -> Moments:
    """What was narrowed, as it was."""
    features = len(data.anchor)
    if len(there) == features:
        return data
    rows, matrix = np.zeros((len(there), features)), np.zeros((features, features))
    rows[:, there] = data.matrix
    matrix[there] = rows
    return data._replace(matrix=matrix)


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


def real(array: Rows) -> np.dtype:
    """The type to compute in: float32 stays, everything else becomes float64."""
    single = array.dtype.kind == "f" and array.dtype.itemsize == 4
    return np.dtype(np.float32 if single else np.float64)
