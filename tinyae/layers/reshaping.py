"""Layers without weights that keep every number: an activation alone, and changes of shape."""

import math

import numpy as np

from ..checks.arrays import shape_text
from ..maths import activations
from ..maths.activations import activation_backward, activation_forward
from ..maths.penalties import L1L2
from .layer import Layer, Shape
from .record import ACTIVATION, RESHAPE


class Activation(Layer):
    """y = f(x), element by element.

    Parameters
    ----------
    activation : str
        linear, relu, leaky_relu, elu, tanh or sigmoid.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    """

    def __init__(self, activation: str, *, activity_regularizer: L1L2 | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.activation = activations.check(activation)

    def forward(self, x, training=False, step=0, first=0):
        y = self.batch(x).copy()
        no_bias = np.empty(0, self.dtype)
        activation, _ = activations.addresses(self.activation, self.dtype)
        activation_forward(no_bias, activation, y.reshape(len(y), -1))
        return y, y

    def backward(self, dy, cache):
        dx = self.batch_gradient(dy, cache.shape)
        _, activation = activations.addresses(self.activation, self.dtype)
        activation_backward(cache, activation, dx)
        return dx

    def op(self, input_shape):
        return {"kind": ACTIVATION, **activations.fields(self.activation, self.dtype)}

    def __repr__(self) -> str:
        return f"Activation({self.activation!r})"


class Reshape(Layer):
    """Each sample in another shape, its numbers in the same (C) order.

    Parameters
    ----------
    target_shape : tuple of int
        The shape of one output sample; one entry may be −1 and follows from the rest.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    """

    def __init__(self, target_shape: tuple[int, ...], *, activity_regularizer: L1L2 | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.target_shape = tuple(int(size) for size in target_shape)
        wrong = [size for size in self.target_shape if size < 1 and size != -1]
        if wrong or not self.target_shape or self.target_shape.count(-1) > 1:
            raise ValueError(
                "target_shape must hold positive sizes, at most one of them -1, "
                f"but got {self.target_shape}"
            )

    def build(self, input_shape: Shape) -> Shape:
        size = math.prod(input_shape)
        known = math.prod(side for side in self.target_shape if side != -1)
        if size % known or (-1 not in self.target_shape and size != known):
            raise self.shape_error(
                input_shape, f"with as many numbers as {shape_text(self.target_shape)}"
            )
        return tuple(size // known if side == -1 else side for side in self.target_shape)

    def forward(self, x, training=False, step=0, first=0):
        x = self.batch(x)
        return x.reshape(len(x), *(self.output_shape or ())), x.shape

    def backward(self, dy, cache):
        y_shape = (cache[0], *(self.output_shape or ()))
        return self.batch_gradient(dy, y_shape).reshape(cache)

    def op(self, input_shape):
        return {"kind": RESHAPE}

    def __repr__(self) -> str:
        return f"Reshape({self.target_shape})"


class Flatten(Reshape):
    """Each sample as one vector, in C order."""

    def __init__(self, *, activity_regularizer: L1L2 | None = None):
        super().__init__((-1,), activity_regularizer=activity_regularizer)

    def __repr__(self) -> str:
        return "Flatten()"
