"""Matrix products by tiles that stay in the processor's registers.

Matrices are in `strips`, or seen so where they lie: sixteen columns side by side, row after row. A
tile is a part of the result, some rows of some strips, each number of which is one chain of sums.
With AVX-512, which has 32 registers of sixteen numbers, it is as here; AVX2 has 16 registers of
eight, two for a vector, in which six rows of one strip have room:

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
from ..machine.jit import called, inlined, machine_code
from ..system.numba_parts import DISABLED, cgutils, processor_has
from .strips import LANES

# What a processor has, by LLVM's names
NEED = "avx512f"  # with fewer or smaller registers BLAS is as fast
NEED_IN_LANES = "fma"  # as all have with AVX2: in lanes matrices are too small for BLAS
WIDE = processor_has(NEED)
STRIPS = 4 if WIDE else 1

REAL = ir.FloatType()
VECTOR = ir.VectorType(REAL, LANES)
INTEGER = ir.IntType(64)


def register_tile(rows: int, strips: int) -> Callable:
    """What computes a tile of this shape.

    ``tile(A, a, row, step, group, B, q, C, r, add)``: C[q + v, r + u] for u < rows, v < strips, is
    the sum over k of the k-th number of A's row u times B[q + v, k]; with `add`, what was there is
    added to. A's numbers begin at a; the next row's are `row` further, the next k's `step`, and
    every sixteenth's `group` instead. The strips of B and C and their rows may have any strides.
    """

    def write(typing_context, A, a, row, step, group, B, q, C, r, add):
        return types.void(A, *[types.intp] * 4, B, types.intp, C, types.intp, types.boolean), emit

    def emit(context, builder, signature, arguments):
        A, a, A_row, step, group, B, q, C, r, add = arguments
        A, B, C = (
            context.make_array(signature.args[i])(context, builder, arguments[i]) for i in (0, 5, 7)
        )
        depth = cgutils.unpack_tuple(builder, B.shape)[1]

        def place(data, *steps):
            """Where so many numbers further lie; each step is a count times a length."""
            offset = INTEGER(0)
            for count, length in steps:
                offset = builder.add(offset, builder.mul(count, length))
            return builder.gep(data, [offset])

        def steps(position, array):
            """How many numbers further the next strip lies, and the next row."""
            if signature.args[position].layout == "C":
                height = cgutils.unpack_tuple(builder, array.shape)[1]
                return builder.mul(height, lanes), lanes
            strides = cgutils.unpack_tuple(builder, array.strides)
            return [builder.ashr(stride, INTEGER(2)) for stride in strides[:2]]

        def vector_at(pointer):
            return builder.bitcast(pointer, VECTOR.as_pointer())

        lanes, each = INTEGER(LANES), range(strips)
        (B_strip, B_row), (C_strip, C_row) = steps(5, B), steps(7, C)
        B_rows = cgutils.alloca_once_value(builder, place(B.data, (q, B_strip)))
        corner = place(C.data, (q, C_strip), (r, C_row))
        results = [
            vector_at(place(place(corner, (INTEGER(u), C_row)), (INTEGER(v), C_strip)))
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
            first = builder.load(B_rows)
            vectors = [
                builder.load(vector_at(place(first, (INTEGER(v), B_strip))), align=4) for v in each
            ]
            builder.store(place(first, (B_row, INTEGER(1))), B_rows)
            inside, sixteens = builder.and_(k, INTEGER(LANES - 1)), builder.udiv(k, lanes)
            here = place(A.data, (a, INTEGER(1)), (inside, step), (sixteens, group))
            for u in range(rows):
                number = builder.load(place(here, (INTEGER(u), A_row)))
                spread = _in_all_lanes(builder, number)
                row = sums[u * strips : (u + 1) * strips]
                for vector, total in zip(vectors, row, strict=True):
                    chain = builder.call(fma, [spread, vector, builder.load(total)])
                    builder.store(chain, total)
                if WIDE and strips > 1:
                    _finish(builder, [builder.load(total) for total in row])
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


def _finish(builder, sums):
    """Have the compiler add these sums before it loads more, which would take others' registers."""
    kind = ir.FunctionType(ir.VoidType(), [VECTOR] * len(sums))
    nothing = ir.InlineAsm(kind, "", ",".join("v" * len(sums)), side_effect=True)
    builder.call(nothing, sums, attrs=("convergent",))  # nor is k's loop unrolled around it


def sixes_and_fives(strips: int) -> Callable:
    """What multiplies all rows for that many strips, with as few left over as there can be."""
    six, five, single = (register_tile(rows, strips) for rows in (6, 5, 1))

    @inlined
    def multiply_strips(A, a, row, step, group, rows, B, q, C, r, add):
        u = 0
        while u + 6 <= rows and (rows - u) % 5 != 0:
            six(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 6
        while u + 5 <= rows:
            five(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 5
        while u < rows:
            single(A, a + u * row, row, step, group, B, q, C, r + u, add)
            u += 1

    return multiply_strips


many, pair = sixes_and_fives(STRIPS), sixes_and_fives(2)
NARROW = 8 if WIDE else 6
tall, low, one = (register_tile(rows, 1) for rows in (NARROW, 4, 1))


@called
def product(A, a, row, step, group, rows, B, C, r, add):
    """C[:, r + u] = the sum over k of A's row u times B's row k, for u < rows, tile by tile.

    Where A's numbers lie is said as to a tile.
    """
    q, strips = 0, C.shape[0]
    while STRIPS > 1 and q + STRIPS <= strips:
        many(A, a, row, step, group, rows, B, q, C, r, add)
        q += STRIPS
    while STRIPS > 2 and q + 2 <= strips:
        pair(A, a, row, step, group, rows, B, q, C, r, add)
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


def win(dtype: np.dtype, need: str = NEED) -> bool:
    """Whether tiles are faster than BLAS: in float32, on a processor with what it needs."""
    return not DISABLED and dtype == np.float32 and processor_has(need)


def _signature(real, strips):
    return types.void(real[::1], *[types.int64] * 5, strips, strips, types.int64, types.boolean)


# Compiled once, whoever calls it: the address goes with the other numbers of a run.
NAMES = "A, a, row, step, group, rows, B, C, r, add"
product_address, call_product = by_address(NAMES, lambda real: _signature(real, real[:, :, ::1]))
# The same for strips of any strides
strided_address, call_strided = by_address(NAMES, lambda real: _signature(real, real[:, :, :]))


@called
def multiply(address, A, a, pitch, rows, B, C, add):
    """C = A B, or C + A B; A has as many columns as B has rows, and its rows are `pitch` apart."""
    call_strided(address, (A, a, pitch, 1, LANES, rows, B, C, 0, add))


@called
def multiply_transposed(address, A, a, pitch, columns, B, C, add):
    """C = Aᵀ B, or C + Aᵀ B, for so many of A's columns, of as many rows as B has."""
    call_strided(address, (A, a, 1, pitch, LANES * pitch, columns, B, C, 0, add))
