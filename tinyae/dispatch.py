"""From an op to its kernels; compiled apart from the loop that calls them, family by family.

Numba copies what a function calls into it and optimises the copy again, at every level. So the
engine calls the functions here by address, which it finds in the op's record: the engine is small,
each family's kernels are compiled once, and only where a model has a layer of that family.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numba import carray, from_dtype, types
from numba.core import cgutils
from numba.core.ccallback import CFunc
from numba.extending import intrinsic

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

# In all families: W and b flat, empty where there are none; x (n, inputs), y (n, outputs). `step`
# is the optimizer's, or NOT_TRAINING; `position` that of the first row in the mini-batch. Backward
# adds into dW and db, which are empty if not wanted, uses dy up, and writes dx (n, inputs); only
# layers with weights are called with an empty dx.


@inlined
def vector_forward(op, W, b, x, y, scratch, step, position):
    """Dense, Activation, Flatten and Reshape."""
    if op.kind == DENSE:
        dense_forward(x, W.reshape(op.inputs, op.outputs), b, op.activation, y)
    else:
        if op.x != op.y:  # elsewhere y is x's own memory
            copy(x, y)
        if op.kind == ACTIVATION:
            activation_forward(b, op.activation, y)


@inlined
def vector_backward(op, W, x, y, dy, dW, db, dx, scratch, step, position):
    if op.kind == DENSE:
        dW_matrix = dW.reshape(op.inputs * op.trainable, op.outputs)
        W_matrix = W.reshape(op.inputs, op.outputs)
        dense_backward(x, W_matrix, y, op.activation, dy, dW_matrix, db, dx)
    else:
        if op.kind == ACTIVATION:
            activation_backward(y, op.activation, dy, db)
        if dx.size and op.dx != op.dy:
            copy(dy, dx)


@inlined
def image_forward(op, W, b, x, y, scratch, step, position):
    """Convolutions, pooling and upsampling."""
    if op.kind == CONVOLUTION:
        conv_forward(op, x, W, b, y, scratch)
    else:
        resize_forward(op, x, y)


@inlined
def image_backward(op, W, x, y, dy, dW, db, dx, scratch, step, position):
    if op.kind == CONVOLUTION:
        conv_backward(op, x, W, y, dy, dW, db, dx, scratch)
    elif dx.size:
        resize_backward(op, x, y, dy, dx)


@inlined
def noise_forward(op, W, b, x, y, scratch, step, position):
    """Dropout and GaussianNoise."""
    if op.kind == DROPOUT:
        dropout(op, x, y, step, position)
    else:
        gaussian_noise(op, x, y, step, position)


@inlined
def noise_backward(op, W, x, y, dy, dW, db, dx, scratch, step, position):
    if dx.size == 0:
        return
    if op.kind == DROPOUT:
        dropout(op, dy, dx, step, position)
    else:
        copy(dy, dx)


# The same by address, for flat arrays that begin at the op's numbers and may go on behind them


@inlined
def forward_arrays(op, parameters, x, y, scratch, n, scratch_size):
    """Pointers as arrays: op, W, b, x, y, scratch."""
    op = carray(op, 1)[0]
    parameters = carray(parameters, max(op.W + op.W_size, op.b + op.b_size))
    W, b = parameters[op.W : op.W + op.W_size], parameters[op.b : op.b + op.b_size]
    x, y = carray(x, (n, op.inputs)), carray(y, (n, op.outputs))
    return op, W, b, x, y, carray(scratch, scratch_size)


@inlined
def backward_arrays(op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size):
    """Pointers as arrays: op, W, x, y, dy, dW, db, dx, scratch."""
    op, W, _, x, y, scratch = forward_arrays(op, parameters, x, y, scratch, n, scratch_size)
    gradient = carray(gradient, max(op.W + op.W_size, op.b + op.b_size))
    dW = gradient[op.W : op.W + op.W_size * op.trainable]
    db = gradient[op.b : op.b + op.b_size * op.trainable]
    dx = carray(dx, (n if op.dx != NOWHERE else 0, op.inputs))
    return op, W, x, y, carray(dy, (n, op.outputs)), dW, db, dx, scratch


def _vector_forward(op, parameters, x, y, scratch, n, scratch_size, step, position):
    op, W, b, x, y, scratch = forward_arrays(op, parameters, x, y, scratch, n, scratch_size)
    vector_forward(op, W, b, x, y, scratch, step, position)


def _image_forward(op, parameters, x, y, scratch, n, scratch_size, step, position):
    op, W, b, x, y, scratch = forward_arrays(op, parameters, x, y, scratch, n, scratch_size)
    image_forward(op, W, b, x, y, scratch, step, position)


def _noise_forward(op, parameters, x, y, scratch, n, scratch_size, step, position):
    op, W, b, x, y, scratch = forward_arrays(op, parameters, x, y, scratch, n, scratch_size)
    noise_forward(op, W, b, x, y, scratch, step, position)


def _vector_backward(
    op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size, step, position
):
    op, W, x, y, dy, dW, db, dx, scratch = backward_arrays(
        op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size
    )
    vector_backward(op, W, x, y, dy, dW, db, dx, scratch, step, position)


def _image_backward(
    op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size, step, position
):
    op, W, x, y, dy, dW, db, dx, scratch = backward_arrays(
        op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size
    )
    image_backward(op, W, x, y, dy, dW, db, dx, scratch, step, position)


def _noise_backward(
    op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size, step, position
):
    op, W, x, y, dy, dW, db, dx, scratch = backward_arrays(
        op, parameters, x, y, dy, gradient, dx, scratch, n, scratch_size
    )
    noise_backward(op, W, x, y, dy, dW, db, dx, scratch, step, position)


class Family(NamedTuple):
    """Kernels that are compiled together, as functions and for a call by address."""

    forward: Callable
    backward: Callable
    forward_callback: Callable
    backward_callback: Callable


VECTOR = Family(vector_forward, vector_backward, _vector_forward, _vector_backward)
IMAGE = Family(image_forward, image_backward, _image_forward, _image_backward)
NOISE = Family(noise_forward, noise_backward, _noise_forward, _noise_backward)
FAMILIES = {
    **dict.fromkeys((DENSE, ACTIVATION, RESHAPE), VECTOR),
    **dict.fromkeys((CONVOLUTION, MAX_POOLING, AVERAGE_POOLING, UPSAMPLING), IMAGE),
    **dict.fromkeys((DROPOUT, GAUSSIAN_NOISE), NOISE),
}

_compiled: dict[tuple[Callable, str], CFunc] = {}  # compiled code knows them by address only
_compiling = threading.Lock()


def addresses(kind: int, dtype: np.dtype) -> tuple[int, int]:
    """Where the kernels of one kind of op are, forward and backward: compiled, or loaded."""
    if DISABLED:
        return 0, 0
    family = FAMILIES[kind]
    return (
        _address(family.forward_callback, 4, dtype),
        _address(family.backward_callback, 7, dtype),
    )


def _address(function: Callable, arrays: int, dtype: np.dtype) -> int:
    with _compiling:
        key = function, dtype.name
        if key not in _compiled:
            array = types.CPointer(from_dtype(dtype))
            op = types.CPointer(from_dtype(OP))
            signature = types.void(op, *[array] * arrays, *[types.int64] * 4)
            _compiled[key] = callback(function, signature)
        return _compiled[key].address


@intrinsic
def call_address(typing_context, address, pointers, integers):
    """Call the C function at an address: with pointers, given as integers, and with integers."""

    def generate(context, builder, signature, arguments):
        address, *tuples = arguments
        pointers, integers = (cgutils.unpack_tuple(builder, each) for each in tuples)
        pointers = [builder.inttoptr(pointer, cgutils.voidptr_t) for pointer in pointers]
        values = [*pointers, *integers]
        function = cgutils.ir.FunctionType(cgutils.ir.VoidType(), [each.type for each in values])
        builder.call(builder.inttoptr(address, function.as_pointer()), values)
        return context.get_dummy_value()

    return types.void(address, pointers, integers), generate


# As the engine runs them: row i of the table, on n samples; flat arrays, as above


@inlined
def _run_forward(table, i, n, parameters, x, y, scratch, step, position):
    pointers = (
        *(table[i : i + 1].ctypes.data, parameters.ctypes.data),
        *(x.ctypes.data, y.ctypes.data, scratch.ctypes.data),
    )
    call_address(table[i].forward, pointers, (n, scratch.size, step, position))


@inlined
def _run_backward(table, i, n, parameters, x, y, dy, gradient, dx, scratch, step, position):
    pointers = (
        *(table[i : i + 1].ctypes.data, parameters.ctypes.data, x.ctypes.data, y.ctypes.data),
        *(dy.ctypes.data, gradient.ctypes.data, dx.ctypes.data, scratch.ctypes.data),
    )
    call_address(table[i].backward, pointers, (n, scratch.size, step, position))


def _run_forward_plain(table, i, n, parameters, x, y, scratch, step, position):
    op = table[i]
    W, b = parameters[op.W : op.W + op.W_size], parameters[op.b : op.b + op.b_size]
    x, y = x[: n * op.inputs].reshape(n, -1), y[: n * op.outputs].reshape(n, -1)
    FAMILIES[op.kind].forward(op, W, b, x, y, scratch, step, position)


def _run_backward_plain(table, i, n, parameters, x, y, dy, gradient, dx, scratch, step, position):
    op = table[i]
    W = parameters[op.W : op.W + op.W_size]
    dW = gradient[op.W : op.W + op.W_size * op.trainable]
    db = gradient[op.b : op.b + op.b_size * op.trainable]
    x, dx = (array[: n * op.inputs].reshape(n, -1) for array in (x, dx))
    y, dy = (array[: n * op.outputs].reshape(n, -1) for array in (y, dy))
    dx = dx if op.dx != NOWHERE else dx[:0]
    FAMILIES[op.kind].backward(op, W, x, y, dy, dW, db, dx, scratch, step, position)


run_forward = _run_forward_plain if DISABLED else _run_forward
run_backward = _run_backward_plain if DISABLED else _run_backward
