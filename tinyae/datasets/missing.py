"""Values that are not known."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks.arguments import finite_number
from ..checks.arrays import check_shape
from ..checks.guises import UNREADABLE, numbers
from ..checks.operands import operand


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
    given, masked = _read(x)
    array = numbers(given, "x")
    check_shape(array, "x", None)
    dtype = np.float32 if array.dtype == np.float32 else np.float64
    filled = np.array(operand(array, "x", array.shape, dtype))
    missing = np.isnan(filled) | masked
    filled[missing] = operand(finite_number("fill", fill), "fill", (), dtype)
    return filled, (~missing).astype(dtype)


def _read(x: Any) -> tuple[Any, Any]:
    """What is to be an array of numbers, with NaN for a table's gaps; and what is masked in it."""
    if isinstance(x, np.ma.MaskedArray):
        return np.ma.getdata(x), np.ma.getmaskarray(x)
    if isinstance(x, list | tuple) and any(map(np.ma.is_masked, x)):
        values = numbers([*map(np.ma.getdata, x)], "x").astype(float)  # of one shape
        return values, np.stack([*map(np.ma.getmaskarray, x)])
    with contextlib.suppress(*UNREADABLE):  # what is not numbers there, is said of the table
        if hasattr(x, "iloc") and hasattr(x, "columns"):
            return x.to_numpy(dtype=float, na_value=np.nan), False
        if hasattr(x, "columns") and hasattr(x, "to_numpy"):
            return x.to_numpy().astype(float), False
    return x, False
