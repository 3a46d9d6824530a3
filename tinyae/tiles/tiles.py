"""Matrix products by tiles that stay in the processor's registers.

Matrices are in `strips`: sixteen columns side by side, row after row. A tile is a part of the
result, `ROWS` rows of `STRIPS` strips, each number of which is one chain of sums:

                     B    k ┌────────┬────────┬────────┬────────┐
                            │ vector │ vector │ vector │ vector │  4 vectors are loaded,
            k               ╞════════╪════════╪════════╪════════╡
     A   ┌─────┐          C ║   +    │   +    │   +    │   +    ║
         │ one │            ║   +    │   +    │   +    │   +    ║
    6    │ num-│            ║   +    │   +    │   +    │   +    ║  24 sums stay in registers
    rows │ ber │ for each   ║   +    │   +    │   +    │   +    ║  while k goes on
         │ in  │ lane of    ║   +    │   +    │   +    │   +    ║
         │ each│ its row    ║   +    │   +    │   +    │   +    ║
         └─────┘            ╚════════╧════════╧════════╧════════╝

For each k, 24 products of 16 numbers are added for ten loads: the processor multiplies all the
time. BLAS does the same, with more to prepare than matrices of a few hundred rows pay for; a loop
in Python would not get there, since the compiler keeps no sums in registers along k.

The chain is the same in each shape of tile, k after k, so results do not depend on how a product
is cut into tiles and which thread computes which.
"""

from collections.abc import Callable

import numpy as np
from llvmlite import ir
from numba import types

from ..machine.calls import by_address
from ..machine.jit import called, machine_code
from ..machine.views import view
from ..system.numba_parts import cgutils, processor_has
from .strips import LANES

# The registers: 32 of sixteen numbers, or 16 of eight, two of which make a vector here.
WIDE = processor_has("avx512f")
STRIPS = 4 if WIDE else 1

REAL = ir.FloatType()
VECTOR = ir.VectorType(REAL, LANES)
INTEGER = ir.IntType(64)


def register_tile(rows: int, strips: int) -> Callable:
    """What computes a tile of this shape.

    ``tile(A, a, row, step, group, B, q, C, r, add)``: C[q + v, r + u] for u < rows, v < strips, is
    the sum over k of the k-th number of A's row u times B[q + v, k]; with `add`, what was there is
    added to. A's numbers begin at a; the next row's are `row` further, the next k's `step`, and
    every sixteenth's `group` instead.
    """

    def write(typing_context, A, a, row, step, group, B, q, C, r, add):
        return types.void(A, *[types.intp] * 4, B, types.intp, C, types.intp, types.boolean), emit

    def emit(context, builder, signature, arguments):
        A, a, row, step, group, B, q, C, r, add = arguments
        A, B, C = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 5, 7)
        )
        depth = cgutils.unpack_tuple(builder, B.shape)[1]
        height = cgutils.unpack_tuple(builder, C.shape)[1]

        def place(data, *steps):
            """Where so many numbers further lie; each step is a count times a length."""
            offset = INTEGER(0)
            for count, length in steps:
                offset = builder.add(offset, builder.mul(count, length))
            return builder.gep(data, [offset])

        def vector_at(pointer):
            return builder.bitcast(pointer, VECTOR.as_pointer())

        lanes, each = INTEGER(LANES), range(strips)
        B_strips = [
            place(B.data, (builder.add(q, INTEGER(v)), builder.mul(depth, lanes))) for v in each
        ]
        results = [
            vector_at(
                place(
                    C.data,
                    (builder.add(q, INTEGER(v)), builder.mul(height, lanes)),
                    (builder.add(r, INTEGER(u)), lanes),
                )
            )
            for u in range(rows)
            for v in each
        ]
        kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
        fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v16f32")
        sums = [cgutils.alloca_once_value(builder, VECTOR(None)) for _ in results]
        for total in sums:
            builder.store(VECTOR(None), total)
        with builder.if_then(add):
            for total, result in zip(sums, results, strict=True):
                builder.store(builder.load(result, align=4), total)
        with cgutils.for_range(builder, depth) as loop:
            k = loop.index
            vectors = [
                builder.load(vector_at(place(B_strip, (k, lanes))), align=4) for B_strip in B_strips
            ]
            inside, sixteens = builder.and_(k, INTEGER(LANES - 1)), builder.udiv(k, lanes)
            here = place(A.data, (a, INTEGER(1)), (inside, step), (sixteens, group))
            for u in range(rows):
                number = builder.load(place(here, (INTEGER(u), row)))
                spread = _in_all_lanes(builder, number)
                for v in each:
                    total = sums[u * strips + v]
                    chain = builder.call(fma, [spread, vectors[v], builder.load(total)])
                    builder.store(chain, total)
        for total, result in zip(sums, results, strict=True):
            builder.store(builder.load(total), result, align=4)
        return context.get_dummy_value()

    @machine_code(write)
    def tile(A, a, row, step, group, B, q, C, r, add):
        k = np.arange(B.shape[1])
        places = a + k % LANES * step + k // LANES * group
        for u in range(rows):
            for v in range(strips):
                sums = A.reshape(-1)[places + u * row] @ B[q + v]
                C[q + v, r + u] = C[q + v, r + u] + sums if add else sums

    return tile


