"""Layers without weights that keep every number: an activation alone, and changes of shape.

In NumPy: y = f(x), dx = dy * slope(y); and y = x.reshape(n, *shape), dx = dy.reshape(x.shape).
"""

from __future__ import annotations

import contextlib
import math
from typing import Any, ClassVar

from ..checks.arguments import length, shown
from ..checks.arrays import shape_text
from ..machine.jit import called, inlined
from ..machine.views import copy, view
from ..maths import activations
from ..maths.activations import ActivationFunction, activation_backward, activation_forward
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from ..primitives import steps
from ..primitives.steps import biased
from .kernels import Kernels
from .layer import Layer, Shape


@inlined
def keep(op, x, y):
    """y = x, where y is not x's own memory."""
    if op.x != op.y:
        copy(x, y)


@inlined
def keep_back(op, dy, dx):
    """dx = dy, where it is wanted and not dy's own memory."""
    if dx.size and op.dx != op.dy:
        copy(dy, dx)


@inlined
def in_rows(op, y):
    """y in the rows that its activation takes: of one sample, or along the last axis."""
    return view(y, 0, (y.size // op.units, op.units))


@called
def activate(op, w, x, y, scratch, step, first):
    keep(op, x, y)
    activation_forward(view(w, 0, (0,)), op.activation, in_rows(op, y))  # there is no bias


@called
def activate_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    activation_backward(in_rows(op, y), op.slope, in_rows(op, dy))
    keep_back(op, dy, dx)


@called
def reshape(op, w, x, y, scratch, step, first):
    keep(op, x, y)


@called
def reshape_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    keep_back(op, dy, dx)


class Activation(Layer):
    """An activation as a layer: y = f(x), element by element; softmax is of the last axis.

    Parameters
    ----------
    activation : str or ActivationFunction
        The function f: linear, relu, leaky_relu, elu, selu, softplus, tanh, sigmoid or softmax, or
        one of your own.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.

    See Also
    --------
    ActivationFunction : An activation of your own.
    Dense : Has an `activation` of its own.

    Examples
    --------
    >>> import tinyae as tae
    >>> layer = tae.Activation("relu")
    >>> layer.build((3,))
    (3,)
    >>> layer.forward([[-1.0, 0.0, 2.0]])[0]
    array([[0., 0., 2.]], dtype=float32)
    """

    kernels = Kernels(activate, activate_back, {**activations.FIELDS, "units": int})
    checks: ClassVar = {"activation": activations.check}

    def __init__(
        self, activation: str | ActivationFunction, *, activity_regularizer: Penalty | None = None
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.activation = activation

    def record_fields(self):
        shape, rows = self.output_shape, activations.get(self.activation).rows
        units = shape[-1] if rows else math.prod(shape)
        return {**activations.addresses(self.activation, self.dtype), "units": units}

    def formula(self) -> Formula:
        function = activations.get(self.activation)
        return Formula(f"y = {function.of('x')}", f"dx = {function.slope}")

    def steps(self):
        return biased(False, activations.get(self.activation))


def check_target_shape(name: str, shape: Any) -> tuple[int, ...]:
    """Positive sizes, or −1 for at most one of them."""
    given = shape if isinstance(shape, tuple | list) else ()
    with contextlib.suppress(ValueError):
        sizes = tuple(-1 if size == -1 else length(name, size) for size in given)
        if sizes and sizes.count(-1) <= 1:
            return sizes
    raise ValueError(
        f"{name} must hold positive sizes, at most one of them -1, but got {shown(shape)}"
    )


class Reshape(Layer):
    """Each sample in another shape, its numbers in the same (C) order.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of one output sample; one entry may be −1 and follows from the rest.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.

    See Also
    --------
    Flatten : Each sample as one vector.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Reshape((7, 7, -1)).build((98,))
    (7, 7, 2)
    """

    kernels = Kernels(reshape, reshape_back, copies=True)
    checks: ClassVar = {"target_shape": check_target_shape}

    def __init__(
        self, target_shape: tuple[int, ...], *, activity_regularizer: Penalty | None = None
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.target_shape = target_shape

    def build(self, input_shape: Shape) -> Shape:
        size = math.prod(input_shape)
        known = math.prod(side for side in self.target_shape if side != -1)
        if size % known or (-1 not in self.target_shape and size != known):
            raise self.shape_error(
                input_shape, f"with as many numbers as {shape_text(self.target_shape)}"
            )
        return tuple(size // known if side == -1 else side for side in self.target_shape)

    def formula(self) -> Formula:
        return Formula("y = x in another shape", "dx = dy in the shape of x")

    def steps(self):
        return [steps.Reshape(self.output_shape)]


class Flatten(Reshape):
    """Each sample as one vector, in C order.

    Parameters
    ----------
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    Reshape : Any other shape.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.Flatten().build((7, 7, 2))
    (98,)
    """

    def __init__(self, *, activity_regularizer: Penalty | None = None):
        super().__init__((-1,), activity_regularizer=activity_regularizer)
