"""What people have where an array is wanted: made one, or refused with what to do instead.

A table is read column by column, so that booleans, and columns that could lack values but do not,
keep their numbers. Whatever else NumPy can read as an array is read by NumPy.
"""

import inspect
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from numbers import Number, Real
from typing import Any

import numpy as np

NUMBERS = "biuf"  # the kinds of dtypes that hold real numbers
# What NumPy reads: numbers, sequences, and what has one of these
ARRAY_LIKE = ("__array__", "__array_interface__", "__array_struct__")
# What to do about values that are not known
MISSING = (
    "; fill them or leave their rows out: x, w = tinyae.mask_missing(x) fills them, and "
    "fit(x, sample_weight=w) of an Autoencoder does not learn what was filled in"
)
UNREADABLE = (ValueError, TypeError, RuntimeError, AttributeError, LookupError, ArithmeticError)


def _readable(x: Any) -> bool:
    kinds = (Sequence, Number, np.generic, memoryview)
    return isinstance(x, kinds) or any(hasattr(type(x), name) for name in ARRAY_LIKE)


# Where batches come one after the other
ONE_BY_ONE = (
    "; or one by one: fit(iter(x), steps_per_epoch=...) of an Autoencoder, partial_fit of a PCA"
)
# What is no array, and what to do instead; the first that fits is said
NO_ARRAYS: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (
        lambda x: isinstance(x, str | os.PathLike) and str(x).endswith(".npy"),
        "; a list of paths of .npy files stands for their rows: [path], or read it: np.load(path)",
    ),
    (
        lambda x: isinstance(x, str | bytes | bytearray | os.PathLike),
        "; read a file first, with np.load or np.loadtxt for example",
    ),
    (
        lambda x: isinstance(x, Mapping),
        "; choose one of its entries, or stack them: np.column_stack(list(x.values()))",
    ),
    (lambda x: isinstance(x, Set), ", which has no order; pass a list or an array"),
    (lambda x: hasattr(x, "toarray"), ", which is sparse; pass x.toarray()"),
    (lambda x: hasattr(x, "todense"), ", which is sparse; pass x.todense()"),
    (
        lambda x: hasattr(x, "collect") and hasattr(x, "lazy"),
        ", a table that is not computed yet; pass x.collect()",
    ),
    (
        inspect.isgeneratorfunction,
        ", which is to be called: fit of an Autoencoder takes batches from fit(x(), "
        "steps_per_epoch=...)",
    ),
    (
        lambda x: isinstance(x, Iterator),
        ", which hands out samples or batches; collect them in one array first: "
        f"np.stack(list(x)) of samples, np.concatenate(list(x)) of batches{ONE_BY_ONE}",
    ),
    (
        lambda x: not _readable(x) and hasattr(type(x), "__getitem__") and hasattr(x, "__len__"),
        ", which hands out samples or batches; collect them in one array first: "
        "np.stack(list(x)) of samples, np.concatenate(list(x)) of batches, or hand out batches: "
        "fit((x[i % len(x)] for i in itertools.count()), steps_per_epoch=len(x))",
    ),
    (
        lambda x: not _readable(x) and (isinstance(x, Iterable) or hasattr(type(x), "__getitem__")),
        ", which hands out samples or batches; collect them in one array first: "
        f"np.stack(list(x)) of samples, np.concatenate(list(x)) of batches{ONE_BY_ONE}",
    ),
    (lambda x: not _readable(x), ""),
)
# Of arrays that NumPy cannot read, by a method that they have: what to pass instead
CONVERSIONS = {
    "detach": "x.detach().cpu().float().numpy()",
    "get": "x.get()",
    "numpy": "x.numpy()",
}
# What an array holds in place of numbers, by the kind of its dtype, and what to do about it
NO_NUMBERS = {
    "U": "text; convert numbers that were read as text with .astype(float)",
    "S": "bytes; convert numbers that were read as text with .astype(float)",
    "c": "complex numbers; pass x.real, or real and imaginary parts side by side",
    "M": "dates; make them numbers: (x - x[0]) / np.timedelta64(1, 'D')",
    "m": "spans of time; make them numbers: x / np.timedelta64(1, 's')",
    "V": "records; stack their fields: np.column_stack([x[field] for field in x.dtype.names])",
}


