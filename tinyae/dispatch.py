"""From an op to its kernels; compiled apart from the loop that calls it.

Numba copies what a function calls into it and optimises the copy again, at every level. So the
engine calls the two functions here by address, like the BLAS: all the kernels are compiled once, in
a fraction of the time, and the engine is small. `prepare` must have run before the engine does.
"""

import threading
from collections.abc import Callable

import llvmlite.binding
import numpy as np
from numba import carray, from_dtype, types
from numba.extending import overload

from .activations import activation_backward, activation_forward
from .jit import DISABLED, callback, copy, inlined
from .layers.conv import conv_backward, conv_forward
from .layers.dense import dense_backward, dense_forward
from .layers.noise import dropout, gaussian_noise
from .layers.pooling import resize_backward, resize_forward
from .ops import (
    ACTIVATION,
    AVERAGE_POOLING,
    CONVOLUTION,
    DENSE,
    DROPOUT,
    GAUSSIAN_NOISE,
    MAX_POOLING,
    NOWHERE,
    OP,
    RESHAPE,
    UPSAMPLING,
)


@inlined
def op_forward(op, parameters, x, y, scratch, step, position):
    """Run one op on x (n, inputs) into y (n, outputs).

    `step` is the optimizer's, or NOT_TRAINING; `position` that of the first row in the mini-batch.
    """
    W = parameters[op.W : op.W + op.W_size]
    b = parameters[op.b : op.b + op.b_size]
    if op.kind == DENSE:
        dense_forward(x, W.reshape(op.inputs, op.outputs), b, op.activation, y)
    elif op.kind == CONVOLUTION:
        conv_forward(op, x, W, b, y, scratch)
    elif op.kind == MAX_POOLING or op.kind == AVERAGE_POOLING or op.kind == UPSAMPLING:
        resize_forward(op, x, y)
    elif op.kind == ACTIVATION:
        copy(x, y)
        activation_forward(b, op.activation, y)
    elif op.kind == RESHAPE and op.x != op.y:  # elsewhere y is x's own memory
        copy(x, y)
    elif op.kind == DROPOUT:
        dropout(op, x, y, step, position)
    elif op.kind == GAUSSIAN_NOISE:
        gaussian_noise(op, x, y, step, position)


@inlined
def op_backward(op, parameters, x, y, dy, gradient, dx, scratch, step, position):
    """The gradient of one op: adds into the gradient vector, writes dx (n, inputs) unless empty.

    dy is used up.
    """
    W = parameters[op.W : op.W + op.W_size]
    wanted = op.trainable
    dW = gradient[op.W : op.W + op.W_size * wanted]
    db = gradient[op.b : op.b + op.b_size * wanted]
    if op.kind == DENSE:
        shape = (op.inputs, op.outputs)
        dW_matrix = dW.reshape(op.inputs * wanted, op.outputs)
        dense_backward(x, W.reshape(shape), y, op.activation, dy, dW_matrix, db, dx)
    elif op.kind == CONVOLUTION:
        conv_backward(op, x, W, y, dy, dW, db, dx, scratch)
    elif op.kind == ACTIVATION:
        activation_backward(y, op.activation, dy, db)
        if dx.size:
            copy(dy, dx)
    elif dx.size == 0:  # the rest have no weights
        return
    elif op.kind == MAX_POOLING or op.kind == AVERAGE_POOLING or op.kind == UPSAMPLING:
        resize_backward(op, x, y, dy, dx)
    elif op.kind == DROPOUT:
        dropout(op, dy, dx, step, position)
    elif op.dx != op.dy:  # noise, and a reshape that does not share its memory
        copy(dy, dx)


# The same for flat arrays that begin at the op's numbers and may go on behind them: by address, as
# other compiled code can call them, ...


def _forward_at(op, parameters, x, y, scratch, n, scratch_size, step, position):
    op = carray(op, 1)[0]
    op_forward(
        op,
        carray(parameters, max(op.W + op.W_size, op.b + op.b_size)),
        carray(x, (n, op.inputs)),
        carray(y, (n, op.outputs)),
        carray(scratch, scratch_size),
        step,
        position,
    )


