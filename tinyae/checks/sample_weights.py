"""Weights of samples, or of their elements, in the loss."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .arrays import admit
from .guises import numbers


def admit_weight(weight: Any, name: str, target: np.ndarray, dtype: DTypeLike) -> np.ndarray | None:
    """Weights of shape (n,) or of the target's, zero or positive and finite; or None."""
    if weight is None:
        return None
    array = numbers(weight, name)
    if array.shape not in ((len(target),), target.shape):
        raise ValueError(
            f"{name} must have shape {(len(target),)}, a weight for each sample, or that of the "
            f"targets, {target.shape}, but its shape is {array.shape}"
        )
    array = admit(array.reshape(len(array), -1), name, None, dtype).reshape(array.shape)
    if array.dtype.kind != "b" and array.min() < 0:
        raise ValueError(
            f"{name} must hold zero or positive numbers, but row {_first_negative(array)} holds "
            f"{array.min()}"
        )
    _check_total(array, name, target.size, np.dtype(dtype))
    return array


def _check_total(array: np.ndarray, name: str, elements: int, dtype: np.dtype) -> None:
    """Refuse weights whose sum is beyond float64, or that are all lost in the model's dtype."""
    largest, smallest = float(array.max()), float(np.finfo(dtype).tiny)
    if not np.isfinite(largest * elements) or 0 < largest < smallest:
        raise ValueError(
            f"{name} must be zero, or have a largest number from {smallest:.2g} ({dtype}'s least) "
            f"whose sum over all {elements:,} elements is finite, but it is {largest:g}; divide "
            "all by their mean, and the loss stays"
        )


def _first_negative(array: np.ndarray) -> int:
    return int(np.argmax((array < 0).reshape(len(array), -1).any(axis=1)))


def row_totals(weight: np.ndarray, size: int) -> np.ndarray:
    """The weight of all elements of each row, float64; each row has so many elements."""
    if weight.ndim == 1:
        return weight.astype(np.float64) * size
    return weight.reshape(len(weight), -1).sum(axis=1, dtype=np.float64)


def step_totals(of_rows: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """The weight of all elements of each mini-batch, (steps,), from that of each row."""
    if len(bounds) < 2:
        return np.empty(0)
    return np.add.reduceat(of_rows[: bounds[-1]], bounds[:-1])
