"""What stands around a `TopK` computes with its k active units only, of however many there are.

Behind it all but k numbers of a code are 0, and before it all but k gradients. So a code goes there
as its k values z_j and, behind them, their units' numbers j; and a Dense before it and a Dense
behind it compute with these:

    z_j       = f(x W + b)_j, the k largest          y      = g(Σ z_j V_j + c), V_j a row of V
    dW[:, j] += x dz_j;  db_j += dz_j                dV_j  += z_j dy;  dc += dy
    dx        = Σ dz_j W[:, j]                       dz_j   = V_j · dy

Of the five products of a dictionary, which has far more units than k, one is left: that which finds
out which units are active. `suits` decides, by shapes; where k is a larger share of the units dense
products are faster.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..layers.dense import Dense
from ..layers.kernels import Kernels
from ..layers.layer import Layer
from ..layers.record import OP
from ..machine.jit import allocating, called, inlined
from ..machine.products import product, product_transposed
from ..machine.views import clear, view
from ..maths import activations
from ..maths.activations import activation_backward, activation_forward, add_rows
from .top_k import TopK, keep_active

UNITS_FOR_EACH = 16  # active one: with fewer, dense products are as fast
MOST_UNITS = 1 << 24  # float32 can count
BLOCK = 256  # rows of all units' numbers
LANES = 16  # rows of W whose gradient is computed together: a vector for each active unit
NUMBERS = 1 << 16  # of W whose gradient is computed at a time, by a look at all active units


@inlined
def matrix(op, w):
    """W and b, or dW and db, from w or dw, which may be empty."""
    rows = min(w.size, op.w_rows)
    W = view(w, 0, (rows, op.w_columns))
    return W, view(w, W.size, (min(w.size - W.size, op.w_columns),))


@inlined
def add_multiple(factor, source, target):
    for k in range(target.size):
        target[k] += factor * source[k]


@allocating
def encode(op, w, x, y, scratch, step, first):
    W, b = matrix(op, w)
    room, heap = np.empty((min(BLOCK, x.shape[0]), op.units), x.dtype), np.empty(op.k, x.dtype)
    for start in range(0, x.shape[0], BLOCK):
        n = min(BLOCK, x.shape[0] - start)
        z = view(room, 0, (n, op.units))
        product(view(x, start * op.inputs, (n, op.inputs)), W, z)
        activation_forward(b, op.activation, z)
        for i in range(n):
            keep_active(z[i], y[start + i], heap)


@allocating
def encode_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    for i in range(dy.shape[0]):
        at, values = i * op.outputs, (1, op.k)
        activation_backward(view(y, at, values), op.slope, view(dy, at, values))
    dW, db = matrix(op, dw)
    encode_part(op, x, dy, 0, view(dW, 0, (dW.size,)), db)
    if dx.size:
        room, W = np.empty((min(BLOCK, dx.shape[0]), op.units), x.dtype), matrix(op, w)[0]
        for start in range(0, dx.shape[0], BLOCK):
            n = min(BLOCK, dx.shape[0] - start)
            dz = view(room, 0, (n, op.units))
            spread(op, view(dy, start * op.outputs, (n, op.outputs)), dz)
            product_transposed(dz, W, view(dx, start * op.inputs, (n, op.inputs)))


@allocating
def encode_part(op, x, dz, first, dW, db):
    rows, samples = dW.size // op.units, x.shape[0]
    strip, sums = np.empty((samples, LANES), x.dtype), np.empty((op.units, LANES), x.dtype)
    for row in range(0, rows, LANES):
        width = min(LANES, rows - row)
        clear(sums)
        for i in range(samples):
            for r in range(LANES):
                strip[i, r] = x[i, first + row + min(r, width - 1)]
            for a in range(op.k):
                lane = view(sums, int(dz[i, op.k + a]) * LANES, (LANES,))
                for r in range(LANES):
                    lane[r] += dz[i, a] * strip[i, r]
        for r in range(width):
            target = view(dW, (row + r) * op.units, (op.units,))
            for j in range(op.units):
                target[j] += sums[j, r]
    for i in range(samples * (db.size > 0)):
        for a in range(op.k):
            db[int(dz[i, op.k + a])] += dz[i, a]


@allocating
def select(op, w, x, y, scratch, step, first):
    heap = np.empty(op.k, x.dtype)
    for i in range(x.shape[0]):
        keep_active(x[i], y[i], heap)


@called
def select_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        spread(op, dy, dx)


@called
def spread(op, code, z):
    """A code's values where their units are, and zeros."""
    clear(z)
    for i in range(z.shape[0]):
        for a in range(op.k):
            z[i, int(code[i, op.k + a])] = code[i, a]


