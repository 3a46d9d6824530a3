"""The one place where a user's arrays come in: checked here, converted a stretch at a time.

Nothing is copied on admission. `admit` looks at the data in chunks and returns the same memory;
`gather` later copies just the wanted rows into a buffer that tinyae owns, which is where float64,
big-endian, strided, read-only and memory-mapped input turns into plain contiguous arrays. Inference
reads arrays that are so already where they lie.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from .floating_point import GLANCE, all_finite, quiet
from .guises import MISSING, numbers
from .rows import Rows, parts

CHUNK_BYTES = 1 << 20
ROUNDING = 4  # units in the last place of 1, by which a value may leave bounds


def row_slices(rows: int, step: int) -> Iterator[slice]:
    """Slices that cut `rows` rows into pieces of `step`, the last one shorter."""
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def row_chunks(rows: int, bytes_per_row: int) -> Iterator[slice]:
    """Slices that cut `rows` rows into pieces of about a megabyte, at least one row each."""
    return row_slices(rows, max(1, CHUNK_BYTES // max(1, bytes_per_row)))


def shape_text(shape: tuple[int, ...]) -> str:
    """A batch shape for messages: `(n, 28, 28, 1)` for samples of shape (28, 28, 1)."""
    return "(n, " + ", ".join(str(size) for size in shape) + ")"


def admit(
    data: ArrayLike,
    name: str,
    sample_shape: tuple[int, ...] | None = None,
    dtype: DTypeLike | None = None,
    bounds: tuple[float, float] | None = None,
) -> np.ndarray:
    """Check a batch of samples and return it as an array, without a copy where it is one already.

    Parameters
    ----------
    data : array-like, shape (n, ...)
        Real numbers: float, integer or boolean, any byte order or memory layout; or a list of
        memory maps or paths of .npy files, which stand for their rows, one after the other.
    name : str
        What the caller's user knows it as; every message begins with it.
    sample_shape : tuple of int, optional
        The expected shape of one sample. Without it, any shape of at least two dimensions.
    dtype : dtype, optional
        The type that the data will be computed in: a value that overflows it counts as infinite.
        Default: the data's own, if floating.
    bounds : (float, float), optional
        The smallest and largest value allowed. What leaves them by rounding only, as after a
        division by a range, is clipped in a copy.

    Raises
    ------
    ValueError
        If `data` is ragged, empty, not of real numbers, of another shape, holds NaN or infinity,
        or leaves the bounds; the message names `name`, what was expected and what came.
    """
    array: Any = None if type(data) is np.ndarray else parts(data, name)
    if array is None:
        array = numbers(data, name)
    check_shape(array, name, sample_shape)
    return _check_values(array, name, _computed_in(array, dtype), bounds)


def admit_one(
    data: ArrayLike,
    name: str,
    shape: tuple[int, ...] | None = None,
    dtype: DTypeLike | None = None,
) -> np.ndarray:
    """Check one sample as `admit` checks a batch of them; without `shape`, one of any shape."""
    array = numbers(data, name)
    if shape is not None and array.shape != shape:
        raise ValueError(
            f"{name} must be one sample of shape {shape}, but its shape is {array.shape}"
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")
    _check_values(array[np.newaxis], name, _computed_in(array, dtype), None)
    return array


def _computed_in(array: np.ndarray, dtype: DTypeLike | None) -> np.dtype:
    """The type that decides which values are too large; nothing computes in long double."""
    if dtype is None and array.dtype.itemsize > 8:
        return np.dtype(np.float64)
    return np.dtype(dtype or array.dtype)


def check_shape(array: np.ndarray, name: str, sample_shape: tuple[int, ...] | None) -> None:
    """Refuse what is no batch of samples of that shape, or of any."""
    if sample_shape is None:
        if array.ndim < 2:
            raise ValueError(
                f"{name} must have at least two dimensions (samples first), but its shape is "
                f"{array.shape}"
            )
    elif array.shape[1:] != sample_shape or array.ndim == 0:
        hint = ""
        if array.shape == sample_shape:
            hint = "; for one sample pass x[np.newaxis]"
        elif array.ndim > 1 and np.prod(array.shape[1:]) == np.prod(sample_shape):
            hint = f"; reshape it with x.reshape(-1, {', '.join(map(str, sample_shape))})"
        raise ValueError(
            f"{name} must have shape {shape_text(sample_shape)}, but its shape is "
            f"{array.shape}{hint}"
        )
    if array.size == 0:
        raise ValueError(f"{name} is empty: its shape is {array.shape}")


def _check_values(
    array: np.ndarray, name: str, dtype: np.dtype, bounds: tuple[float, float] | None
) -> np.ndarray:
    """The array, or a copy of it where rounding has put values just outside of the bounds."""
    if array.dtype.kind != "f" and bounds is None:
        return array  # integers and booleans are finite
    few = array.size <= GLANCE and bounds is None and array.dtype == dtype
    if few and all_finite(array):
        return array
    lowest, highest = np.inf, -np.inf
    largest = float(np.finfo(dtype).max) if dtype.kind == "f" else np.inf
    for rows in row_chunks(len(array), array[:1].nbytes):
        # min and max carry NaN and infinity through, so one look serves both checks
        low, high = float(array[rows].min()), float(array[rows].max())
        if not (-largest <= low and high <= largest):  # true of NaN, too
            (row, *_), value = _first_outside(array[rows], rows.start, -largest, largest)
            what = "infinity" if np.isinf(value) else f"a value beyond {dtype}"
            what = "NaN" if np.isnan(value) else what
            hint = MISSING if what == "NaN" and name in ("x", "validation_data") else ""
            raise ValueError(f"{name} must be finite, but row {row} holds {what}{hint}")
        lowest, highest = min(lowest, low), max(highest, high)
    if bounds is None or (bounds[0] <= lowest and highest <= bounds[1]):
        return array
    return _clipped(array, name, dtype, bounds, (lowest, highest))


def _clipped(
    array: np.ndarray,
    name: str,
    dtype: np.dtype,
    bounds: tuple[float, float],
    span: tuple[float, float],
) -> np.ndarray:
    """A copy within the bounds, if the values beyond are so by rounding only."""
    types = [each for each in (array.dtype, dtype) if each.kind == "f"]
    slack = ROUNDING * max(float(np.finfo(each).eps) for each in types) if types else 0.0
    low, high = bounds[0] - slack, bounds[1] + slack
    if array.dtype.kind == "f" and low <= span[0] and span[1] <= high:
        return np.clip(array, *bounds)
    for rows in row_chunks(len(array), array[:1].nbytes):
        if array[rows].min() < low or array[rows].max() > high:
            index, value = _first_outside(array[rows], rows.start, low, high)
            break
    hint = "; divide images with pixels 0 to 255 by 255" if _are_pixels(array, span) else ""
    raise ValueError(
        f"{name} must lie in [{bounds[0]:g}, {bounds[1]:g}], but {_found(index, str(value))}{hint}"
    )


def check_column(
    array: np.ndarray, name: str, column: int, bounds: tuple[float, float], loss: str
) -> None:
    """Refuse what leaves the bounds of the loss of a column of the last axis, beyond rounding."""
    slack = ROUNDING * float(np.finfo(array.dtype).eps) if array.dtype.kind == "f" else 0.0
    low, high = bounds[0] - slack, bounds[1] + slack
    for rows in row_chunks(len(array), array[:1].nbytes):
        values = np.asarray(array[rows])[..., column]
        if values.min() < low or values.max() > high:
            (row, *_), value = _first_outside(values, rows.start, low, high)
            raise ValueError(
                f"{name} must lie in [{bounds[0]:g}, {bounds[1]:g}] in column {column}, whose loss "
                f"is {loss}, but row {row} holds {value}"
            )


def _first_outside(
    chunk: np.ndarray, start: int, low: float, high: float
) -> tuple[tuple[int, ...], np.generic]:
    """The place and value of the first number that is not from `low` to `high`."""
    wide = chunk.astype(np.promote_types(chunk.dtype, np.float64), copy=False)
    wrong = ~((low <= wide) & (wide <= high))
    row, *rest = map(int, np.unravel_index(int(wrong.argmax()), chunk.shape))
    return (start + row, *rest), chunk[(row, *rest)]


def _found(index: tuple[int, ...], what: str) -> str:
    """What was found where, for messages; rows and columns count from 0."""
    row, *rest = index
    if len(rest) > 1:
        return f"row {row} holds {what} at {tuple(rest)}"
    return f"row {row} holds {what}" + "".join(f" in column {column}" for column in rest)


def _are_pixels(array: np.ndarray, span: tuple[float, float]) -> bool:
    """Whether values are, by all appearances, from 0 to 255: whole numbers, or up to over 127."""
    if span[0] < 0 or span[1] > 255:
        return False
    chunks = row_chunks(len(array), array[:1].nbytes)
    return span[1] > 127 or all(
        np.array_equal(array[rows], np.rint(array[rows])) for rows in chunks
    )


@quiet
def gather(array: np.ndarray, rows: np.ndarray | slice, out: np.ndarray) -> None:
    """Copy the given rows of an admitted array into `out`, converted to `out`'s dtype."""
    if isinstance(rows, slice):
        out[...] = array[rows]
    elif isinstance(array, Rows):
        out[...] = array.take(rows)
    elif array.dtype == out.dtype and array.flags.c_contiguous:  # others take would copy whole
        # mode="clip" lets take write straight into `out`; the rows are always in range
        np.take(array, rows, axis=0, out=out, mode="clip")
    else:
        out[...] = array[rows]
