"""Samples minus their mean, of which no copy is made: products with them, a part at a time.

Of n samples of p features D is the matrix (m, M) of all deviations, m = min(n, p) and M the other:
a column for each feature if n < p, else one for each sample.
"""

import contextlib
import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..system.threads import BLAS_THREADS
from .moments import near_mean, real
from .sharing import Found, even_slices, on_cores, worker_count
from .sparse import Rows, SparseRows

PART_BYTES = 1 << 21  # which stay in the cache for the second of two products


class Deviations:
    """The products of D, shared between cores.

    Parameters
    ----------
    rows : ndarray, shape (n, p)

    Attributes
    ----------
    anchor, offset : ndarray, shape (p,)
        Whose sum is the mean.
    squares : float
        The sum of all squares of D; infinite or NaN if any is.
    rounded : float
        What the rounding of D D' is in proportion to.
    """

    rows: Any  # an array, or a sparse matrix
    sparse = False

    def __init__(self, rows: np.ndarray):
        self.rows, self.wide = rows, len(rows) < rows.shape[1]
        self.short, self.long = sorted(rows.shape)
        self.anchor, self.near = near_mean(rows)
        self.offset = np.zeros(rows.shape[1])
        if self.wide:
            sums = self._joined(lambda d, out: np.stack([d.sum(axis=0), _squares(d)], out=out), 2)
            self.offset, squares = sums[0] / len(rows), sums[1].sum()
        else:
            sums = self._added(lambda d: np.append(d.sum(axis=1), _squares(d).sum()), 0)
            self.offset, squares = sums[:-1] / len(rows), sums[-1]
        self.squares = float(squares - len(rows) * np.square(self.offset).sum())
        self.rounded = self.squares

    def matrix(self) -> np.ndarray:
        """D D', shape (m, m)."""
        # as few parts as fit: each product has to be made symmetric, and added to the others
        return self._added(lambda d: d @ d.T, 16 * self.short**2, 2 * self.short)

    def inner(self, b: np.ndarray) -> np.ndarray:
        """(b D) (b D)' of rows b, shape (r, r): what D D' has lost by rounding is here."""

        def product(d: np.ndarray) -> np.ndarray:
            image = b @ d
            return image @ image.T

        return self._added(product, 16 * len(b) ** 2)

    def times(self, b: np.ndarray) -> np.ndarray:
        """b D, shape (r, M)."""
        return self._joined(lambda d, out: np.matmul(b, d, out=out), len(b))

    def times_matrix(self, b: np.ndarray) -> np.ndarray:
        """b D D', shape (r, m)."""
        return self._added(lambda d: (b @ d) @ d.T, 16 * b.size)

    def nearly_times_matrix(self, b: np.ndarray) -> np.ndarray:
        """The same in the dtype of the rows, where they lie, if their mean is near zero.

        With D = X - u v', b D = b X - (b u) v', and so on.
        """
        if not self.near or self.rows.dtype != real(self.rows):
            return self.times_matrix(b)
        b = b.astype(self.rows.dtype)
        mean, ones = (self.anchor + self.offset).astype(b.dtype), np.ones(self.long, b.dtype)
        u, v = (ones[: self.short], mean) if self.wide else (mean, ones)

        def work(parts: Iterable[slice]) -> np.ndarray:
            total = np.zeros(b.shape)
            for part in parts:
                x = self.rows[:, part] if self.wide else self.rows[part].T
                image = b @ x
                image -= np.outer(b @ u, v[part])
                total += image @ x.T
                total -= np.outer(image @ v[part], u)
            return total

        return _total(self._shared(work, 8 * b.size))

    def _part(self, part: slice) -> np.ndarray:
        """Some columns of D, in float64."""
        rows, columns = (slice(None), part) if self.wide else (part, slice(None))
        d = np.subtract(self.rows[rows, columns], self.anchor[columns], dtype=np.float64)
        d -= self.offset[columns]
        return d if self.wide else d.T

    def _added(
        self, function: Callable[[np.ndarray], np.ndarray], each: int, columns: int = 1
    ) -> np.ndarray:
        """The sum over all parts, of so many columns if there are as many.

        `each` is how many bytes a worker takes for it.
        """

        def work(parts: Iterable[slice]) -> np.ndarray:
            return _total(function(self._part(part)) for part in parts)

        return _total(self._shared(work, each, columns))

    def _joined(
        self, function: Callable[[np.ndarray, np.ndarray], np.ndarray], rows: int
    ) -> np.ndarray:
        """What each part becomes, side by side: as many rows."""
        out = np.empty((rows, self.long))

        def work(parts: Iterable[slice]) -> None:
            for part in parts:
                function(self._part(part), out[:, part])

        self._shared(work, 0)
        return out

    def _shared(
        self, work: Callable[[Iterable[slice]], Found], each: int, columns: int = 1
    ) -> list[Found]:
        step = max(columns, PART_BYTES // (8 * self.short))
        workers = worker_count(each + 16 * step * self.short, -(-self.long // step))
        small = 8 * self.short * self.long <= PART_BYTES  # a second thread would only be waited for
        with BLAS_THREADS.hold(1) if small else contextlib.nullcontext():
            return on_cores(work, even_slices(self.long, step, workers), workers)


class SparseDeviations(Deviations):
    """The same of a sparse matrix X, with D = X - u v' of which only X has an entry for each place.

    What is lost where the mean is far from zero is in proportion to the squares of X.
    """

    sparse = True

    def __init__(self, rows: SparseRows):
        self.rows, self.wide = rows, len(rows) < rows.shape[1]
        self.short, self.long = sorted(rows.shape)
        entries = rows.matrix.astype(np.float64)
        self.anchor = np.asarray(entries.mean(axis=0)).reshape(-1)
        self.offset = np.zeros(len(self.anchor))
        self.rounded = float(np.square(entries.data).sum())
        self.squares = max(0.0, self.rounded - len(rows) * float(np.square(self.anchor).sum()))
        self.x = entries if self.wide else entries.T.tocsr()
        self.u = np.ones(self.short) if self.wide else self.anchor
        self.v = self.anchor if self.wide else np.ones(self.long)

    def matrix(self) -> np.ndarray:
        product = (self.x @ self.x.T).toarray()
        across = np.outer(self.x @ self.v, self.u)
        product -= across
        product -= across.T
        product += np.outer(self.u, self.u) * (self.v @ self.v)
        return product

    def inner(self, b: np.ndarray) -> np.ndarray:
        image = self.times(b)
        return image @ image.T

    def times(self, b: np.ndarray) -> np.ndarray:
        return (self.x.T @ b.T).T - np.outer(b @ self.u, self.v)

    def times_matrix(self, b: np.ndarray) -> np.ndarray:
        image = self.times(b)
        return (self.x @ image.T).T - np.outer(image @ self.v, self.u)

    nearly_times_matrix = times_matrix


def deviations(rows: Rows) -> Deviations:
    """Those of an array, or of a sparse matrix."""
    return SparseDeviations(rows) if isinstance(rows, SparseRows) else Deviations(rows)


def _total(arrays: Iterable[np.ndarray]) -> np.ndarray:
    return functools.reduce(operator.iadd, arrays)


def _squares(d: np.ndarray) -> np.ndarray:
    return np.einsum("ij,ij->j", d, d)
