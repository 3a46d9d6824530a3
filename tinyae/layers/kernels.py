"""How kernels of layers are called, by the engine and by a layer alone.

All forward kernels have one signature, and all backward kernels another. `op` is the layer's
record. w holds the layer's weights, one after the other as `build` declares them; x is (n, inputs),
y (n, outputs); scratch is at least as large as the layer asked for. `step` is the optimizer's, or
NOT_TRAINING, and `first` the position of row 0 in the mini-batch. Backward adds into dw, uses dy up
and writes dx; dw and dx are empty where they are not wanted. `Kernels` says more, with an example.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numba import from_dtype, types

from ..machine.calls import NONE, by_address
from ..machine.jit import kernel
from ..system.numba_parts import DISABLED
from .record import OP, as_type, record_type

NOT_TRAINING = -1  # in place of the step


class Kernels(NamedTuple):
    """What the engine needs of a kind of layer.

    Parameters
    ----------
    forward : kernel ``(op, w, x, y, scratch, step, first)``
        Computes y from x.
    backward : kernel ``(op, w, x, y, dy, dw, dx, scratch, step, first)``
        Computes dx and dw from dy.
    fields : mapping of str to int or float, optional
        The fields of its own that the layer's record has; `Layer.record_fields` gives their values.
    part : kernel ``(op, x, dz, first, dW, db)``, optional
        Adds into dW and db only, from what backward left in dy, where w is a matrix of (inputs,
        outputs) with or without numbers for the outputs behind it; dW is for the rows of the matrix
        from `first` on. Large models share this work between threads.
    copies : bool, default False
        Whether y and dx are copies of x and dy, so that they may be the same memory.

    See Also
    --------
    kernel : Compiles a function.
    Layer : Whose class names its kernels.

    Notes
    -----
    What the two kernels are given; arrays are C-contiguous and of the model's dtype:

    op
        The layer's record: ``op.inputs`` and ``op.outputs``, how many numbers a sample of x and of
        y has, and the fields of its own. It is read only.
    w : (p,)
        The layer's weights one after the other, as `build` declares them, each in C order.
    x : (n, inputs), y : (n, outputs)
        Some samples of the mini-batch, each as one row. Forward writes all of y; backward finds in
        it what forward wrote.
    dy : (n, outputs)
        The gradient for y. Backward uses dy up: it may write over it, and only `part` reads it
        afterwards.
    dw : (p,) or empty
        The gradient for w. Backward adds into dw, since other samples have added theirs.
    dx : (n, inputs) or empty
        The gradient for x. Backward writes all of dx. Both dw and dx are empty where not wanted.
    scratch : (at least `Layer.scratch_size`,)
        Room to work in; what it holds at first is left over from others.
    step : int
        How many steps of training came before, or -1 where the model is not in training.
    first : int
        The position of row 0 in the mini-batch; with `step` it decides random numbers.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> @tae.kernel
    ... def times(op, w, x, y, scratch, step, first):
    ...     for i in range(x.shape[0]):
    ...         for j in range(x.shape[1]):
    ...             y[i, j] = op.factor * w[j] * x[i, j]
    >>> @tae.kernel
    ... def times_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    ...     for i in range(x.shape[0]):
    ...         for j in range(x.shape[1]):
    ...             if dw.size:
    ...                 dw[j] += op.factor * x[i, j] * dy[i, j]
    ...             if dx.size:
    ...                 dx[i, j] = op.factor * w[j] * dy[i, j]
    >>> class Times(tae.Layer):
    ...     kernels = tae.Kernels(times, times_back, {"factor": float})
    ...
    ...     def __init__(self, factor):
    ...         super().__init__()
    ...         self.factor = factor
    ...
    ...     def build(self, input_shape):
    ...         self.add_weight("scale", input_shape, lambda shape, rng: np.ones(shape))
    ...         return input_shape
    ...
    ...     def record_fields(self):
    ...         return {"factor": self.factor}
    >>> layer = Times(3)
    >>> layer.build((2,))
    (2,)
    >>> y, cache = layer.forward([[1, 2]])
    >>> y, layer.backward([[1, 1]], cache), layer.gradients["scale"]
    (array([[3., 6.]], dtype=float32), array([[3., 3.]], dtype=float32),
     array([3., 6.], dtype=float32))
    """

    forward: Callable
    backward: Callable
    fields: Mapping[str, type] = {}
    part: Callable | None = None
    copies: bool = False

    @property
    def record(self) -> np.dtype:
        """The type of the layer's record."""
        return record_type(tuple(self.fields.items()))

    def forward_address(self, dtype: np.dtype) -> int:
        """Where the forward kernel for `dtype` is."""
        return _forward_address(named(self.forward, self.record), dtype, self.record)

    def backward_address(self, dtype: np.dtype) -> int:
        """Where the backward kernel for `dtype` is."""
        return _backward_address(named(self.backward, self.record), dtype, self.record)

    def part_address(self, dtype: np.dtype) -> int:
        """Where the kernel for a part of the weights' gradient is, for `dtype`, or NONE."""
        if self.part is None:
            return NONE
        return _part_address(named(self.part, self.record), dtype, self.record)


@functools.cache
def named(function: Callable, record: np.dtype) -> Callable:
    """Without the JIT: the kernel with its record's own fields. Compiled, its type has them."""
    if not DISABLED:
        return function

    @functools.wraps(function)
    def with_fields(op: np.record, *rest: Any) -> None:
        function(as_type(op, record), *rest)

    return with_fields


def _forward_signature(real, record=OP):
    op, flat, rows = from_dtype(record), real[::1], real[:, ::1]
    return types.void(op, flat, rows, rows, flat, types.int64, types.int64)


def _backward_signature(real, record=OP):
    op, flat, rows = from_dtype(record), real[::1], real[:, ::1]
    return types.void(*(op, flat, rows, rows, rows, flat, rows, flat, types.int64, types.int64))


def _part_signature(real, record=OP):
    op, flat, rows = from_dtype(record), real[::1], real[:, ::1]
    return types.void(op, rows, rows, types.int64, flat, flat)


_forward_address, call_forward = by_address("op, w, x, y, scratch, step, first", _forward_signature)
_backward_address, call_backward = by_address(
    "op, w, x, y, dy, dw, dx, scratch, step, first", _backward_signature
)
_part_address, call_part = by_address("op, x, dz, first, dW, db", _part_signature)


# For a layer alone, called from Python: the table has its record.


@kernel
def run_forward(table, w, x, y, scratch, step, first):
    """y from x."""
    op = table[0]
    call_forward(op.forward, (op, w, x, y, scratch, step, first))


@kernel
def run_backward(table, w, x, y, dy, dw, dx, scratch, step, first):
    """dw and dx from dy."""
    op = table[0]
    call_backward(op.backward, (op, w, x, y, dy, dw, dx, scratch, step, first))
