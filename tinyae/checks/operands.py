"""Arrays that one part alone is called with, by hand or by another part; and what it gives back.

They are laid out as kernels take them. NaN and infinity pass, since by them training notices that
it diverges.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .arrays import check_shape, numbers


def batch(
    data: Any,
    name: str,
    sample_shape: tuple[int, ...] | None = None,
    dtype: DTypeLike | None = None,
) -> np.ndarray:
    """Samples of that shape, or of any: the array itself if it is laid out for kernels already.

    Without `dtype` in float64, or in float32 if the array is that.
    """
    known = type(data) is np.ndarray and data.dtype == dtype and data.flags.carray
    if known and data.ndim and data.size and data.shape[1:] == sample_shape:
        return data  # as in training, layer by layer
    array = numbers(data, name)
    check_shape(array, name, array.shape[1:] if sample_shape is None else sample_shape)
    return _converted(array, name, np.dtype(dtype or computed_in(array)))


def operand(data: ArrayLike, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """The same of exactly that shape."""
    return _converted(_of_shape(data, name, shape), name, np.dtype(dtype))


def returned(data: Any, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """What a part of one's own has computed, in which too large a number is infinite."""
    return _laid_out(_of_shape(data, name, shape), dtype)


def pair(given: Any, name: str, expected: str) -> tuple[Any, Any]:
    """The two things that a method must return."""
    if not isinstance(given, tuple | list) or len(given) != 2:
        what = f"{type(given).__name__} of {len(given)}" if hasattr(given, "__len__") else given
        raise ValueError(f"{name} must return a pair {expected}, but returned {what}")
    return given[0], given[1]


def changeable(array: Any, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> np.ndarray:
    """An array that will be written: nothing else would keep what is written."""
    is_array = isinstance(array, np.ndarray)
    writable = is_array and array.flags.writeable
    if not writable or array.shape != shape or array.dtype.newbyteorder("=") != dtype:
        what = f"{array.dtype} of shape {array.shape}" if is_array else type(array).__name__
        raise ValueError(
            f"{name} must be a writable array of {np.dtype(dtype)} of shape {shape}, but got "
            + "a read-only array of " * (is_array and not writable)
            + what
        )
    return operand(array, name, shape, dtype)


def computed_in(array: np.ndarray) -> np.dtype:
    """float32 for arrays that are, whatever the order of their bytes; else float64."""
    single = array.dtype.kind == "f" and array.itemsize == 4
    return np.dtype(np.float32 if single else np.float64)


def _of_shape(data: ArrayLike, name: str, shape: tuple[int, ...]) -> np.ndarray:
    array = numbers(data, name)
    if array.shape != shape:
        raise ValueError(f"{name} must have shape {shape}, but its shape is {array.shape}")
    return array


def _converted(array: np.ndarray, name: str, dtype: np.dtype) -> np.ndarray:
    result = _laid_out(array, dtype)
    narrower = array.dtype.kind == "f" and array.itemsize > dtype.itemsize
    if narrower and np.isinf(result).sum() > np.isinf(array).sum():
        raise ValueError(f"{name} must be finite, but holds a value beyond {dtype}")
    return result


def _laid_out(array: np.ndarray, dtype: DTypeLike) -> np.ndarray:
    """As kernels are compiled for: C-contiguous, aligned, writable, although nobody may write."""
    if array.dtype == dtype and array.flags.carray:
        return array
    with np.errstate(all="ignore"):
        return np.require(array, dtype, ["C", "ALIGNED", "WRITEABLE"])
