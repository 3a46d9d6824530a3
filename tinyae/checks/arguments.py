"""Checks of single arguments, and names for the parts that may be given as a string.

Each says by name what was expected and what came. Nothing is taken for a number that only might be
one: True is no count, "3" no number.
"""

import contextlib
import math
from collections.abc import Mapping
from numbers import Integral, Real
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


def whole(name: str, value: object, least: int = 1, most: int | None = None) -> int:
    """A whole number of at least `least`, and at most `most` if that is given."""
    right = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not right or value < least or (most is not None and value > most):  # type: ignore[operator]
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {bounds}, but got {value!r}")
    return int(value)  # type: ignore[call-overload]


def sizes(name: str, value: object) -> tuple[int, ...]:
    """A shape: positive sizes, of which there may be none."""
    given: Any = value.tolist() if isinstance(value, np.ndarray) else value
    with contextlib.suppress(ValueError):
        if isinstance(given, tuple | list):
            return tuple(whole(name, size) for size in given)
    raise ValueError(f"{name} must be a tuple of positive sizes, but got {value!r}")


def pair(name: str, value: object) -> tuple[int, int]:
    """One positive size for both directions, or (vertical, horizontal)."""
    sizes = tuple(value) if isinstance(value, tuple | list) else (value, value)
    with contextlib.suppress(ValueError):
        down, right = (whole(name, size) for size in sizes)
        return down, right
    raise ValueError(f"{name} must be a positive integer or a pair of them, but got {value!r}")


def positive(name: str, value: object) -> float:
    """A number above zero."""
    number = _finite(value)
    if number is None or number <= 0:
        raise ValueError(f"{name} must be positive and finite, but got {value!r}")
    return number


def not_negative(name: str, value: object) -> float:
    """Zero or a number above it."""
    number = _finite(value)
    if number is None or number < 0:
        raise ValueError(f"{name} must be zero or positive and finite, but got {value!r}")
    return number


def share(name: str, value: object) -> float:
    """A number from 0 to below 1."""
    number = _finite(value)
    if number is None or not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, but got {value!r}")
    return number


def flag(name: str, value: object) -> bool:
    """True or False: a flag that is anything else may be multiplied with somewhere."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, but got {value!r}")
    return bool(value)


def _finite(value: object) -> float | None:
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)
