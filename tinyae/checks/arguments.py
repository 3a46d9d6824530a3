"""Checks of single arguments, and names for the parts that may be given as a string.

Each says by name what was expected and what came. Nothing is taken for a number that only might be
one: True is no count, "3" no number.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from .foreign_arguments import NUMBER, VALUES
from .foreign_names import NONE
from .spelling import closest, letters

LONGEST = 2**31 - 1  # side of an array
MOST_SHOWN = 200  # letters
MOST_THREADS = 1024
MOST_COUNTED = 2**62  # steps and the like, which kernels take as 64 bits


def shown(value: object) -> str:
    """What came, as messages show it: the first line of what Python says of it, cut if it is long.

    >>> shown("a" * 1000)[-3:], shown(10**5000)
    ('aa…', 'a value of type int, which cannot be shown')
    """
    try:
        line = repr(value).partition("\n")[0]
    except Exception:  # of a class of one's own, or of an integer with too many digits
        return f"a value of type {type(value).__name__}, which cannot be shown"
    return line if len(line) <= MOST_SHOWN else line[: MOST_SHOWN - 1] + "…"


def look_up(what: str, given: Any, known: Mapping[str, Any]) -> Any:
    """`known[given]`, whatever the case of its letters; a `ValueError` lists the names there are.

    >>> look_up("activation", "ReLU", {"relu": 1})
    1
    """
    found = {letters(name): value for name, value in known.items()}
    if isinstance(given, str) and letters(given) in found:
        return found[letters(given)]
    names = ", ".join(sorted(known))
    raise ValueError(
        f"{what} must be one of {names}, but got {shown(given)}{nearest(given, known, what)}"
    )


def nearest(given: object, known: Iterable[str], what: str = "") -> str:
    """What to say to whoever took a foreign name, misspelt a known one, or gave a class."""
    if isinstance(given, type):
        return f"; an object is made of the class by {given.__name__}()"
    foreign = VALUES.get(what.rpartition("_")[2], {})
    if isinstance(given, Real) and NUMBER in foreign:
        return f"; {foreign[NUMBER]}"
    if not isinstance(given, str):
        return ""
    if name := next((each for each in foreign if letters(each) == letters(given)), None):
        return f"; {NONE}" if foreign[name] == NONE else f"; in tinyae: {foreign[name]}"
    close = closest(given, known)
    return f"; did you mean {close!r}?" if close else ""


def one_of(what: str, given: Any, *known: str) -> str:
    """The one of these words that was given."""
    with contextlib.suppress(ValueError):
        return look_up(what, given, {word: word for word in known})
    words = " or ".join(f'"{word}"' for word in known)
    raise ValueError(f"{what} must be {words}, but got {shown(given)}{nearest(given, known, what)}")


def real_dtype(dtype: DTypeLike) -> np.dtype:
    """float32 or float64: the name, NumPy's type, or its dtype."""
    for known in (np.float32, np.float64):
        named = isinstance(dtype, str) and dtype == known.__name__
        if named or dtype is known or (isinstance(dtype, np.dtype) and dtype == known):
            return np.dtype(known)
    raise ValueError(f'dtype must be "float32" or "float64", but got {shown(dtype)}')


def whole(name: str, value: object, least: int = 1, most: int | None = None) -> int:
    """A whole number of at least `least`, and at most `most` if that is given."""
    right = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not right or value < least or (most is not None and value > most):  # type: ignore[operator]
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be a whole number {bounds}, but got {shown(value)}")
    return int(value)  # type: ignore[call-overload]


def optional_whole(name: str, value: object, least: int = 1, most: int | None = None) -> int | None:
    """The same, or None."""
    return None if value is None else whole(name, value, least, most)


def optional_threads(name: str, value: object) -> int | None:
    """A number of threads, or None; no machine has a use for more."""
    return optional_whole(name, value, most=MOST_THREADS)


def length(name: str, value: object, least: int = 1) -> int:
    """How long a side of an array is to be: no more than could ever be."""
    if (found := whole(name, value, least)) <= LONGEST:
        return found
    raise ValueError(f"{name} must be at most {LONGEST}, but got {shown(value)}")


def sizes(name: str, value: Any, least: int = 1) -> tuple[int, ...]:
    """A shape: positive whole numbers, at least so many of them; a single one is a shape, too."""
    given = [value] if isinstance(value, Integral) else value
    with contextlib.suppress(ValueError):
        if isinstance(given, np.ndarray):
            given = given.tolist()
        if isinstance(given, tuple | list) and len(given) >= least:
            return tuple(length(name, size) for size in given)
    raise ValueError(f"{name} must hold positive whole numbers, but got {shown(value)}")


