"""Checks of single arguments, and names for the parts that may be given as a string."""

import contextlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike


def look_up(what: str, given: Any, known: Mapping[str, Any]) -> Any:
    """`known[given]`, or a `ValueError` that lists the names there are."""
    if isinstance(given, str) and given in known:
        return known[given]
    raise ValueError(f"{what} must be one of {', '.join(sorted(known))}, but got {given!r}")


def real_dtype(dtype: DTypeLike) -> np.dtype:
    """float32 or float64."""
    with contextlib.suppress(TypeError):  # what NumPy cannot read as a dtype
        if np.dtype(dtype) in (np.float32, np.float64):
            return np.dtype(dtype)
    raise ValueError(f'dtype must be "float32" or "float64", but got {dtype!r}')


def whole(name: str, value: object, least: int = 1) -> int:
    """A whole number of at least `least`."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_whole or value < least:  # type: ignore[operator]
        raise ValueError(f"{name} must be a whole number of at least {least}, but got {value!r}")
    return int(value)  # type: ignore[call-overload]