def _backward_at(op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size, step, position):
    op = carray(op, 1)[0]
    size = max(op.W + op.W_size, op.b + op.b_size)
    op_backward(
        op,
        carray(parameters, size),
        carray(x, (n, op.inputs)),
        carray(y, (n, op.outputs)),
        carray(dy, (n, op.outputs)),
        carray(gradient, size),
        carray(dx, (n if op.dx != NOWHERE else 0, op.inputs)),
        carray(scratch, scratch_size),
        step,
        position,
    )


def _signature(arrays: int, integers: int, pointer: types.Type, op: types.Type) -> types.Type:
    return types.void(op, *[pointer] * arrays, *[types.int64] * integers)


_FUNCTIONS: dict[str, tuple[Callable, int, int]] = {
    "forward": (_forward_at, 4, 4),
    "backward": (_backward_at, 7, 4),
}
_prepared: dict[str, object] = {}  # compiled code knows the callbacks by address only
_preparing = threading.Lock()


def prepare(dtype: np.dtype) -> None:
    """Compile the kernels for float32 or float64, or load them, for the engine to call."""
    with _preparing:
        if DISABLED or f"forward_{dtype}" in _prepared:
            return
        pointer, op = types.CPointer(from_dtype(dtype)), types.CPointer(from_dtype(OP))
        for name, (function, arrays, integers) in _FUNCTIONS.items():
            compiled = callback(function, _signature(arrays, integers, pointer, op))
            llvmlite.binding.add_symbol(f"tinyae_{name}_{dtype}", compiled.address)
            _prepared[f"{name}_{dtype}"] = compiled


_external = {
    f"{name}_{dtype}": types.ExternalFunction(
        f"tinyae_{name}_{dtype}", _signature(arrays, integers, types.voidptr, types.voidptr)
    )
    for name, (_, arrays, integers) in _FUNCTIONS.items()
    for dtype in ("float32", "float64")
}


# ... and as the engine calls them


def run_forward(table, i, n, parameters, x, y, scratch, step, position):
    """`op_forward` for row i of the table, on n samples."""
    op = table[i]
    x, y = x[: n * op.inputs].reshape(n, -1), y[: n * op.outputs].reshape(n, -1)
    op_forward(op, parameters, x, y, scratch, step, position)


def run_backward(table, i, n, parameters, x, y, dy, gradient, dx, scratch, step, position):
    """`op_backward` for row i of the table, on n samples."""
    op = table[i]
    x, dx = (array[: n * op.inputs].reshape(n, -1) for array in (x, dx))
    y, dy = (array[: n * op.outputs].reshape(n, -1) for array in (y, dy))
    dx = dx if op.dx != NOWHERE else dx[:0]
    op_backward(op, parameters, x, y, dy, gradient, dx, scratch, step, position)


@overload(run_forward)
def _run_forward(table, i, n, parameters, x, y, scratch, step, position):
    call = _external[f"forward_{parameters.dtype}"]

    def run(table, i, n, parameters, x, y, scratch, step, position):
        call(
            table[i : i + 1].ctypes,
            parameters.ctypes,
            x.ctypes,
            y.ctypes,
            scratch.ctypes,
            n,
            scratch.size,
            step,
            position,
        )

    return run


@overload(run_backward)
def _run_backward(table, i, n, parameters, x, y, dy, gradient, dx, scratch, step, position):
    call = _external[f"backward_{parameters.dtype}"]

    def run(table, i, n, parameters, x, y, dy, gradient, dx, scratch, step, position):
        call(
            table[i : i + 1].ctypes,
            parameters.ctypes,
            x.ctypes,
            y.ctypes,
            dy.ctypes,
            gradient.ctypes,
            dx.ctypes,
            scratch.ctypes,
            n,
            scratch.size,
            step,
            position,
        )

    return run
