"""The one place where a user's arrays come in: checked here, converted a stretch at a time.

Nothing is copied on admission. `admit` looks at the data in chunks and returns the same memory;
`gather` later copies just the wanted rows into a buffer that tinyae owns, which is where float64,
big-endian, strided, read-only and memory-mapped input turns into plain contiguous arrays. Inference
reads arrays that are so already where they lie.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

CHUNK_BYTES = 1 << 20
GLANCE = 4096  # numbers: so few are counted sooner than their smallest and largest are found


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
        Real numbers: float, integer or boolean, any byte order or memory layout.
    name : str
        What the caller's user knows it as; every message begins with it.
    sample_shape : tuple of int, optional
        The expected shape of one sample. Without it, any shape of at least two dimensions.
    dtype : dtype, optional
        The type that the data will be computed in: a value that overflows it counts as infinite.
        Default: the data's own, if floating.
    bounds : (float, float), optional
        The smallest and largest value allowed.

    Raises
    ------
    ValueError
        If `data` is ragged, empty, not of real numbers, of another shape, holds NaN or infinity,
        or leaves the bounds; the message names `name`, what was expected and what came.
    """
    array = numbers(data, name)
    check_shape(array, name, sample_shape)
    _check_values(array, name, _computed_in(array, dtype), bounds)
    return array


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


def numbers(data: ArrayLike, name: str) -> np.ndarray:
    """The data as an array of real numbers, which may be of any shape, NaN or infinite."""
    if np.ma.is_masked(data):  # whose masked values NumPy would bring back
        raise ValueError(f"{name} must have no masked values: fill them or leave them out")
    try:
        array = np.asarray(data)
    except ValueError as error:
        raise ValueError(f"{name} must be one rectangular array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must hold real numbers (float, integer or boolean), but its dtype is "
            f"{array.dtype}"
        )
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
) -> None:
    if array.dtype.kind != "f" and bounds is None:
        return  # integers and booleans are finite
    few = array.size <= GLANCE and bounds is None and array.dtype == dtype
    if few and np.count_nonzero(np.isfinite(array)) == array.size:
        return
    lowest, highest = np.inf, -np.inf
    for rows in row_chunks(len(array), array[:1].nbytes):
        # min and max carry NaN and infinity through, so one look serves both checks
        low, high = float(array[rows].min()), float(array[rows].max())
        if not _fits(low, high, dtype):
            raise ValueError(_not_finite(array[rows], name, dtype, rows.start))
        lowest, highest = min(lowest, low), max(highest, high)
    if bounds is not None and (lowest < bounds[0] or highest > bounds[1]):
        hint = "; divide images with pixels 0 to 255 by 255" if 1 < highest <= 255 else ""
        raise ValueError(
            f"{name} must lie in [{bounds[0]:g}, {bounds[1]:g}], but its values range from "
            f"{lowest:g} to {highest:g}{hint}"
        )


def _fits(low: float, high: float, dtype: np.dtype) -> bool:
    largest = float(np.finfo(dtype).max) if dtype.kind == "f" else np.inf
    return -largest <= low and high <= largest  # False for NaN too


def _not_finite(chunk: np.ndarray, name: str, dtype: np.dtype, first: int) -> str:
    wide = chunk.reshape(len(chunk), -1)
    bad = ~(np.abs(wide) <= np.finfo(dtype).max)
    row = int(np.flatnonzero(bad.any(axis=1))[0])
    value = wide[row][bad[row]][0]
    what = (
        "NaN" if np.isnan(value) else "infinity" if np.isinf(value) else f"a value beyond {dtype}"
    )
    return f"{name} must be finite, but row {first + row} holds {what}"


def gather(array: np.ndarray, rows: np.ndarray | slice, out: np.ndarray) -> None:
    """Copy the given rows of an admitted array into `out`, converted to `out`'s dtype."""
    if isinstance(rows, slice):
        out[...] = array[rows]
    elif array.dtype == out.dtype and array.flags.c_contiguous:  # others take would copy whole
        # mode="clip" lets take write straight into `out`; the rows are always in range
        np.take(array, rows, axis=0, out=out, mode="clip")
    else:
        out[...] = array[rows]
