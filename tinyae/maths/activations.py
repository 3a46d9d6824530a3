"""Activations: a = f(z), element by element, and their gradients from the output alone.

============  ==========================================  ====================================
name          f(z)                                        f'(z), from a = f(z)
============  ==========================================  ====================================
linear        z                                           1
relu          max(z, 0)                                   1 where a > 0, else 0
leaky_relu    z where z > 0, else 0.2 z                   1 where a > 0, else 0.2
elu           z where z > 0, else e^z − 1                 1 where a > 0, else a + 1
selu          λ z where z > 0, else λ α (e^z − 1)         λ where a > 0, else a + λ α
softplus      log(1 + e^z)                                1 − e^−a
tanh          (e^z − e^−z) / (e^z + e^−z)                 1 − a²
sigmoid       1 / (1 + e^−z)                              a (1 − a)
softmax       e^z / Σ e^z, the sum over the last axis     dz = a (dy − Σ dy a)
============  ==========================================  ====================================

Slopes are Keras's, and so are selu's λ = 1.0507 and α = 1.6733. That every gradient can be had from
a is why no layer keeps z.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import types

from ..checks.arguments import look_up
from ..machine.basics import empty, larger, smaller
from ..machine.calls import NONE, by_address
from ..machine.elementary import exp, expm1, log1p
from ..machine.jit import inlined, kernel
from ..machine.views import clear, copy, view
from . import plain
from .plain import LEAKY_SLOPE, SELU_ALPHA, SELU_SCALE

# For each activation two kernels over flat arrays of one length: z, which lacks its bias, becomes
# a = f(z + b) in place, and d, the gradient for a, becomes the gradient for z. Softmax's get a row
# at a time. No number is put back as it was for want of a bias or where the slope is 1: the
# compiler would turn that into storing the others only, which takes many processors ten times as
# long.


@kernel
def relu(z, b):
    zero = z.dtype.type(0)
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = zero if t < zero else t  # unlike max, keeps NaN visible


@kernel
def relu_backward(a, d):
    zero, one = a.dtype.type(0), a.dtype.type(1)
    for k in range(d.size):
        d[k] *= one if a[k] > zero else zero


@kernel
def leaky_relu(z, b):
    zero, slope = z.dtype.type(0), z.dtype.type(LEAKY_SLOPE)
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = t if t > zero else slope * t


@kernel
def leaky_relu_backward(a, d):
    zero, one, slope = a.dtype.type(0), a.dtype.type(1), a.dtype.type(LEAKY_SLOPE)
    for k in range(d.size):
        d[k] *= one if a[k] > zero else slope


@kernel
def elu(z, b):
    zero = z.dtype.type(0)
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = expm1(t) if t < zero else t


@kernel
def elu_backward(a, d):
    zero, one = a.dtype.type(0), a.dtype.type(1)
    for k in range(d.size):
        d[k] *= one + min(a[k], zero)


@kernel
def selu(z, b):
    zero, scale = z.dtype.type(0), z.dtype.type(SELU_SCALE)
    below = z.dtype.type(SELU_SCALE * SELU_ALPHA)
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = below * expm1(t) if t < zero else scale * t


@kernel
def selu_backward(a, d):
    zero, scale = a.dtype.type(0), a.dtype.type(SELU_SCALE)
    below = a.dtype.type(SELU_SCALE * SELU_ALPHA)
    for k in range(d.size):
        d[k] *= scale if a[k] > zero else a[k] + below


@kernel
def softplus(z, b):
    zero = z.dtype.type(0)
    for k in range(z.size):
        t = z[k] + b[k]
        z[k] = (t if t > zero else zero) + log1p(exp(-abs(t)))


@kernel
def softplus_backward(a, d):
    for k in range(d.size):
        d[k] *= -expm1(-a[k])


@kernel
def tanh(z, b):
    zero, two = z.dtype.type(0), z.dtype.type(2)
    for k in range(z.size):
        t = z[k] + b[k]
        e = expm1(-two * abs(t))
        a = -e / (two + e)
        z[k] = a if t > zero else -a


@kernel
def tanh_backward(a, d):
    one = a.dtype.type(1)
    for k in range(d.size):
        d[k] *= one - a[k] * a[k]


@kernel
def sigmoid_of(z):
    """1 / (1 + e^−z) of one number; the exponential never overflows, small results are exact."""
    one = type(z)(1)
    e = exp(-abs(z))
    return (one if z >= 0 else e) / (one + e)


@kernel
def sigmoid(z, b):
    for k in range(z.size):
        z[k] = sigmoid_of(z[k] + b[k])


@kernel
def sigmoid_backward(a, d):
    one = a.dtype.type(1)
    for k in range(d.size):
        d[k] *= a[k] * (one - a[k])


@kernel
def softmax(z, b):
    most, total = z[0] + b[0], z.dtype.type(0)
    for k in range(z.size):
        z[k] += b[k]
        most = z[k] if z[k] > most else most
    for k in range(z.size):
        z[k] = exp(z[k] - most)
        total += z[k]
    for k in range(z.size):
        z[k] /= total


@kernel
def softmax_backward(a, d):
    total = a.dtype.type(0)
    for k in range(d.size):
        total += a[k] * d[k]
    for k in range(d.size):
        d[k] = a[k] * (d[k] - total)


# For the engine, and for activations of your own


class ActivationFunction(NamedTuple):
    """An activation: all that layers, the engine, files and exports know of it.

    Parameters
    ----------
    name : str
        What it is called in a model's file and an exported program.
    forward : kernel ``(z, b)``
        Writes f(z + b) over z, for flat arrays of one length.
    backward : kernel ``(a, d)``
        Multiplies d by f'(z) in place, from the activation's output a.
    slope : str
        The gradient for z in terms of ``dy`` and the output ``y``: for `tinyae.trace`.
    numpy : callable ``(z) -> array``, optional
        The same in plain NumPy, which `export_numpy` copies out.
    rows : bool, default False
        Whether an output depends on all inputs along the last axis, as in softmax: then the kernels
        get one row of them at a time.

    See Also
    --------
    kernel : Compiles its kernels.
    Activation : A layer that is an activation only.

    Notes
    -----
    An activation whose slope cannot be had from its output must be a layer. A model with one of
    your own can be saved; loading takes the activation by its name, as the example shows.

    Examples
    --------
    >>> import tinyae as tae
    >>> @tae.kernel
    ... def softsign(z, b):
    ...     for k in range(z.size):
    ...         t = z[k] + b[k]
    ...         z[k] = t / (1 + abs(t))
    >>> @tae.kernel
    ... def softsign_backward(a, d):
    ...     for k in range(d.size):
    ...         d[k] *= (1 - abs(a[k])) ** 2
    >>> mine = tae.ActivationFunction("softsign", softsign, softsign_backward)
    >>> net = tae.Sequential([tae.Dense(3, mine)])

    Once it is saved, ``tae.load(path, custom={"softsign": mine})`` brings it back.
    """

    name: str
    forward: Callable | None
    backward: Callable | None
    slope: str = "dy f'(z)"
    numpy: Callable[[np.ndarray], np.ndarray] | None = None
    rows: bool = False

    def __repr__(self) -> str:
        return self.name

    def of(self, text: str) -> str:
        """Write f of what the `text` says."""
        return text if self.forward is None else f"{self.name}({text})"


KNOWN = {
    known.name: known
    for known in (
        ActivationFunction("linear", None, None, "dy"),
        ActivationFunction("relu", relu, relu_backward, "dy (y > 0)", plain.relu),
        ActivationFunction(
            "leaky_relu",
            leaky_relu,
            leaky_relu_backward,
            f"dy (1 if y > 0 else {LEAKY_SLOPE})",
            plain.leaky_relu,
        ),
        ActivationFunction("elu", elu, elu_backward, "dy (1 + min(y, 0))", plain.elu),
        ActivationFunction("selu", selu, selu_backward, "dy (λ if y > 0 else y + λ α)", plain.selu),
        ActivationFunction(
            "softplus", softplus, softplus_backward, "dy (1 − e^−y)", plain.softplus
        ),
        ActivationFunction("tanh", tanh, tanh_backward, "dy (1 − y²)", plain.tanh),
        ActivationFunction("sigmoid", sigmoid, sigmoid_backward, "dy y (1 − y)", plain.sigmoid),
        ActivationFunction(
            "softmax", softmax, softmax_backward, "y (dy − Σ dy y)", plain.softmax, rows=True
        ),
    )
}


def get(
    activation: str | ActivationFunction | None, name: str = "activation"
) -> ActivationFunction:
    """The activation of that name, or the given one; None is linear, as in Keras."""
    if isinstance(activation, ActivationFunction):
        return activation
    return look_up(name, "linear" if activation is None else activation, KNOWN)


def check(name: str, activation: Any) -> str | ActivationFunction:
    """What a layer keeps: the name of one that is known, else the activation itself."""
    found = get(activation, name)
    if (found.forward is None or found.backward is None) and found is not KNOWN["linear"]:
        raise ValueError(f"{name} {found.name!r} must have a forward and a backward kernel")
    return found.name if found is KNOWN.get(found.name) else found


_forward_address, _call_forward = by_address("z, b", lambda real: types.void(real[::1], real[::1]))
_backward_address, _call_backward = by_address(
    "a, d", lambda real: types.void(real[::1], real[::1])
)


FIELDS = {"activation": int, "slope": int}  # of the record of a layer that has one


def addresses(activation: str | ActivationFunction, dtype: np.dtype) -> dict[str, int]:
    """What `activation_forward` and `activation_backward` know an activation by.

    An address below zero says that the kernel there takes one row at a time.
    """
    function = get(activation)
    if function.forward is None:
        return {"activation": NONE, "slope": NONE}
    sign = -1 if function.rows else 1
    return {
        "activation": sign * _forward_address(function.forward, dtype),
        "slope": sign * _backward_address(function.backward, dtype),
    }


# So many rows are taken together that they make a vector worth looping over, which pays for narrow
# layers: the bias is repeated for each, and the sums of each are added up at the end.
TOGETHER_ROWS, TOGETHER_NUMBERS = 16, 256


@inlined
def rows_together(rows, units):
    return larger(1, smaller(rows, smaller(TOGETHER_ROWS, TOGETHER_NUMBERS // units)))


@inlined
def activate(z, b, activation):
    """z ← f(z + b), in place, for flat arrays of one length."""
    if activation == NONE:
        for k in range(z.size):
            z[k] += b[k]
    else:
        _call_forward(abs(activation), (z, b))


@kernel
def activation_forward(b, activation, y):
    """y ← f(y + b), in place: y (n, units), b (units,) or empty for no bias."""
    rows, units = y.shape
    if b.size == 0 and activation == NONE:
        return
    together = 1 if activation < NONE else rows_together(rows, units)
    repeated = empty(together * units, y)
    clear(repeated)
    for i in range(together):
        copy(b, view(repeated, i * units, (b.size,)))
    for first in range(0, rows, together):
        size = (smaller(together, rows - first) * units,)
        activate(view(y, first * units, size), view(repeated, 0, size), activation)


@inlined
def activation_backward(y, activation, dy):
    """dy ← dy f'(z) in place, from the output y (n, units)."""
    if activation != NONE:
        size = y.shape[1] if activation < NONE else larger(1, y.size)  # 0 where there are no rows
        for first in range(0, y.size, size):
            _call_backward(abs(activation), (view(y, first, (size,)), view(dy, first, (size,))))


@kernel
def add_rows(dz, db):
    """db += Σ dz over the rows: dz (n, units), db (units,) or empty where it is not wanted."""
    rows, units = dz.shape
    if db.size == 0:
        return
    together = rows_together(rows, units)
    sums = empty(together * units, dz)
    clear(sums)
    for first in range(0, rows, together):
        part = view(dz, first * units, (smaller(together, rows - first) * units,))
        for k in range(part.size):
            sums[k] += part[k]
    for i in range(together):
        row = view(sums, i * units, (units,))
        for j in range(units):
            db[j] += row[j]
