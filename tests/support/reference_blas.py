"""A BLAS of plain loops, as the reference BLAS is: right, and slow."""

from numba import carray, cfunc, types

from tinyae.blas import blas

_kept = []  # compiled code is known by its address only


def gemm(order, transpose_a, transpose_b, m, n, k, alpha, A, lda, B, ldb, beta, C, ldc):
    """Row-major C = alpha op(A) op(B) + beta C, with the arguments of ``cblas_?gemm``."""
    a = carray(A, (k if transpose_a == blas.TRANSPOSE else m) * lda)
    b = carray(B, (n if transpose_b == blas.TRANSPOSE else k) * ldb)
    c = carray(C, m * ldc)
    for i in range(m):
        for j in range(n):
            total = alpha - alpha
            for p in range(k):
                x = a[p * lda + i] if transpose_a == blas.TRANSPOSE else a[i * lda + p]
                total += x * (b[j * ldb + p] if transpose_b == blas.TRANSPOSE else b[p * ldb + j])
            at = i * ldc + j
            c[at] = alpha * total + (beta * c[at] if beta != 0 else 0)


def addresses(integer_bits):
    """Of ``cblas_sgemm`` and ``cblas_dgemm``, which take integers of that width."""
    compiled = [
        cfunc(types.void(*blas.gemm_arguments(real, types.CPointer(real), integer_bits)))(gemm)
        for real in (types.float32, types.float64)
    ]
    _kept.extend(compiled)
    return tuple(each.address for each in compiled)
