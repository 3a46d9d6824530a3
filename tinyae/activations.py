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


# Rows are taken in blocks that stay in the first-level cache: the bias is added row by row, the
# rest runs over the block as one vector, which pays for narrow layers.
BLOCK = 2048


@kernel
def activation_forward(b, activation, y):
    """y ← f(y + b), in place: y (n, units), b (units,) or empty for no bias."""
    zero, two, slope = y.dtype.type(0), y.dtype.type(2), y.dtype.type(LEAKY_SLOPE)
    rows, units = y.shape
    flat = y.reshape(-1)
    step = max(1, BLOCK // units)
    for first in range(0, rows, step):
        last = min(first + step, rows)
        z = flat[first * units : last * units]
        if b.size:
            block = y[first:last]
            for i in range(last - first):
                for j in range(units):
                    block[i, j] += b[j]
        if activation == RELU:
            for k in range(z.size):
                z[k] = zero if z[k] < zero else z[k]  # unlike max, keeps NaN visible
        elif activation == LEAKY_RELU:
            for k in range(z.size):
                z[k] = z[k] if z[k] > zero else slope * z[k]
        elif activation == ELU:
            for k in range(z.size):
                z[k] = expm1(z[k]) if z[k] < zero else z[k]
        elif activation == TANH:
            for k in range(z.size):
                e = expm1(-two * abs(z[k]))
                a = -e / (two + e)
                z[k] = a if z[k] > zero else -a
        elif activation == SIGMOID:
            for k in range(z.size):
                z[k] = sigmoid(z[k])


@kernel
def activation_backward(y, activation, dy, db):
    """dy ← dy f'(z) in place, from the output y; db += its sum over rows, unless db is empty."""
    one, slope, zero = y.dtype.type(1), y.dtype.type(LEAKY_SLOPE), y.dtype.type(0)
    rows, units = y.shape
    y_flat, dy_flat = y.reshape(-1), dy.reshape(-1)
    step = max(1, BLOCK // units)
    for first in range(0, rows, step):
        last = min(first + step, rows)
        a = y_flat[first * units : last * units]
        d = dy_flat[first * units : last * units]
        if activation == RELU:
            for k in range(d.size):
                d[k] = d[k] if a[k] > zero else zero
        elif activation == LEAKY_RELU:
            for k in range(d.size):
                d[k] = d[k] if a[k] > zero else slope * d[k]
        elif activation == ELU:
            for k in range(d.size):
                d[k] = d[k] if a[k] > zero else d[k] * (a[k] + one)
        elif activation == TANH:
            for k in range(d.size):
                d[k] *= one - a[k] * a[k]
        elif activation == SIGMOID:
            for k in range(d.size):
                d[k] *= a[k] * (one - a[k])
        if db.size:
            block = dy[first:last]
            for i in range(last - first):
                for j in range(units):
                    db[j] += block[i, j]
