"""The fully connected layer: y = f(x W + b).

The shapes are x (n, in), W (in, units), b (units,), y (n, units). In NumPy:

    z = x @ W + b;  y = f(z)
    dz = dy * slope(y);  dW += x.T @ dz;  db += dz.sum(axis=0);  dx = dz @ W.T
"""

from __future__ import annotations

from typing import ClassVar

from ..checks.arguments import length
from ..machine.basics import smaller
from ..machine.jit import called, inlined
from ..machine.products import add_product, product, product_transposed
from ..machine.views import columns, view
from ..maths import activations
from ..maths.activations import (
    ActivationFunction,
    activation_backward,
    activation_forward,
    add_rows,
)
from ..maths.constraints import UnitNorm
from ..maths.formula import Formula, matrix_formula
from ..maths.initializers import Initializer
from ..maths.penalties import Penalty
from ..primitives.steps import Product, biased
from .affine import Affine
from .kernels import Kernels
from .layer import Shape


@inlined
def dense_forward(x, W, b, f, y):
    """y = f(x W + b), row by row; b may be empty."""
    product(x, W, y)  # z = x W
    activation_forward(b, f, y)  # y = f(z + b)


@inlined
def dense_backward(x, W, y, f, dy, dW, db, dx):
    """The chain rule through y = f(z), z = x W + b, for a loss with gradient dy for y.

    dz = dy f'(z)           (written over dy)
    dW += xᵀ dz             each weight saw every sample's input
    db += Σ dz              over the samples
    dx  = dz Wᵀ             each input reached every unit

    An empty dW, db or dx is not wanted.
    """
    activation_backward(y, f, dy)
    dz = dy
    add_product(x, dz, dW)
    add_rows(dz, db)
    if dx.size:
        product_transposed(dz, W, dx)


class Dense(Affine):
    """Fully connected layer: y = f(x W + b).

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str, ActivationFunction or None
        The function f: linear (None), relu, leaky_relu, elu, selu, softplus, tanh, sigmoid or
        softmax, or one of your own.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (in, units), and b, of shape (units,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.
    kernel_regularizer : L1, L2, L1L2 or None
        A penalty on W while the layer is trained, λ₁ Σ|W| + λ₂ ΣW², divided by nothing.
    kernel_constraint : UnitNorm or None
        What W is to be after each step.

    See Also
    --------
    Tied : A decoder's layer with the kernel of an encoder's.
    Conv2D : Each output from a window of the image only.

    Examples
    --------
    >>> import tinyae as tae
    >>> layer = tae.Dense(3, "relu")
    >>> layer.build((4,))
    (3,)
    >>> y, cache = layer.forward([[0, 1, 2, 3], [4, 5, 6, 7]])
    >>> layer.backward(y, cache).shape
    (2, 4)
    """

    checks: ClassVar = {"units": length}

    def __init__(
        self,
        units: int,
        activation: str | ActivationFunction | None = None,
        *,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        activity_regularizer: Penalty | None = None,
        kernel_regularizer: Penalty | None = None,
        kernel_constraint: UnitNorm | None = None,
    ):
        super().__init__(
            activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            activity_regularizer=activity_regularizer,
            kernel_regularizer=kernel_regularizer,
            kernel_constraint=kernel_constraint,
        )
        self.units = units

    def build(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise self.shape_error(input_shape, "(n, features); put a Flatten() before it")
        self.add_weight("kernel", (input_shape[0], self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.units,), self.bias_initializer)
        return (self.units,)

    def record_fields(self):
        return activations.addresses(self.activation, self.dtype)

    def formula(self) -> Formula:
        return matrix_formula("x W", "dW = xᵀ dz", "dx = dz Wᵀ", self.activation, self.use_bias)

    def steps(self):
        return [Product("kernel"), *biased(self.use_bias, activations.get(self.activation))]


# For the engine: w is W, row by row, and then b


@inlined
def matrix_and_bias(op, w):
    """W and b, or dW and db, from w or dw, which may be empty."""
    rows = smaller(w.size, op.inputs)
    W = view(w, 0, (rows, op.outputs))
    return W, view(w, W.size, (smaller(w.size - W.size, op.outputs),))


@called
def forward(op, w, x, y, scratch, step, first):
    W, b = matrix_and_bias(op, w)
    dense_forward(x, W, b, op.activation, y)


@called
def backward(op, w, x, y, dy, dw, dx, scratch, step, first):
    W, _ = matrix_and_bias(op, w)
    dW, db = matrix_and_bias(op, dw)
    dense_backward(x, W, y, op.slope, dy, dW, db, dx)


@called
def part(op, x, dz, first, dW, db):
    rows = dW.size // op.outputs
    add_product(columns(x, first, rows), dz, view(dW, 0, (rows, op.outputs)))
    add_rows(dz, db)


Dense.kernels = Kernels(forward, backward, activations.FIELDS, part)
