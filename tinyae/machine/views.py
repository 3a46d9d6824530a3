"""Views of arrays in kernels: any part of an array's memory, in any shape.

These functions compile in a fraction of the time of NumPy's slices, `reshape` and ``y[:] = x``,
which ask about every case and format messages that no one would see. A view does not keep its
array alive: the kernel's caller does.
"""

import math

from numba import types

from ..system.numba_parts import cgutils, populate_array
from .jit import inlined, machine_code


def _write_view(typing_context, array, start, shape):
    whole = types.UniTuple(types.intp, len(shape))
    return types.Array(array.dtype, len(shape), "C")(array, types.intp, whole), _generate_view


def _generate_view(context, builder, signature, arguments):
    array_type, _, _ = signature.args
    array, start, shape = arguments
    data = context.make_array(array_type)(context, builder, array).data
    shape = cgutils.unpack_tuple(builder, shape)
    itemsize = context.get_constant(types.intp, array_type.dtype.bitwidth // 8)
    strides = [itemsize]
    for size in shape[:0:-1]:
        strides.insert(0, builder.mul(size, strides[0]))
    result = context.make_array(signature.return_type)(context, builder)
    pointer = builder.gep(data, [start])
    populate_array(result, pointer, shape, strides, itemsize, meminfo=None)
    return result._getvalue()


@machine_code(_write_view)
def view(array, start, shape):
    """The numbers of a contiguous array from `start` on, in that shape."""
    return array.reshape(-1)[start : start + math.prod(shape)].reshape(shape)


def _write_columns(typing_context, array, first, count):
    strided = types.Array(array.dtype, 2, "A")
    return strided(array, types.intp, types.intp), _generate_columns


def _generate_columns(context, builder, signature, arguments):
    array_type, _, _ = signature.args
    array, first, count = arguments
    whole = context.make_array(array_type)(context, builder, array)
    rows, width = cgutils.unpack_tuple(builder, whole.shape)
    result = context.make_array(signature.return_type)(context, builder)
    strides = [builder.mul(width, whole.itemsize), whole.itemsize]
    pointer = builder.gep(whole.data, [first])
    populate_array(result, pointer, [rows, count], strides, whole.itemsize, meminfo=None)
    return result._getvalue()


@machine_code(_write_columns)
def columns(array, first, count):
    """So many columns of a contiguous matrix."""
    return array[:, first : first + count]


@inlined
def copy(x, y):
    """y = x, number by number, for contiguous arrays of one size, of any shapes."""
    source, target = view(x, 0, (x.size,)), view(y, 0, (x.size,))
    for i in range(target.size):
        target[i] = source[i]


@inlined
def is_finite(array):
    """Whether a contiguous array of any shape holds neither NaN nor infinity."""
    numbers = view(array, 0, (array.size,))
    total = numbers.dtype.type(0)
    for i in range(numbers.size):
        total += numbers[i] * 0  # NaN where the number is neither
    return total == 0


@inlined
def clear(array):
    """array = 0, for a contiguous array of any shape."""
    target = view(array, 0, (array.size,))
    for i in range(target.size):
        target[i] = 0
