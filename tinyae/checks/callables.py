"""What `fit` calls after each epoch: refused before the first, where it could not be called."""

import contextlib
import inspect
from collections.abc import Callable, Iterable
from typing import Any


def check_callbacks(callbacks: Any) -> list[Callable]:
    """One callback or several as a list; refused if one cannot be called with (epoch, logs)."""
    given = list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in given:
        if isinstance(callback, type):
            raise ValueError(
                f"callbacks must be objects, but got the class {callback.__name__}: write "
                f"{callback.__name__}()"
            )
        if not callable(callback) or not _takes_two(callback):
            raise ValueError(f"callbacks must be callable (epoch, logs), but got {callback!r}")
    return given


def _takes_two(callback: Callable) -> bool:
    """Whether it can be called with two arguments, as far as Python knows."""
    with contextlib.suppress(ValueError):  # of functions in C
        try:
            inspect.signature(callback).bind(0, {})
        except TypeError:
            return False
    return True
