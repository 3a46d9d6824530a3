"""The three matrix products of a layer, by the BLAS that was found; without the JIT, NumPy's.

    product(A, B, C)              C = A B       forward: what each sample gives each unit
    add_product(A, B, C)          C += Aᵀ B     to a weight's gradient, over all samples
    product_transposed(A, B, C)   C = A Bᵀ      backward: what each unit gives each input

A, B and C are contiguous matrices of one type; A may be `columns` of one.
"""

import numpy as np
from llvmlite import ir
from numba import types

from ..blas import portable
from ..blas.blas import BLAS, NO_TRANSPOSE, PORTABLE, ROW_MAJOR, TRANSPOSE
from ..system.numba_parts import cgutils
from .jit import machine_code, shared
from .views import clear


@shared
def product(A, B, C):
    """C = A B."""
    if A.shape[0] == 1:  # BLAS would first copy all of B
        clear(C)
        _add_row_product(A, B, C)
    elif A.size == 0:  # which BLAS does not take
        clear(C)
    elif C.size > 0:
        _gemm(A, B, C, False, False, False)


@shared
def add_product(A, B, C):
    """C += Aᵀ B."""
    if A.size > 0 and C.size > 0:
        _gemm(A, B, C, True, True, False)


@shared
def product_transposed(A, B, C):
    """C = A Bᵀ."""
    if A.size == 0:
        clear(C)
    elif C.size > 0:
        _gemm(A, B, C, False, False, True)


@shared
def _add_row_product(A, B, C):
    """C += A B for an A with one row.

    Rows of B are not read where A is zero: the pixels and hidden units that are off.
    """
    for i in range(A.shape[1]):
        if A[0, i] != 0:
            for j in range(C.shape[1]):
                C[0, j] += A[0, i] * B[i, j]


# For the compiler


def _write_gemm(typing_context, A, B, C, accumulate, transpose_A, transpose_B):
    return types.void(A, B, C, *[types.boolean] * 3), _generate_gemm


def _generate_gemm(context, builder, signature, arguments):
    number = context.get_data_type(signature.args[0].dtype)
    integer, order = ir.IntType(BLAS.integer_bits), ir.IntType(32)
    accumulate, transpose_A, transpose_B = arguments[3:]

    def operand(position):
        array_type = signature.args[position]
        array = context.make_array(array_type)(context, builder, arguments[position])
        rows, columns = cgutils.unpack_tuple(builder, array.shape)
        pitch = columns  # from row to row; the strides of NumPy's one-row arrays may be anything
        if array_type.layout != "C":
            pitch = builder.sdiv(cgutils.unpack_tuple(builder, array.strides)[0], array.itemsize)
        return builder.bitcast(array.data, cgutils.voidptr_t), rows, columns, pitch

    def whole(size):
        return size if size.type == integer else builder.trunc(size, integer)

    def operation(transpose):
        return builder.select(transpose, order(TRANSPOSE), order(NO_TRANSPOSE))

    (A, A_rows, A_columns, A_pitch), (B, _, _, B_pitch), (C, m, n, _) = map(operand, range(3))
    k = builder.select(transpose_A, A_rows, A_columns)
    values = [
        *(order(ROW_MAJOR), operation(transpose_A), operation(transpose_B)),
        *(whole(m), whole(n), whole(k), number(1.0), A, whole(A_pitch), B, whole(B_pitch)),
        *(builder.select(accumulate, number(1.0), number(0.0)), C, whole(n)),
    ]
    name = "tinyae_sgemm" if signature.args[0].dtype == types.float32 else "tinyae_dgemm"
    function = ir.FunctionType(ir.VoidType(), [value.type for value in values])
    builder.call(cgutils.get_or_insert_function(builder.module, function, name), values)
    return context.get_dummy_value()


@machine_code(_write_gemm)
def _blas_gemm(A, B, C, accumulate, transpose_A, transpose_B):
    """C = op(A) op(B), or C + op(A) op(B), by ``cblas_?gemm``."""
    result = np.matmul(A.T if transpose_A else A, B.T if transpose_B else B)
    C[...] = C + result if accumulate else result


_gemm = portable.gemm if BLAS is PORTABLE else _blas_gemm
