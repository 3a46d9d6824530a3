"""A matrix product for where no fast BLAS is found: 4 rows of A with 4 rows of B at a time.

Sixteen numbers of A stand in registers while a stretch of four rows of B goes by, so that each
number that is read is used four times. BLAS is about three times as fast, plain loops are eight
times slower.
"""

import numba
import numpy as np

from ..system.numba_parts import DISABLED, OPTIONS

WIDTH = 256  # numbers of a row at a time, which with seven other rows fit into the first cache
TILE = 16  # rows that are transposed at a time


def compiled(function):
    """As `jit.kernel`, which multiplies by what is chosen here; kept with what calls it."""
    return function if DISABLED else numba.njit(**OPTIONS)(function)


@compiled
def gemm(A, B, C, accumulate, transpose_A, transpose_B):
    """C = op(A) op(B), or C + op(A) op(B), where B and C are contiguous."""
    (m, n), k = C.shape, A.shape[0] if transpose_A else A.shape[1]
    b = (transposed(B) if transpose_B else B).reshape(k * n)
    c = C.reshape(m * n)
    if not accumulate:
        for j in range(m * n):
            c[j] = 0
    for j in range(0, n, WIDTH):
        width = min(WIDTH, n - j)
        for i in range(0, m - m % 4, 4):
            for p in range(0, k - k % 4, 4):
                add_four_rows(A, b, c, n, i, p, j, width, transpose_A)
            for p in range(k - k % 4, k):
                for r in range(i, i + 4):
                    add_row(A, b, c, n, r, p, j, width, transpose_A)
        for r in range(m - m % 4, m):
            for p in range(k):
                add_row(A, b, c, n, r, p, j, width, transpose_A)


@compiled
def transposed(B):
    """A copy of Bᵀ."""
    b = np.empty((B.shape[1], B.shape[0]), B.dtype)
    for start in range(0, B.shape[0], TILE):
        for p in range(B.shape[1]):
            for j in range(start, min(B.shape[0], start + TILE)):
                b[p, j] = B[j, p]
    return b


@compiled
def entry(A, i, p, transpose):
    """op(A)[i, p]."""
    return A[p, i] if transpose else A[i, p]


@compiled
def add_row(A, b, c, n, i, p, j, width, transpose):
    """To row i of C what row p of B adds, from column j on."""
    x, y = b[p * n + j : p * n + j + width], c[i * n + j : i * n + j + width]
    factor = entry(A, i, p, transpose)
    for s in range(width):
        y[s] += factor * x[s]


@compiled
def add_four_rows(A, b, c, n, i, p, j, width, transpose):
    """To rows i to i + 3 of C what rows p to p + 3 of B add, from column j on."""
    q, r = p * n + j, i * n + j
    x0, x1 = b[q : q + width], b[q + n : q + n + width]
    x2, x3 = b[q + 2 * n : q + 2 * n + width], b[q + 3 * n : q + 3 * n + width]
    y0, y1 = c[r : r + width], c[r + n : r + n + width]
    y2, y3 = c[r + 2 * n : r + 2 * n + width], c[r + 3 * n : r + 3 * n + width]
    a00, a01, a02, a03 = four(A, i, p, transpose)
    a10, a11, a12, a13 = four(A, i + 1, p, transpose)
    a20, a21, a22, a23 = four(A, i + 2, p, transpose)
    a30, a31, a32, a33 = four(A, i + 3, p, transpose)
    for s in range(np.uintp(width)):  # without the check for negative indices
        y0[s] += a00 * x0[s] + a01 * x1[s] + a02 * x2[s] + a03 * x3[s]
        y1[s] += a10 * x0[s] + a11 * x1[s] + a12 * x2[s] + a13 * x3[s]
        y2[s] += a20 * x0[s] + a21 * x1[s] + a22 * x2[s] + a23 * x3[s]
        y3[s] += a30 * x0[s] + a31 * x1[s] + a32 * x2[s] + a33 * x3[s]


@compiled
def four(A, i, p, transpose):
    """op(A)[i, p : p + 4]."""
    return (
        entry(A, i, p, transpose),
        entry(A, i, p + 1, transpose),
        entry(A, i, p + 2, transpose),
        entry(A, i, p + 3, transpose),
    )
