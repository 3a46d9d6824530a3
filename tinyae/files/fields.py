"""Checks of what the document of a model's file says."""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..checks.arguments import MOST_COUNTED
from .archive import ModelFormatError

MOST_DIMENSIONS = 64  # NumPy's own limit
MOST_OUTPUTS = 1 << 31  # numbers in one sample behind any layer


@contextlib.contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn what a constructor says against its arguments into a refusal of the file."""
    try:
        yield
    except ModelFormatError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
        raise ModelFormatError(f"{what}: {str(error)[:300]}") from error


def fields(what: str, given: object, types: Mapping[str, type | tuple[type, ...]]) -> list[Any]:
    """The values of an object of the document, which must have these keys, of these types."""
    if not isinstance(given, dict):
        raise ModelFormatError(f"{what} should be an object, but is {str(given)[:40]}")
    for key in given.keys() ^ types.keys():
        kind = "is missing" if key in types else "is unknown"
        raise ModelFormatError(f"{what}: {key[:40]!r} {kind}")
    for key, expected in types.items():
        allowed = expected if isinstance(expected, tuple) else (expected,)
        if type(given[key]) not in allowed:  # exactly: True is no number here
            names = " or ".join(kind.__name__ for kind in allowed)
            raise ModelFormatError(f"{what}: {key!r} should be {names}")
    return [given[key] for key in types]


def shape_of(sizes: list[Any]) -> tuple[int, ...]:
    """A shape of samples."""
    if not 1 <= len(sizes) <= MOST_DIMENSIONS or not all(
        type(size) is int and 1 <= size <= MOST_OUTPUTS for size in sizes
    ):
        raise ModelFormatError(f"input_shape should hold positive sizes, but is {str(sizes)[:40]}")
    return tuple(sizes)


def dtype_of(name: str) -> np.dtype:
    """A dtype that models have."""
    if name not in ("float32", "float64"):
        raise ModelFormatError(f"dtype should be float32 or float64, but is {name[:40]!r}")
    return np.dtype(name)


def counter(name: str, value: int, least: int = 0) -> int:
    """A whole number in reasonable bounds."""
    if not least <= value <= MOST_COUNTED:
        raise ModelFormatError(
            f"{name} should be a number of at least {least}, but is {str(value)[:20]}"
        )
    return value
