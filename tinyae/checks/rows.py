"""Samples that are no array in memory: read, or computed, when they are asked for.

They have what the library asks of an array of samples: a shape, a dtype, and rows by an index, a
slice or indices.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


class Rows:
    """Samples of one shape that are read when they are asked for.

    Attributes
    ----------
    shape : tuple of int
    dtype : dtype
    """

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """One row, or an array of those of a slice or of indices."""
        if isinstance(rows, slice):
            first, stop, step = rows.indices(len(self))
            if step == 1:
                return self.between(first, stop).read()
            rows = np.arange(first, stop, step)
        found = self.take(np.atleast_1d(rows))
        return found if np.ndim(rows) else found[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.read().astype(dtype or self.dtype, copy=False)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The rows of these indices."""
        raise NotImplementedError

    def read(self) -> np.ndarray:
        """All of them."""
        return self.take(np.arange(len(self)))

    def between(self, first: int, stop: int) -> "Rows":
        """Some of them, not read."""
        raise NotImplementedError


class Parts(Rows):
    """Several arrays that stand for their rows, one after the other."""

    def __init__(self, arrays: Sequence[np.ndarray]):
        self.arrays = [array for array in arrays if len(array)] or [arrays[0]]
        self.ends = np.cumsum([len(array) for array in self.arrays])
        self.shape = (int(self.ends[-1]), *self.arrays[0].shape[1:])
        self.dtype = np.result_type(*[array.dtype for array in self.arrays])

    def take(self, rows):
        found = np.empty((len(rows), *self.shape[1:]), self.dtype)
        rows = np.where(rows < 0, rows + len(self), rows)
        places = np.searchsorted(self.ends, rows, side="right")
        for place in np.unique(places):
            here = np.flatnonzero(places == place)
            array = self.arrays[place]
            found[here] = array[rows[here] - (self.ends[place] - len(array))]
        return found

    def read(self):
        return np.concatenate(self.arrays).astype(self.dtype, copy=False)

    def between(self, first, stop):
        starts = self.ends - [len(array) for array in self.arrays]
        pairs = zip(self.arrays, starts, strict=True)
        return Parts([a[max(0, first - at) : max(0, stop - at)] for a, at in pairs])


class Computed(Rows):
    """What a function makes of each row of others."""

    def __init__(self, source: Any, function: Callable[[np.ndarray], np.ndarray], dtype: Any):
        self.source, self.function, self.dtype = source, function, np.dtype(dtype)
        self.shape = source.shape

    def take(self, rows):
        return self.function(np.asarray(self.source[rows]))

    def read(self):
        return self.function(np.asarray(self.source[:]))

    def between(self, first, stop):
        return Computed(part(self.source, first, stop), self.function, self.dtype)


def part(rows: Any, first: int, stop: int) -> Any:
    """Some rows of an array or of what is read when it is asked for, without reading them."""
    return rows.between(first, stop) if isinstance(rows, Rows) else rows[first:stop]


def parts(data: Any, name: str) -> Rows | None:
    """A list of memory maps, or of paths of .npy files, as one; None where it is none.

    Raises
    ------
    ValueError
        If a file cannot be read, or samples have different shapes.
    """
    if isinstance(data, Rows):
        return data
    if not isinstance(data, list | tuple) or not data:
        return None
    other = next((i for i, each in enumerate(data) if _is_other_file(each)), None)
    if other is not None:
        raise ValueError(
            f"{name} may be a list of paths of .npy files, which stand for their rows, but "
            f"{name}[{other}] is {str(data[other])!r}: save its array with np.save first"
        )
    if isinstance(data, tuple) or not all(map(_is_part, data)):
        if any(map(_is_file, data)):  # and not samples, which may be in memory maps
            raise ValueError(_mixed(data, name))
        return None
    arrays = [_opened(each, f"{name}[{i}]") for i, each in enumerate(data)]
    if arrays[0].ndim < 2:
        raise ValueError(
            f"{name} may be a list of arrays on disk, which stand for their rows, but {name}[0] "
            f"has shape {arrays[0].shape}: for one sample each pass np.array({name})"
        )
    for i, array in enumerate(arrays):
        if array.ndim < 2 or array.shape[1:] != arrays[0].shape[1:]:
            raise ValueError(
                f"{name} must hold samples of one shape, but {name}[0] has shape "
                f"{arrays[0].shape} and {name}[{i}] {array.shape}"
            )
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{name}[{i}] must hold real numbers, but its dtype is {array.dtype}")
    return Parts(arrays)


def _mixed(data: list[Any] | tuple[Any, ...], name: str) -> str:
    """Why what holds a path of a .npy file does not stand for rows."""
    came = f"is a {type(data).__name__}"
    for i, each in enumerate(data):
        if not _is_part(each):
            kind = repr(each) if isinstance(each, str | os.PathLike) else type(each).__name__
            came = f"{name}[{i}] is {kind}"
            break
    return f"{name} must be a list of memory maps and paths of .npy files alone, but {came}"


def _is_part(each: Any) -> bool:
    return _is_file(each) or isinstance(each, np.memmap)


def _is_other_file(each: Any) -> bool:
    """Whether it names a file that is to hold samples, in a form that is not read by parts."""
    text = str(each).lower() if isinstance(each, str | os.PathLike) else ""
    return text.endswith((".npz", ".csv", ".tsv", ".txt", ".gz", ".h5", ".parquet"))


def _is_file(each: Any) -> bool:
    return isinstance(each, str | os.PathLike) and str(os.fspath(each)).endswith(".npy")


def _opened(each: Any, name: str) -> np.ndarray:
    if isinstance(each, np.memmap):
        return each
    try:
        return np.load(each, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise ValueError(f"{name} must be a .npy file of numbers, but {error}") from None
