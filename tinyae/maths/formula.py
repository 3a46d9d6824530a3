"""What a part computes, as text: for `tinyae.trace`."""

from __future__ import annotations

from typing import NamedTuple

from . import activations
from .activations import ActivationFunction


class Formula(NamedTuple):
    """The mathematics of a layer or a loss, forward and backward.

    Parameters
    ----------
    forward : str
        Such as "y = x W + b".
    backward : str
        Such as "dW = xᵀ dy; db = Σ dy; dx = dy Wᵀ".

    See Also
    --------
    trace : Shows it.
    Layer.formula : Gives it.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Dense(3).formula().forward
    'y = x W + b'
    """

    forward: str
    backward: str


def matrix_formula(
    product: str, dW: str, dx: str, activation: str | ActivationFunction, use_bias: bool
) -> Formula:
    """That of a layer y = f(product + b)."""
    function = activations.get(activation)
    inside = product + " + b" * use_bias
    parts = [f"dz = {function.slope}", dW, *["db = Σ dz"] * use_bias, dx]
    return Formula(f"y = {function.of(inside)}", "; ".join(parts))