def pair(name: str, value: object, least: int = 1) -> tuple[int, int]:
    """One size for both directions, or (vertical, horizontal)."""
    both = tuple(value) if isinstance(value, tuple | list) else (value, value)
    with contextlib.suppress(ValueError):
        down, right = (length(name, size, least) for size in both)
        return down, right
    kind = "a positive integer" if least == 1 else "an integer"
    raise ValueError(f"{name} must be {kind} or a pair of them, but got {shown(value)}")


def borders(name: str, value: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """Rows and columns (before, after): one number, one for each direction, or two for each."""
    each = tuple(value) if isinstance(value, tuple | list) else (value, value)
    with contextlib.suppress(ValueError):
        down, right = (pair(name, side, 0) for side in each)
        return down, right
    raise ValueError(
        f"{name} must be an integer, a pair (rows, columns), or pairs ((top, bottom), (left, "
        f"right)), but got {shown(value)}"
    )


def positive(name: str, value: object) -> float:
    """A number above zero."""
    number = _finite(value)
    if number is None or number <= 0:
        raise ValueError(f"{name} must be positive and finite, but got {shown(value)}")
    return number


def not_negative(name: str, value: object) -> float:
    """Zero or a number above it."""
    number = _finite(value)
    if number is None or number < 0:
        raise ValueError(f"{name} must be zero or positive and finite, but got {shown(value)}")
    return number


def finite_number(name: str, value: object) -> float:
    """Any number but infinity and NaN."""
    number = _finite(value)
    if number is None:
        raise ValueError(f"{name} must be finite, but got {shown(value)}")
    return number


def optional_limits(name: str, value: Any) -> tuple[float, float] | None:
    """None, or the smaller and the larger of two numbers."""
    if value is None:
        return None
    with contextlib.suppress(TypeError, ValueError):
        low, high = (_finite(each) for each in value)
        if low is not None and high is not None and low < high:
            return low, high
    raise ValueError(
        f"{name} must be two finite numbers, the smaller first, or None, but got {shown(value)}"
    )


def between(name: str, value: object) -> float:
    """A number above 0 and below 1."""
    number = _finite(value)
    if number is None or not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, but got {shown(value)}")
    return number


def share(name: str, value: object) -> float:
    """A number from 0 to below 1."""
    number = _finite(value)
    if number is None or not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, but got {shown(value)}")
    return number


def number(name: str, value: object) -> float:
    """A real number, finite or not."""
    with contextlib.suppress(OverflowError):
        if isinstance(value, Real) and not isinstance(value, bool):
            return float(value)
    raise ValueError(f"{name} must be a number, but got {shown(value)}")


def flag(name: str, value: object) -> bool:
    """True or False: a flag that is anything else may be multiplied with somewhere."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, but got {shown(value)}")
    return bool(value)


def text(name: str, value: object) -> str:
    """A text."""
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a text, but got {shown(value)}")
    return value


def optional_text(name: str, value: object) -> str | None:
    """The same, or None."""
    return None if value is None else text(name, value)


def file_path(name: str, value: Any) -> str:
    """Where a file or folder is: a number is none, though Python would open it."""
    with contextlib.suppress(TypeError):
        if isinstance(found := os.fspath(value), str) and found and "\0" not in found:
            return found
    raise ValueError(f"{name} must be a path, as text or a Path, but got {shown(value)}")


def mapping(name: str, value: Any, of: str) -> Mapping[str, Any]:
    """A dict or the like, whose keys are texts."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise ValueError(f"{name} must map names to {of}, but got {shown(value)}")
    return value


def with_methods(name: str, value: Any, *methods: str) -> Any:
    """An object that has these methods, not the class of such objects."""
    # bytes can be decoded, but not as codes are
    if isinstance(value, type | str | bytes | bytearray) or not all(
        callable(getattr(value, each, None)) for each in methods
    ):
        raise ValueError(
            f"{name} must be an object with {' and '.join(methods)}, but got {shown(value)}"
            + nearest(value, ())
        )
    return value


def listed(name: str, value: Any, of: str) -> list[Any]:
    """What an iterable gives, which is no text."""
    if isinstance(value, str | bytes | Mapping) or not is_iterable(value):
        raise ValueError(f"{name} must be a list of {of}, but got {shown(value)}")
    return list(value)


def is_iterable(value: Any) -> bool:
    """Whether it can be listed."""
    return isinstance(value, Iterable) and getattr(value, "shape", None) != ()  # a 0-d array


def _finite(value: object) -> float | None:
    """The number as a float, by which bounds are to be judged; None if it is none, or infinite."""
    with contextlib.suppress(OverflowError):  # an integer or a fraction beyond all floats
        if isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    return None
