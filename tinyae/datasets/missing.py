"""Values that are not known."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import finite_number
from ..checks.arrays import check_shape
from ..checks.guises import numbers


def mask_missing(x: ArrayLike, fill: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Give samples without NaN, and which of their values were there, as weights for `fit`.

    Parameters
    ----------
    x : array-like, shape (n, ...)
        With NaN where a value is missing; of a masked array also what is masked.
    fill : float, default 0
        What stands in for it.

    Returns
    -------
    x : array, shape (n, ...)
        A copy, float32 if x is, else float64.
    weight : array, shape (n, ...), of the same dtype
        0 where a value was missing, else 1: the `sample_weight` for which it is not observed.

    See Also
    --------
    Autoencoder.fit : Takes the weights as `sample_weight`.
    Columns : A loss for tables of mixed columns.

    Examples
    --------
    >>> import tinyae as tae
    >>> x, weight = tae.mask_missing([[1.0, float("nan")], [3.0, 4.0]])
    >>> x
    array([[1., 0.],
           [3., 4.]])
    >>> weight
    array([[1., 0.],
           [1., 1.]])
    """
    given: Any = x
    if hasattr(given, "iloc") and hasattr(given, "columns"):  # a table, whose gaps become NaN
        given = given.to_numpy(dtype=float, na_value=np.nan)
    elif hasattr(given, "columns") and hasattr(given, "to_numpy"):
        given = given.to_numpy().astype(float)
    elif isinstance(given, np.ma.MaskedArray):
        kept = np.float32 if given.dtype == np.float32 else np.float64
        given = np.ma.filled(given.astype(kept), np.nan)
    elif isinstance(given, list | tuple) and any(map(np.ma.is_masked, given)):
        given = np.ma.filled(np.ma.stack(given).astype(float), np.nan)
    array = numbers(given, "x")
    check_shape(array, "x", None)
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    filled = np.array(array, dtype)
    missing = np.isnan(filled)
    filled[missing] = finite_number("fill", fill)
    return filled, (~missing).astype(dtype)
