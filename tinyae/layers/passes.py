"""What goes into a layer's two passes, and what comes out of those that are not tinyae's."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..checks.attributes import is_ours
from ..checks.operands import batch, pair, returned


def checked_forward(forward: Callable) -> Callable:
    """`forward` for what a batch can be made of; a layer of one's own may write over its x."""
    ours = is_ours(forward)

    @functools.wraps(forward)
    def wrapper(self: Any, x: Any, *args: Any, **options: Any) -> tuple[np.ndarray, Any]:
        x = batch(x, f"{self.label}: x", self.input_shape, self.dtype)
        if ours:
            return forward(self, x, *args, **options)
        name, shape = f"{self.label}.forward", (len(x), *self.output_shape)
        y, cache = pair(forward(self, x.copy(), *args, **options), name, "(y, cache)")
        return returned(y, f"y from {name}", shape, self.dtype), cache

    wrapper.checks = True  # type: ignore[attr-defined]
    return wrapper


def checked_backward(backward: Callable) -> Callable:
    """`backward` for a gradient that it may write over."""
    ours = is_ours(backward)

    @functools.wraps(backward)
    def wrapper(self: Any, dy: Any, cache: Any) -> np.ndarray:
        dy = batch(dy, f"{self.label}: dy", self.output_shape, self.dtype).copy()
        shape = len(dy), *self.input_shape
        dx = backward(self, dy, cache)
        name = f"dx from {self.label}.backward"
        return dx if ours else returned(dx, name, shape, self.dtype)

    wrapper.checks = True  # type: ignore[attr-defined]
    return wrapper
