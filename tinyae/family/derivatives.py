"""Dense layers that carry, beside each output y, its derivative u along a direction.

The chain rule forward, for y = f(z), z = x W + b. Beside x stands the derivative v of x:

    y = f(z)                                u = f'(z) p,  p = v W
    dz = f'(z) dy + f''(z)/f'(z) u du       dp = f'(z) du
    dW += xᵀ dz + vᵀ dp;  db += Σ dz;  dx = dz Wᵀ;  dv = dp Wᵀ

x and v, y and u are rows one after the other, so that one product does for both. For every f that
is known f''(z)/f'(z) is a function of y alone.

What stands first is `Direction`, which puts random signs v beside the model's input: u is then J v
with J = ∂y/∂x, and E Σ u² = ‖J‖²_F (Hutchinson 1989). Of one layer alone the sum over all
directions is known: `EveryDirection` takes the norm of each column of W for p, and Σ u² is ‖J‖²_F.
"""

from typing import ClassVar

import numpy as np

from ..layers.dense import Dense
from ..layers.kernels import Kernels
from ..layers.layer import Layer
from ..layers.noise import element_bits, row_key
from ..machine.elementary import exp
from ..machine.jit import allocating, called, inlined
from ..machine.products import add_product, product, product_transposed
from ..machine.views import clear, copy, view
from ..maths import activations
from ..maths.activations import activation_backward, activation_forward, add_rows
from ..maths.formula import Formula

# f''(z)/f'(z) from y = f(z): nothing, 1 below zero, e^−y, −2 y, 1 − 2 y
STRAIGHT, BENT_BELOW, SOFT, TANH, SIGMOID = range(5)
BENDS = {
    **dict.fromkeys(("linear", "relu", "leaky_relu"), STRAIGHT),
    **dict.fromkeys(("elu", "selu"), BENT_BELOW),
    **{"softplus": SOFT, "tanh": TANH, "sigmoid": SIGMOID},
}


@inlined
def bend(kind, y):
    """f''(z)/f'(z)."""
    zero, one, two = type(y)(0), type(y)(1), type(y)(2)
    if kind == BENT_BELOW:
        return one if y < zero else zero
    if kind == SOFT:
        return exp(-y)
    if kind == TANH:
        return -two * y
    if kind == SIGMOID:
        return one - two * y
    return zero


@inlined
def pair_back(op, y, u, dy, du):
    """dy becomes dz, and du becomes dp; each is one row (1, units)."""
    activation_backward(y, op.slope, dy)
    if op.bend != STRAIGHT:
        for j in range(y.shape[1]):
            dy[0, j] += bend(op.bend, y[0, j]) * u[0, j] * du[0, j]
    activation_backward(y, op.slope, du)


@inlined
def matrix_and_bias(op, w):
    """W and b, or dW and db, from w or dw, which may be empty."""
    W = view(w, 0, (min(w.size, op.rows), op.columns))
    return W, view(w, W.size, (min(w.size - W.size, op.columns),))


@inlined
def row(pairs, op, i):
    """A row of y, if i is even, or of u."""
    return view(pairs, i * op.columns, (1, op.columns))


# Behind another: pairs come in


@called
def along(op, w, x, y, scratch, step, first):
    W, b = matrix_and_bias(op, w)
    pairs = 2 * x.shape[0]
    product(view(x, 0, (pairs, op.rows)), W, view(y, 0, (pairs, op.columns)))
    for i in range(0, pairs, 2):
        activation_forward(b, op.activation, row(y, op, i))
        activation_backward(row(y, op, i), op.slope, row(y, op, i + 1))


@called
def along_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    W, _ = matrix_and_bias(op, w)
    dW, db = matrix_and_bias(op, dw)
    pairs = 2 * x.shape[0]
    for i in range(0, pairs, 2):
        pair_back(op, row(y, op, i), row(y, op, i + 1), row(dy, op, i), row(dy, op, i + 1))
        dz = row(dy, op, i)
        for j in range(db.size):
            db[j] += dz[0, j]
    both = view(dy, 0, (pairs, op.columns))
    add_product(view(x, 0, (pairs, op.rows)), both, dW)
    if dx.size:
        product_transposed(both, W, view(dx, 0, (pairs, op.rows)))


# The only one: all directions at once


@inlined
def column_norms(W, norms):
    """The norm of each column."""
    clear(norms)
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            norms[j] += W[i, j] * W[i, j]
    for j in range(norms.size):
        norms[j] = np.sqrt(norms[j])


@allocating
def in_all(op, w, x, y, scratch, step, first):
    W, b = matrix_and_bias(op, w)
    n, units = x.shape[0], op.columns
    norms = np.empty(units, x.dtype)
    column_norms(W, norms)
    z = view(y, 0, (n, units))  # the first half of y, from which rows go to where they belong
    product(x, W, z)
    activation_forward(b, op.activation, z)
    for i in range(n - 1, -1, -1):
        copy(row(y, op, i), row(y, op, 2 * i))
        copy(norms, row(y, op, 2 * i + 1))
        activation_backward(row(y, op, 2 * i), op.slope, row(y, op, 2 * i + 1))


@allocating
def in_all_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    W, _ = matrix_and_bias(op, w)
    dW, db = matrix_and_bias(op, dw)
    n, units = x.shape[0], op.columns
    norms, dp = np.empty(units, x.dtype), np.empty(units, x.dtype)
    column_norms(W, norms)
    clear(dp)
    for i in range(n):
        at = 2 * i
        pair_back(op, row(y, op, at), row(y, op, at + 1), row(dy, op, at), row(dy, op, at + 1))
        du = row(dy, op, at + 1)
        for j in range(units):
            dp[j] += du[0, j]
        copy(row(dy, op, at), row(dy, op, i))
    dz = view(dy, 0, (n, units))
    add_product(x, dz, dW)
    add_rows(dz, db)
    zero = x.dtype.type(0)
    for j in range(units):
        dp[j] = dp[j] / norms[j] if norms[j] > zero else zero
    for i in range(dW.shape[0]):
        for j in range(units):
            dW[i, j] += dp[j] * W[i, j]
    if dx.size:
        product_transposed(dz, W, dx)


# What stands first


@called
def signs(op, w, x, y, scratch, step, first):
    """x, and v of random signs behind it."""
    size, one = x.shape[1], x.dtype.type(1)
    for i in range(x.shape[0]):
        key = row_key(op.key, step, first + i)
        for j in range(size):
            y[i, j] = x[i, j]
            y[i, size + j] = one if element_bits(key, j) < np.uint32(0x80000000) else -one


@called
def signs_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        for i in range(dx.shape[0]):
            for j in range(dx.shape[1]):
                dx[i, j] = dy[i, j]


class Direction(Layer):
    """x, and beside it random signs v."""

    random = True
    kernels = Kernels(signs, signs_back)


class AlongDirection(Dense):
    """A dense layer and its derivative, behind another or `Direction`."""

    fields: ClassVar = {**activations.FIELDS, "rows": int, "columns": int, "bend": int}
    kernels = Kernels(along, along_back, fields)

    def record_fields(self):
        rows, columns = self.weights["kernel"].shape
        bends = BENDS[str(self.activation)]
        return {**super().record_fields(), "rows": rows, "columns": columns, "bend": bends}

    def operations(self) -> int:
        return 2 * super().operations()

    def formula(self) -> Formula:
        return super().formula()  # what goes on beside it is the penalty's


class EveryDirection(AlongDirection):
    """A dense layer and its derivatives along all directions, added up."""

    kernels = Kernels(in_all, in_all_back, AlongDirection.fields)

    def formula(self) -> Formula:
        return super().formula()
