"""Gradients that are too long are made shorter before a step: g ← g · min(1, c / ‖g‖).

With ``clipnorm`` c is for the gradient of each weight (a kernel, a bias), with ``global_clipnorm``
for that of all weights together. What is frozen has no part in it.

References
----------
Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013
(algorithm 1).
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..checks.arguments import positive
from ..checks.floating_point import quiet
from ..machine.jit import inlined


@inlined
def square_sum(g):
    """‖g‖², in float64."""
    total = 0.0
    for i in range(g.size):
        number = np.float64(g[i])  # compiled, float() of a float32 is one
        total += number * number
    return total


@inlined
def factor(limit, squares):
    """What a gradient of that squared length is multiplied with; 1 if it is no longer than that."""
    length = math.sqrt(squares)
    return limit / length if length > limit else 1.0


# In Python


def optional_limit(name: str, value: object) -> float | None:
    """A length, or None."""
    return None if value is None else positive(name, value)


CLIPS: dict[str, Callable[[str, Any], Any]] = {
    "clipnorm": optional_limit,
    "global_clipnorm": optional_limit,
}


def give_one(limits: dict[str, Any]) -> None:
    """Refuse both limits at once."""
    if all(limit is not None for limit in limits.values()):
        both = " and ".join(f"{name}={limit:g}" for name, limit in limits.items())
        raise ValueError(
            "clipnorm is for the gradient of each weight, global_clipnorm for that of all: give "
            f"one of them, but got {both}"
        )


def limit_of(optimizer: Any) -> tuple[float, bool]:
    """How long a gradient may be, or 0; and whether that is for the gradients of all weights."""
    of_each, of_all = optimizer.clipnorm, optimizer.global_clipnorm
    return of_each or of_all or 0.0, of_all is not None


@quiet
def clip(optimizer: Any, gradient: np.ndarray, weights: Iterable[Any]) -> None:
    """Make the gradient shorter in place, if the optimizer says so.

    Parameters
    ----------
    optimizer : Optimizer
    gradient : array, shape (p,)
    weights : iterable of (int, int)
        Where that of each weight begins and ends.
    """
    limit, together = limit_of(optimizer)
    if not limit:
        return
    parts = [gradient[start:stop] for start, stop in weights]
    squares = [float(np.square(part, dtype=np.float64).sum()) for part in parts]
    if together:
        squares = [sum(squares)] * len(parts)
    for part, square in zip(parts, squares, strict=True):
        part *= part.dtype.type(factor(limit, square))