def numbers(data: Any, name: str) -> np.ndarray:
    """An array of real numbers, the same memory where `data` is one already.

    Raises
    ------
    ValueError
        If it is none; the message begins with `name` and says what to do instead.
    """
    if type(data) is np.ndarray and data.dtype.kind in NUMBERS:
        return data  # as nearly always
    if np.ma.is_masked(data) or (
        isinstance(data, list | tuple) and any(map(np.ma.is_masked, data))
    ):
        # NumPy would bring the masked values back
        raise ValueError(f"{name} must have no masked values{MISSING}")
    if not isinstance(data, np.ndarray):
        if (hasattr(data, "iloc") or hasattr(data, "get_columns")) and hasattr(data, "columns"):
            return _from_table(data, name)
        for fits, advice in NO_ARRAYS:
            if fits(data):
                raise ValueError(
                    f"{name} must be an array of numbers, but got {_short(data)}{advice}"
                )
    array = _read(data, name)
    if array.dtype.kind not in NUMBERS:
        raise ValueError(f"{name} must hold real numbers, but holds {_held(array)}")
    return array


def _read(data: Any, name: str) -> np.ndarray:
    """What NumPy makes of the data; values of a type that NumPy does not have become NumPy's."""
    try:
        array = np.asarray(data)
        if array.dtype.kind == "O" and getattr(data, "dtype", array.dtype) != array.dtype:
            array = np.asarray(array.tolist())
        return array
    except UNREADABLE as error:
        kind, problem = type(data).__name__, str(error).partition("\n")[0]
    if isinstance(data, list | tuple):
        raise ValueError(
            f"{name} must be one rectangular array of numbers, but its items have different "
            f"shapes, or are no arrays; cut or fill them to one shape ({problem})"
        )
    way = next((way for method, way in CONVERSIONS.items() if hasattr(data, method)), None)
    raise ValueError(
        f"{name} must be an array of numbers, but NumPy cannot read this {kind}"
        + (f"; pass {way}" if way else "")
        + f" ({problem})"
    )


def _from_table(table: Any, name: str) -> np.ndarray:
    """The columns of a data frame side by side: no copy where all are of one type of NumPy's."""
    types = list(table.dtypes)
    if types and isinstance(types[0], np.dtype) and all(each == types[0] for each in types):
        array = np.asarray(table)
        if array.dtype.kind in NUMBERS:
            return array
    if hasattr(table, "iloc"):
        columns = [table.iloc[:, i] for i in range(len(types))]
    else:
        columns = table.get_columns()
    arrays = []
    for title, column in zip(table.columns, columns, strict=True):
        array = _read(column, f"{name}, in column {title!r},")
        if array.dtype.kind not in NUMBERS:
            raise ValueError(
                f"{name} must hold real numbers, but its column {title!r} holds {_held(array)}"
            )
        missing = np.isnan(array)
        if missing.any():
            raise ValueError(
                f"{name} must be finite, but its column {title!r} holds NaN or no value in row "
                f"{missing.argmax()}{MISSING}"
            )
        arrays.append(array)
    return np.stack(arrays, axis=1) if arrays else np.empty((len(table), 0))


def _held(array: np.ndarray) -> str:
    """What an array holds that are no numbers, and what to do about it."""
    if array.dtype.kind != "O":
        return NO_NUMBERS.get(array.dtype.kind, str(array.dtype))
    for index, value in np.ndenumerate(array):
        place = f" in row {', column '.join(map(str, index[:2]))}" * (array.ndim > 0)
        if value is None or type(value).__name__ in ("NAType", "NaTType"):
            return f"no value{place}; fill it, and convert the rest with .astype(float)"
        if isinstance(value, list | tuple | np.ndarray):
            return f"a sequence{place}; cut or fill them to one length: np.stack(list(x))"
        if not isinstance(value, Real | np.bool_):
            return f"{_short(value)}{place}; convert what are numbers with .astype(float)"
    return "numbers as Python objects; convert them with .astype(float)"


def _short(value: Any) -> str:
    """A value as messages name it."""
    if value is None or isinstance(value, str | bytes | Number):
        text = repr(value)
        return text if len(text) <= 40 else f"{text[:36]}... ({type(value).__name__})"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"
