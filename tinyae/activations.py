"""Activations: a = f(z), element by element, and their gradients from the output alone.

============  ===========================  =====================================
name          f(z)                         f'(z), from a = f(z)
============  ===========================  =====================================
linear        z                            1
relu          max(z, 0)                    1 where a > 0, else 0
leaky_relu    z where z > 0, else 0.2 z    1 where a > 0, else 0.2
elu           z where z > 0, else e^z − 1  1 where a > 0, else a + 1
tanh          (e^z − e^−z) / (e^z + e^−z)  1 − a²
sigmoid       1 / (1 + e^−z)               a (1 − a)
============  ===========================  =====================================

Slopes are Keras's. That every gradient can be had from a is why no layer keeps z.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import types

from .arguments import look_up
from .calls import NONE, by_address
from .elementary import expm1
from .jit import kernel
from .views import view

LEAKY_SLOPE = 0.2

# For each activation two kernels over flat arrays: z becomes a = f(z) in place, and d, the
# gradient for a, becomes the gradient for z.


@kernel
def relu(z):
    zero = z.dtype.type(0)
    for k in range(z.size):
        z[k] = zero if z[k] < zero else z[k]  # unlike max, keeps NaN visible


@kernel
def relu_backward(a, d):
    zero = a.dtype.type(0)
    for k in range(d.size):
        d[k] = d[k] if a[k] > zero else zero


@kernel
def leaky_relu(z):
    zero, slope = z.dtype.type(0), z.dtype.type(LEAKY_SLOPE)
    for k in range(z.size):
        z[k] = z[k] if z[k] > zero else slope * z[k]


@kernel
def leaky_relu_backward(a, d):
    zero, slope = a.dtype.type(0), a.dtype.type(LEAKY_SLOPE)
    for k in range(d.size):
        d[k] = d[k] if a[k] > zero else slope * d[k]


@kernel
def elu(z):
    zero = z.dtype.type(0)
    for k in range(z.size):
        z[k] = expm1(z[k]) if z[k] < zero else z[k]


@kernel
def elu_backward(a, d):
    zero, one = a.dtype.type(0), a.dtype.type(1)
    for k in range(d.size):
        d[k] = d[k] if a[k] > zero else d[k] * (a[k] + one)


@kernel
def tanh(z):
    zero, two = z.dtype.type(0), z.dtype.type(2)
    for k in range(z.size):
        e = expm1(-two * abs(z[k]))
        a = -e / (two + e)
        z[k] = a if z[k] > zero else -a


@kernel
def tanh_backward(a, d):
    one = a.dtype.type(1)
    for k in range(d.size):
        d[k] *= one - a[k] * a[k]


@kernel
def sigmoid_of(z):
    """1 / (1 + e^−z) of one number, written so that the exponential never overflows."""
    one = type(z)(1)
    e = expm1(-abs(z)) + one
    return (one if z >= 0 else e) / (one + e)


@kernel
def sigmoid(z):
    for k in range(z.size):
        z[k] = sigmoid_of(z[k])


@kernel
def sigmoid_backward(a, d):
    one = a.dtype.type(1)
    for k in range(d.size):
        d[k] *= a[k] * (one - a[k])


class Kernels(NamedTuple):
    """What an activation does to z, and to the gradient for a."""

    forward: Callable
    backward: Callable


KERNELS = {
    "linear": None,
    "relu": Kernels(relu, relu_backward),
    "leaky_relu": Kernels(leaky_relu, leaky_relu_backward),
    "elu": Kernels(elu, elu_backward),
    "tanh": Kernels(tanh, tanh_backward),
    "sigmoid": Kernels(sigmoid, sigmoid_backward),
}
NAMES = tuple(KERNELS)

_forward_address, _call_forward = by_address(lambda real: types.void(real[::1]))
_backward_address, _call_backward = by_address(lambda real: types.void(real[::1], real[::1]))


def check(activation: str | None) -> str:
    """The activation's name; None is linear, as in Keras."""
    look_up("activation", activation or "linear", KERNELS)
    return activation or "linear"


def addresses(activation: str, dtype: np.dtype) -> tuple[int, int]:
    """What `activation_forward` and `activation_backward` know an activation by."""
    kernels = KERNELS[activation]
    if kernels is None:
        return NONE, NONE
    return _forward_address(kernels.forward, dtype), _backward_address(kernels.backward, dtype)


def fields(activation: str, dtype: np.dtype) -> dict[str, int]:
    """The same, for a layer's record."""
    return dict(zip(("activation", "slope"), addresses(activation, dtype), strict=True))


# Rows are taken in blocks that stay in the first-level cache: the bias is added row by row, the
# rest runs over the block as one vector, which pays for narrow layers.
BLOCK = 2048


@kernel
def activation_forward(b, activation, y):
    """y ← f(y + b), in place: y (n, units), b (units,) or empty for no bias."""
    rows, units = y.shape
    step = max(1, BLOCK // units)
    for first in range(0, rows, step):
        last = min(first + step, rows)
        if b.size:
            block = view(y, first * units, (last - first, units))
            for i in range(last - first):
                for j in range(units):
                    block[i, j] += b[j]
        if activation != NONE:
            _call_forward(activation, (view(y, first * units, ((last - first) * units,)),))


@kernel
def activation_backward(y, activation, dy, db):
    """dy ← dy f'(z) in place, from the output y; db += its sum over rows, unless db is empty."""
    rows, units = y.shape
    step = max(1, BLOCK // units)
    for first in range(0, rows, step):
        last = min(first + step, rows)
        if activation != NONE:
            start, size = first * units, (last - first) * units
            _call_backward(activation, (view(y, start, (size,)), view(dy, start, (size,))))
        if db.size:
            block = view(dy, first * units, (last - first, units))
            for i in range(last - first):
                for j in range(units):
                    db[j] += block[i, j]
