"""Matrices of scipy.sparse, whose entries stay as few as they are: their mean is taken off later.

SciPy is not imported: such a matrix brings it along.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from ..checks.arrays import admit, check_shape
from ..checks.guises import NUMBERS, numbers
from ..checks.rows import parts

DENSE = 0.1  # share of entries from which on products of arrays are faster


class SparseRows:
    """A sparse matrix that gives some of its rows, or a part of them, as an array.

    Parameters
    ----------
    matrix : scipy.sparse.csr_array or csr_matrix, shape (n, p)
    """

    def __init__(self, matrix: Any):
        self.matrix, self.shape, self.dtype = matrix, matrix.shape, matrix.dtype
        self.ndim, self.size = len(self.shape), math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        return (
            self.matrix[[key]].toarray()[0] if isinstance(key, int) else self.matrix[key].toarray()
        )

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self.matrix.toarray().astype(dtype or self.dtype, copy=False)

    def sums(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Σ xx' and Σ x over all rows x, in float64; None if an array's are faster."""
        if self.matrix.nnz > DENSE * self.size:
            return None
        entries = self.matrix.astype(np.float64)
        return (entries.T @ entries).toarray(), np.asarray(entries.sum(axis=0)).reshape(-1)


Rows = np.ndarray | SparseRows


def admit_table(x: Any, features: int | None = None) -> Rows:
    """Samples of shape (n, p), of which only a sparse matrix's values are looked at here."""
    array: Any = x
    if (files := parts(x, "x")) is not None:
        array = np.asarray(files)
    elif not (type(x).__module__.startswith("scipy.sparse") and hasattr(x, "tocsr")):
        array = numbers(x, "x")
    elif x.dtype.kind in NUMBERS:
        array = SparseRows(x.tocsr())
    else:
        array = numbers(np.empty((0, 1), x.dtype), "x")  # says why not
    check_shape(array, "x", None if features is None else (features,))
    if array.ndim != 2:
        raise ValueError(
            f"x must have shape (n, features), but its shape is {array.shape}; flatten images with "
            "x.reshape(len(x), -1)"
        )
    if isinstance(array, SparseRows) and not np.isfinite(array.matrix.data).all():
        first = int(np.isfinite(array.matrix.data).argmin())
        row = int(np.searchsorted(array.matrix.indptr, first, side="right")) - 1
        raise ValueError(f"x must be finite, but row {row} holds NaN or infinity")
    return array


def admit_samples(x: Any, features: int) -> Rows:
    """The same, all of whose values have been looked at."""
    array = admit_table(x, features) if hasattr(x, "tocsr") else x
    return array if isinstance(array, SparseRows) else admit(array, "x", (features,), np.float64)


def joined(arrays: list[Rows], dtype: np.dtype) -> Rows:
    """A copy of all of them, one below the other."""
    if len(arrays) == 1 and isinstance(arrays[0], SparseRows):
        return SparseRows(arrays[0].matrix.astype(dtype, copy=True))
    return np.concatenate([np.asarray(each) for each in arrays], dtype=dtype, casting="unsafe")
