"""Products of matrices whose common side lies in the lanes: C[i, j] = Σ A[:, i, :] B[:, j, :].

Four rows of A and four of B make a block of sixteen sums, each in registers of its own while the
strips go by. At the end each register's lanes are added up: in four rounds, like those in which
sixteen rows are transposed, but for the two rows of each exchange, which become their sum. So half
of the rows are left after each round, and then one, whose lanes are the sixteen sums.
"""

import numpy as np
from llvmlite import ir
from numba import types

from ..machine.basics import smaller
from ..machine.jit import machine_code, shared
from ..machine.views import view
from ..system.numba_parts import cgutils
from .strips import INTEGER, LANES, VECTOR, exchange, vector_at

SIDE = 4  # of a block: its sixteen sums fill half of the registers of AVX-512


def _write_block(typing_context, A, a, B, b, strips, height_a, height_b, sums):
    places = types.intp, B, *[types.intp] * 4
    return types.void(A, *places, sums), _generate_block


def _generate_block(context, builder, signature, arguments):
    A, B, sums = (
        context.make_array(signature.args[i])(context, builder, arguments[i]).data
        for i in (0, 2, 7)
    )
    a, b, strips, *heights = (arguments[i] for i in (1, 3, 4, 5, 6))
    lanes, fastmath = INTEGER(LANES), ("reassoc", "nsz", "contract")
    kind = ir.FunctionType(VECTOR, [VECTOR] * 3)
    fma = cgutils.get_or_insert_function(builder.module, kind, "llvm.fma.v16f32")
    totals = [cgutils.alloca_once_value(builder, VECTOR(None)) for _ in range(LANES)]
    for total in totals:
        builder.store(VECTOR(None), total)
    with cgutils.for_range(builder, strips) as loop:
        rows = []
        for data, first, height in zip((A, B), (a, b), heights, strict=True):
            place = builder.add(first, builder.mul(loop.index, builder.mul(height, lanes)))
            rows.append(
                [
                    builder.load(
                        vector_at(builder, data, builder.add(place, INTEGER(i * LANES))), align=4
                    )
                    for i in range(SIDE)
                ]
            )
        for k, total in enumerate(totals):
            pair = rows[0][k // SIDE], rows[1][k % SIDE]
            builder.store(builder.call(fma, [*pair, builder.load(total)]), total)
    found = [builder.load(total) for total in totals]
    for d in (1, 2, 4, 8):
        pairs = zip(found[::2], found[1::2], strict=True)
        found = [builder.fadd(*exchange(builder, pair, d), flags=fastmath) for pair in pairs]
    builder.store(found[0], vector_at(builder, sums, INTEGER(0)), align=4)
    return context.get_dummy_value()


@machine_code(_write_block)
def block(A, a, B, b, strips, height_a, height_b, sums):
    """sums[4 i + j] = Σ A[v, i, :] B[v, j, :] over all strips v, for i and j below 4.

    The rows of A begin at a, and the next strip's `height_a` rows further; so do B's.
    """
    v, i, lane = np.ogrid[:strips, :SIDE, :LANES]
    rows_a = A.reshape(-1)[a + (v * height_a + i) * LANES + lane]
    rows_b = B.reshape(-1)[b + (v * height_b + i) * LANES + lane]
    sums[:] = np.einsum("vil,vjl->ij", rows_a, rows_b).reshape(-1)


@shared
def dots(A, a, height, rows, B, b, columns, strips, sums, C, c):
    """C[i, j] = Σ A[v, i, :] B[v, j, :] for i < rows, j < columns: a matrix that lies from c on.

    A's strips have `height` rows, none if one strip stands for all; B's have the columns. Blocks at
    the edge take what lies beyond as rows, too, and leave out what comes of them.
    """
    for i in range(0, rows, SIDE):
        for j in range(0, columns, SIDE):
            block(A, a + i * LANES, B, b + j * LANES, strips, height, columns, sums)
            for u in range(smaller(SIDE, rows - i)):
                part = view(C, c + (i + u) * columns + j, (smaller(SIDE, columns - j),))
                for w in range(part.size):
                    part[w] = sums[u * SIDE + w]