@called
def decode(op, w, x, y, scratch, step, first):
    V, c = matrix(op, w)
    clear(y)
    for i in range(x.shape[0]):
        for a in range(op.k):
            add_multiple(x[i, a], V[int(x[i, op.k + a])], y[i])
    activation_forward(c, op.activation, y)


@called
def decode_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    activation_backward(y, op.slope, dy)
    (V, _), (dV, dc) = matrix(op, w), matrix(op, dw)
    decode_part(op, x, dy, 0, view(dV, 0, (dV.size,)), dc)
    for i in range(dx.shape[0]):
        for a in range(op.k):
            atom, total = V[int(x[i, op.k + a])], x.dtype.type(0)
            for o in range(op.outputs):
                total += atom[o] * dy[i, o]
            dx[i, a], dx[i, op.k + a] = total, x[i, op.k + a]


@called
def decode_part(op, x, dz, first, dW, db):
    rows = dW.size // op.outputs
    for i in range(x.shape[0] * (rows > 0)):
        for a in range(op.k):
            j = int(x[i, op.k + a]) - first
            if 0 <= j < rows:
                add_multiple(x[i, a], dz[i], view(dW, j * op.outputs, (op.outputs,)))
    add_rows(dz, db)


FIELDS = {"units": int, "k": int, **activations.FIELDS}
ENCODE = Kernels(encode, encode_back, FIELDS, encode_part)
SELECT = Kernels(select, select_back, FIELDS)
DECODE = Kernels(decode, decode_back, FIELDS, decode_part)


# Which layers these are


def suits(layers: Sequence[Layer], at: int) -> bool:
    """Whether the layer at that place is a Dense behind a TopK of few enough units."""
    if not 0 < at < len(layers) or type(layers[at]) is not Dense:
        return False
    top: Any = layers[at - 1]
    if type(top) is not TopK or top.activity_regularizer is not None:
        return False
    units = top.input_shape[-1]
    return top.k * UNITS_FOR_EACH <= units <= MOST_UNITS


def joins(layers: Sequence[Layer], at: int) -> bool:
    """Whether that layer, before a TopK, is a Dense whose units do not depend on each other."""
    layer: Any = layers[at] if at >= 0 else None
    return (
        type(layer) is Dense
        and layer.activity_regularizer is None
        and not activations.get(layer.activation).rows
        and not suits(layers, at)
    )


def op_at(layers: Sequence[Layer], at: int) -> tuple[int, np.recarray, Kernels] | None:
    """The op for the layer at that place: whose weights it has, its record, and its kernels.

    That of a TopK may be the only one of the Dense before it, too.
    """
    layer: Any = layers[at]
    if suits(layers, at):
        top: Any = layers[at - 1]
        return at, _record(layer, top, DECODE, (2 * top.k, layer.units)), DECODE
    if not suits(layers, at + 1):
        return None
    if joins(layers, at - 1):
        before: Any = layers[at - 1]
        sizes = before.input_shape[0], 2 * layer.k
        return at - 1, _record(before, layer, ENCODE, sizes), ENCODE
    return at, _record(layer, layer, SELECT, (layer.input_shape[0], 2 * layer.k)), SELECT


def _record(layer: Any, top: Any, kernels: Kernels, sizes: tuple[int, int]) -> np.recarray:
    table = np.zeros(1, kernels.record)
    table["inputs"], table["outputs"] = sizes
    table["w_size"], table["k"], table["units"] = layer.parameter_count, top.k, top.input_shape[0]
    if kernels.part is not None:
        table["w_rows"], table["w_columns"] = layer.weights["kernel"].shape
        table["w_together"] = max(LANES, NUMBERS // layer.units)
        for name, address in activations.addresses(layer.activation, layer.dtype).items():
            table[name] = address
    return table.view(OP).view(np.recarray)
