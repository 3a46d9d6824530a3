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

from .arguments import look_up
from .elementary import expm1
from .jit import kernel

NAMES = ("linear", "relu", "leaky_relu", "elu", "tanh", "sigmoid")
LINEAR, RELU, LEAKY_RELU, ELU, TANH, SIGMOID = range(len(NAMES))
LEAKY_SLOPE = 0.2


def code(activation: str | None) -> int:
    """The number that kernels know an activation by; None is linear, as in Keras."""
    names = {name: number for number, name in enumerate(NAMES)}
    return look_up("activation", activation or "linear", names)


@kernel
def sigmoid(z):
    """1 / (1 + e^−z) of one number, written so that the exponential never overflows."""
    one = type(z)(1)
    e = expm1(-abs(z)) + one
    return (one if z >= 0 else e) / (one + e)


@kernel
def activation_forward(b, activation, y):
    """y ← f(y + b), in place: y (n, units), b (units,) or empty for no bias."""
    zero, two, slope = y.dtype.type(0), y.dtype.type(2), y.dtype.type(LEAKY_SLOPE)
    rows, units = y.shape
    for i in range(rows):
        if b.size:
            for j in range(units):
                y[i, j] += b[j]
        if activation == RELU:
            for j in range(units):
                y[i, j] = zero if y[i, j] < zero else y[i, j]  # unlike max, keeps NaN visible
        elif activation == LEAKY_RELU:
            for j in range(units):
                y[i, j] = y[i, j] if y[i, j] > zero else slope * y[i, j]
        elif activation == ELU:
            for j in range(units):
                y[i, j] = expm1(y[i, j]) if y[i, j] < zero else y[i, j]
        elif activation == TANH:
            for j in range(units):
                e = expm1(-two * abs(y[i, j]))
                a = -e / (two + e)
                y[i, j] = a if y[i, j] > zero else -a
        elif activation == SIGMOID:
            for j in range(units):
                y[i, j] = sigmoid(y[i, j])


@kernel
def activation_backward(y, activation, dy, db):
    """dy ← dy f'(z) in place, from the output y; db += its sum over rows, unless db is empty."""
    one, slope, zero = y.dtype.type(1), y.dtype.type(LEAKY_SLOPE), y.dtype.type(0)
    rows, units = y.shape
    for i in range(rows):
        if activation == RELU:
            for j in range(units):
                dy[i, j] = dy[i, j] if y[i, j] > zero else zero
        elif activation == LEAKY_RELU:
            for j in range(units):
                dy[i, j] = dy[i, j] if y[i, j] > zero else slope * dy[i, j]
        elif activation == ELU:
            for j in range(units):
                dy[i, j] = dy[i, j] if y[i, j] > zero else dy[i, j] * (y[i, j] + one)
        elif activation == TANH:
            for j in range(units):
                dy[i, j] *= one - y[i, j] * y[i, j]
        elif activation == SIGMOID:
            for j in range(units):
                dy[i, j] *= y[i, j] * (one - y[i, j])
        if db.size:
            for j in range(units):
                db[j] += dy[i, j]
