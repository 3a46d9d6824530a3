"""From an op to its kernels: what the engine calls, by address, for each kind of layer.

All forward kernels have one signature and all backward kernels another. W and b are flat, empty
where there are none; x is (n, inputs), y (n, outputs); scratch is as large as the layer asked for.
`step` is the optimizer's, or NOT_TRAINING, and `first` the position of row 0 in the mini-batch.
Backward adds into dW and db, uses dy up and writes dx; these are empty where they are not wanted.
Kernels that add into dW and db only, from what backward left in dy, are there for layers that can
do so for a part of their weights: `first` is the first row of W that dW is for.
"""

import functools

import numpy as np
from numba import from_dtype, types

from ..layers import noise, pooling
from ..layers.convolution import conv_backward, conv_forward
from ..layers.dense import dense_backward, dense_forward, dense_gradient
from ..layers.record import (
    ACTIVATION,
    AVERAGE_POOLING,
    CONVOLUTION,
    DENSE,
    DROPOUT,
    GAUSSIAN_NOISE,
    MAX_POOLING,
    OP,
    RESHAPE,
    UPSAMPLING,
)
from ..machine.calls import NONE, by_address
from ..machine.jit import inlined, kernel
from ..machine.views import copy, view
from ..maths.activations import activation_backward, activation_forward

# Nothing but compiled code calls these, so the wrapper that Python would need is left out.
called = functools.partial(kernel, no_cpython_wrapper=True, no_cfunc_wrapper=True)


@called
def dense(op, W, b, x, y, scratch, step, first):
    dense_forward(x, view(W, 0, (op.inputs, op.outputs)), b, op.activation, y)


@called
def dense_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    W_matrix = view(W, 0, (op.inputs, op.outputs))
    dW_matrix = view(dW, 0, (dW.size // op.outputs, op.outputs))
    dense_backward(x, W_matrix, y, op.slope, dy, dW_matrix, db, dx)


@called
def dense_part(op, x, dz, first, dW, db):
    dense_gradient(x, dz, first, view(dW, 0, (dW.size // op.outputs, op.outputs)), db)


@inlined
def keep(op, x, y):
    """y = x, where y is not x's own memory."""
    if op.x != op.y:
        copy(x, y)


@inlined
def keep_back(op, dy, dx):
    if dx.size and op.dx != op.dy:
        copy(dy, dx)


@called
def activation(op, W, b, x, y, scratch, step, first):
    keep(op, x, y)
    activation_forward(b, op.activation, y)


@called
def activation_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    activation_backward(y, op.slope, dy)
    keep_back(op, dy, dx)


@called
def reshape(op, W, b, x, y, scratch, step, first):
    keep(op, x, y)


@called
def copy_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    keep_back(op, dy, dx)


@called
def convolution(op, W, b, x, y, scratch, step, first):
    conv_forward(op, x, W, b, y, scratch)


@called
def convolution_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    conv_backward(op, x, W, y, dy, dW, db, dx, scratch)


@called
def max_pooling(op, W, b, x, y, scratch, step, first):
    pooling.max_pooling_forward(op, x, y)


@called
def max_pooling_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    if dx.size:
        pooling.max_pooling_backward(op, x, y, dy, dx)


@called
def average_pooling(op, W, b, x, y, scratch, step, first):
    pooling.average_pooling_forward(op, x, y)


@called
def average_pooling_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    if dx.size:
        pooling.average_pooling_backward(op, x, y, dy, dx)


@called
def upsampling(op, W, b, x, y, scratch, step, first):
    pooling.upsampling_forward(op, x, y)


@called
def upsampling_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    if dx.size:
        pooling.upsampling_backward(op, x, y, dy, dx)


@called
def dropout(op, W, b, x, y, scratch, step, first):
    noise.dropout(op, x, y, step, first)


@called
def dropout_back(op, W, x, y, dy, dW, db, dx, scratch, step, first):
    if dx.size:
        noise.dropout(op, dy, dx, step, first)


@called
def gaussian_noise(op, W, b, x, y, scratch, step, first):
    noise.gaussian_noise(op, x, y, step, first)


KERNELS = {
    DENSE: (dense, dense_back),
    ACTIVATION: (activation, activation_back),
    RESHAPE: (reshape, copy_back),
    CONVOLUTION: (convolution, convolution_back),
    MAX_POOLING: (max_pooling, max_pooling_back),
    AVERAGE_POOLING: (average_pooling, average_pooling_back),
    UPSAMPLING: (upsampling, upsampling_back),
    DROPOUT: (dropout, dropout_back),
    GAUSSIAN_NOISE: (gaussian_noise, copy_back),
}
PARTS = {DENSE: dense_part}


def _forward_signature(real):
    op, flat, rows = from_dtype(OP), real[::1], real[:, ::1]
    return types.void(op, flat, flat, rows, rows, flat, types.int64, types.int64)


def _backward_signature(real):
    op, flat, rows = from_dtype(OP), real[::1], real[:, ::1]
    return types.void(
        *(op, flat, rows, rows, rows, flat, flat, rows, flat, types.int64, types.int64)
    )


def _part_signature(real):
    op, flat, rows = from_dtype(OP), real[::1], real[:, ::1]
    return types.void(op, rows, rows, types.int64, flat, flat)


_forward_address, call_forward = by_address(_forward_signature)
_backward_address, call_backward = by_address(_backward_signature)
_part_address, call_part = by_address(_part_signature)


def addresses(kind: int, dtype: np.dtype) -> tuple[int, int]:
    """Where the kernels of one kind of op are, forward and backward."""
    forward, backward = KERNELS[kind]
    return _forward_address(forward, dtype), _backward_address(backward, dtype)


def part_address(kind: int, dtype: np.dtype) -> int:
    """Where the kernel for a part of the weights' gradient is, or NONE."""
    return _part_address(PARTS[kind], dtype) if kind in PARTS else NONE
