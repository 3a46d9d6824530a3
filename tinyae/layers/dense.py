"""The fully connected layer: y = f(x W + b)."""

import numpy as np

from ..machine.jit import inlined
from ..machine.products import product
from ..machine.views import columns
from ..maths import activations
from ..maths.activations import activation_backward, activation_forward, add_rows
from ..maths.initializers import Initializer
from ..maths.penalties import L1L2
from .layer import Layer, Shape
from .record import DENSE


@inlined
def dense_forward(x, W, b, activation, y):
    """y = f(x W + b), row by row.

    x (n, in), W (in, units), b (units,) or empty, y (n, units).
    """
    product(x, W, y, False, False, False)
    activation_forward(b, activation, y)


@inlined
def dense_gradient(x, dz, first, dW, db):
    """Add to the gradient for the rows of W from `first` on, as many as dW has, and to that for b.

    dW += xᵀ dz       each weight saw every sample's input
    db += Σ dz        over the samples
    """
    if dW.size:
        product(columns(x, first, dW.shape[0]), dz, dW, True, True, False)
    add_rows(dz, db)


@inlined
def dense_backward(x, W, y, activation, dy, dW, db, dx):
    """The chain rule through y = f(z), z = x W + b, for a loss with gradient dy for y.

    dz = dy f'(z)           (written over dy)
    dW += xᵀ dz, db += Σ dz
    dx  = dz Wᵀ             each input reached every unit

    An empty dW, db or dx is not wanted.
    """
    activation_backward(y, activation, dy)
    dense_gradient(x, dy, 0, dW, db)
    if dx.size:
        product(dy, W, dx, False, False, True)


class Dense(Layer):
    """Fully connected layer: y = f(x W + b).

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or None
        f: linear (None), relu, leaky_relu, elu, tanh or sigmoid.
    use_bias : bool, default True
        Whether there is a b.
    kernel_initializer, bias_initializer : str or callable ``(shape, rng) -> array``
        Initial W, of shape (in, units), and b, of shape (units,).
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on y.

    Examples
    --------
    >>> layer = Dense(3, "relu")
    >>> layer.build((4,))
    (3,)
    >>> y, cache = layer.forward(np.ones((2, 4)))
    >>> layer.backward(np.ones_like(y), cache).shape
    (2, 4)
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        *,
        use_bias: bool = True,
        kernel_initializer: str | Initializer = "glorot_uniform",
        bias_initializer: str | Initializer = "zeros",
        activity_regularizer: L1L2 | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        if not isinstance(units, int | np.integer) or units < 1:
            raise ValueError(f"units must be a positive integer, but got {units!r}")
        self.units = int(units)
        self.activation = activations.check(activation)
        self.use_bias = use_bias
        self.kernel_initializer, self.bias_initializer = kernel_initializer, bias_initializer

    def build(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise self.shape_error(input_shape, "(n, features); put a Flatten() before it")
        self.add_weight("kernel", (input_shape[0], self.units), self.kernel_initializer)
        if self.use_bias:
            self.add_weight("bias", (self.units,), self.bias_initializer)
        return (self.units,)

    def forward(self, x, training=False, step=0, first=0):
        x = self.batch(x)
        y = np.empty((len(x), self.units), self.dtype)
        activation, _ = activations.addresses(self.activation, self.dtype)
        dense_forward(x, self.weight("kernel"), self.weight("bias"), activation, y)
        return y, (x, y)

    def backward(self, dy, cache):
        x, y = cache
        dx = np.empty_like(x)
        _, activation = activations.addresses(self.activation, self.dtype)
        self.clear_gradients()
        dense_backward(
            *(x, self.weight("kernel"), y, activation),
            *(self.batch_gradient(dy, y.shape), self.gradient("kernel", 2)),
            *(self.gradient("bias"), dx),
        )
        return dx

    def op(self, input_shape):
        return {"kind": DENSE, **activations.fields(self.activation, self.dtype)}

    def __repr__(self) -> str:
        return f"Dense({self.units}, {self.activation!r})"
