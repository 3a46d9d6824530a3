"""Values that are not known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import finite_number
from ..checks.arrays import check_shape
from ..checks.guises import numbers


def mask_missing(x: ArrayLike, fill: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Samples without NaN, and which of their values were there, as weights for `fit`.

    Parameters
    ----------
    x : array-like, shape (n, ...)
        With NaN where a value is missing.
    fill : float, default 0
        What stands in for it.

    Returns
    -------
    x : array, shape (n, ...)
        A copy, float32 if x is, else float64.
    weight : array, shape (n, ...), of the same dtype
        0 where a value was missing, else 1: the `sample_weight` for which it is not observed.

    Examples
    --------
    >>> x, weight = mask_missing([[1.0, float("nan")], [3.0, 4.0]])
    >>> x
    array([[1., 0.],
           [3., 4.]])
    >>> weight
    array([[1., 0.],
           [1., 1.]])
    """
    if hasattr(x, "columns") and hasattr(x, "to_numpy"):  # a table, whose gaps become NaN
        x = x.to_numpy().astype(float)
    array = numbers(x, "x")
    check_shape(array, "x", None)
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    filled = np.array(array, dtype)
    missing = np.isnan(filled)
    filled[missing] = finite_number("fill", fill)
    return filled, (~missing).astype(dtype)