def _in_all_lanes(builder, number):
    first = builder.insert_element(VECTOR(ir.Undefined), number, ir.IntType(32)(0))
    return builder.shuffle_vector(first, first, ir.VectorType(ir.IntType(32), LANES)([0] * LANES))


tile_6, tile_5, tile_1 = (register_tile(rows, STRIPS) for rows in (6, 5, 1))
pair_8, pair_1 = (register_tile(rows, 2) for rows in (8, 1))
NARROW = 8 if WIDE else 6
tall, low, one = (register_tile(rows, 1) for rows in (NARROW, 4, 1))


@called
def product(A, a, row, step, group, rows, B, C, r, add):
    """C[:, r + u] = the sum over k of A's row u times B's row k, for u < rows, tile by tile.

    Where A's numbers lie is said as to a tile.
    """
    q, strips = 0, C.shape[0]
    while STRIPS > 1 and q + STRIPS <= strips:
        u = 0
        while u + 6 <= rows and (rows - u) % 5 != 0:
            tile_6(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 6
        while u + 5 <= rows:
            tile_5(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 5
        while u < rows:
            tile_1(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 1
        q += STRIPS
    while STRIPS > 2 and q + 2 <= strips:
        u = 0
        while u + 8 <= rows:
            pair_8(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 8
        while u < rows:
            pair_1(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 1
        q += 2
    while q < strips:
        u = 0
        while u + NARROW <= rows:
            tall(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += NARROW
        while u + 4 <= rows:
            low(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 4
        while u < rows:
            one(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 1
        q += 1


# Compiled once, whoever calls it: the address goes with the other numbers of a run.
product_address, call_product = by_address(
    "A, a, row, step, group, rows, B, C, r, add",
    lambda real: types.void(
        *(
            real[::1],
            *[types.int64] * 5,
            real[:, :, ::1],
            real[:, :, ::1],
            types.int64,
            types.boolean,
        )
    ),
)


@called
def multiply(address, A, first, B, C, add):
    """C = A B, or C + A B, over as many columns of A as B has rows, from strip `first` on."""
    numbers, strip = view(A, 0, (A.size,)), A.shape[1] * LANES
    call_product(address, (numbers, first * strip, LANES, 1, strip, A.shape[1], B, C, 0, add))


@called
def multiply_transposed(address, A, first, columns, B, C):
    """C = Aᵀ B for so many of A's columns, from strip `first` on."""
    numbers, strip = view(A, 0, (A.size,)), A.shape[1] * LANES
    for r in range(0, columns, LANES):
        a, rows = first * strip + r // LANES * strip, min(LANES, columns - r)
        call_product(address, (numbers, a, 1, LANES, LANES * LANES, rows, B, C, r, False))
