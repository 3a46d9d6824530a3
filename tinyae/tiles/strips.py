"""Matrices in strips: sixteen columns side by side, row after row; then the next sixteen.

    row 0   ┌──────────┐   ┌──────────┐   ┌──────────┐        A vector of sixteen numbers is one
    row 1   │ strip 0  │   │ strip 1  │   │ strip 2  │        row of a strip, and a strip lies in
    ...     │ (rows,16)│   │          │   │     ┊    │        one piece: a layer of sixteen units
            └──────────┘   └──────────┘   └──────────┘        of its own.

As arrays they are (strips, rows, 16). In the last strip what is beyond the matrix's columns may be
any finite numbers.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numpy.lib.stride_tricks import as_strided

from ..machine.basics import smaller
from ..machine.jit import called, inlined, machine_code, shared
from ..machine.views import view
from ..system.numba_parts import populate_array

LANES = 16


@called
def strip_count(columns):
    return (columns + LANES - 1) // LANES


@inlined
def in_strips(numbers, start, columns, rows):
    """The matrix whose strips lie from `start` on."""
    return view(numbers, start, (strip_count(columns), rows, LANES))


# Between strips and matrices, whose rows begin at `start` and are `pitch` apart


@shared
def from_strips(strips, numbers, start, pitch, rows, columns):
    """Fill a matrix from strips."""
    for v in range(strips.shape[0]):
        source = v * strips.shape[1] * LANES
        target, left = start + v * LANES, columns - v * LANES
        if left >= LANES:
            for k in range(rows):
                copy_vector(strips, source + k * LANES, numbers, target + k * pitch)
        else:
            for k in range(rows):
                vector = view(strips, source + k * LANES, (LANES,))
                for j in range(left):
                    numbers[target + k * pitch + j] = vector[j]


@shared
def transposed_to_strips(strips, numbers, start, pitch, rows, columns):
    """Fill strips with a transposed matrix: its rows become columns, and its columns rows."""
    for v in range(strips.shape[0]):
        left = smaller(LANES, rows - v * LANES)
        for k in range(0, columns, LANES):
            source, depth = start + v * LANES * pitch + k, smaller(LANES, columns - k)
            target = (v * strips.shape[1] + k) * LANES
            if left == LANES and depth == LANES:
                transpose(numbers, source, pitch, strips, target, LANES)
            else:
                some = view(strips, target, (depth, LANES))
                for j in range(depth):
                    for i in range(left):
                        some[j, i] = numbers[source + i * pitch + j]
                    for i in range(left, LANES):
                        some[j, i] = 0


@shared
def transposed_from_strips(strips, numbers, start, pitch, rows, columns):
    """The other way round."""
    for v in range(strips.shape[0]):
        left = smaller(LANES, rows - v * LANES)
        for k in range(0, columns, LANES):
            source, depth = (v * strips.shape[1] + k) * LANES, smaller(LANES, columns - k)
            target = start + v * LANES * pitch + k
            if left == LANES and depth == LANES:
                transpose(strips, source, LANES, numbers, target, pitch)
            else:
                some = view(strips, source, (depth, LANES))
                for i in range(left):
                    for j in range(depth):
                        numbers[target + i * pitch + j] = some[j, i]


# For the compiler

INTEGER, VECTOR = ir.IntType(64), ir.VectorType(ir.FloatType(), LANES)


def _write_strips(typing_context, numbers, start, pitch, rows, strips):
    strided = types.Array(numbers.dtype, 3, "A")
    return strided(numbers, *[types.intp] * 4), _generate_strips


def _generate_strips(context, builder, signature, arguments):
    numbers, start, pitch, rows, strips = arguments
    whole = context.make_array(signature.args[0])(context, builder, numbers)
    result = context.make_array(signature.return_type)(context, builder)
    steps = INTEGER(LANES), pitch, INTEGER(1)
    strides = [builder.mul(step, whole.itemsize) for step in steps]
    place = builder.gep(whole.data, [start])
    shape = [strips, rows, INTEGER(LANES)]
    populate_array(result, place, shape, strides, whole.itemsize, meminfo=None)
    return result._getvalue()


@machine_code(_write_strips)
def as_strips(numbers, start, pitch, rows, strips):
    """Strips of a matrix where it lies: its rows begin at `start`, `pitch` apart."""
    size = numbers.itemsize
    steps = LANES * size, pitch * size, size
    return as_strided(numbers.reshape(-1)[start:], (strips, rows, LANES), steps)


def vector_at(builder, data, place):
    """Where sixteen numbers lie, as one vector."""
    return builder.bitcast(builder.gep(data, [place]), VECTOR.as_pointer())


def _write_copy(typing_context, source, a, target, b):
    return types.void(source, types.intp, target, types.intp), _generate_copy


def _generate_copy(context, builder, signature, arguments):
    source, target = (
        context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 2)
    )
    vector = ir.VectorType(source.type.pointee, LANES).as_pointer()
    source = builder.bitcast(builder.gep(source, [arguments[1]]), vector)
    target = builder.bitcast(builder.gep(target, [arguments[3]]), vector)
    builder.store(builder.load(source, align=4), target, align=4)
    return context.get_dummy_value()


@machine_code(_write_copy)
def copy_vector(source, a, target, b):
    """Sixteen numbers of any type from place a of a contiguous array to place b of another."""
    target.reshape(-1)[b : b + LANES] = source.reshape(-1)[a : a + LANES]


# Sixteen rows are transposed in registers, in four rounds. In the round of bit d (1, 2, 4, 8) rows
# i and i + d exchange: of each the lanes with that bit go to the other.


def exchange(builder, pair, d):
    """Two rows in a round of bit d."""
    low = [lane + LANES - d if lane & d else lane for lane in range(LANES)]
    high = [lane + LANES if lane & d else lane + d for lane in range(LANES)]
    masks = (ir.VectorType(ir.IntType(32), LANES)(lanes) for lanes in (low, high))
    return [builder.shuffle_vector(*pair, mask) for mask in masks]


def _write_transpose(typing_context, source, a, step_a, target, b, step_b):
    places = [types.intp] * 2
    return types.void(source, *places, target, *places), _generate_transpose


def _generate_transpose(context, builder, signature, arguments):
    source, target = (
        context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 3)
    )

    def rows_at(data, start, step):
        places = (builder.add(start, builder.mul(step, INTEGER(i))) for i in range(LANES))
        return [vector_at(builder, data, place) for place in places]

    rows = [builder.load(row, align=4) for row in rows_at(source, *arguments[1:3])]
    for d in (1, 2, 4, 8):
        for i in range(LANES):
            if not i & d:
                rows[i], rows[i + d] = exchange(builder, (rows[i], rows[i + d]), d)
    for row, place in zip(rows, rows_at(target, *arguments[4:]), strict=True):
        builder.store(row, place, align=4)
    return context.get_dummy_value()


@machine_code(_write_transpose)
def transpose(source, a, step_a, target, b, step_b):
    """Sixteen rows of sixteen numbers become columns; a step is from one row to the next."""
    i, j = np.arange(LANES), np.arange(LANES)[:, np.newaxis]
    target.reshape(-1)[b + i + j * step_b] = source.reshape(-1)[a + j + i * step_a]
