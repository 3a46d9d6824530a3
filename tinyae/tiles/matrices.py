"""The three products of matrices that lie row after row: by tiles where these win, else by BLAS.

    product(tiles, A, B, C)                   C = A B
    add_product(tiles, A, B, C)               C += Aᵀ B
    product_transposed(tiles, A, B, T, C)     C = A Bᵀ, where T is `turned(tiles, B, …)`

`tiles` is what `tiles_for` gives. BLAS packs A and B anew before it multiplies, which some hundred
rows hardly pay for; tiles take the matrices where they lie, which must consist of whole strips.
Convolutions multiply so; dense layers are trained by `tiled` where tiles win.
"""

import numpy as np

from ..machine import products
from ..machine.basics import smaller
from ..machine.calls import NONE
from ..machine.jit import allocating, called, inlined, shared
from ..machine.views import view
from .strips import LANES, as_strips
from .tiles import multiply, multiply_transposed, strided_address, win
from .tiles import product as by_tiles

SMALL = 1_000_000  # multiplications: for fewer BLAS packs nothing either, but for an A Bᵀ
DEPTH = 64  # rows of A and B in Aᵀ B that are taken together: what a tile reads stays in the cache


def tiles_for(dtype: np.dtype) -> int:
    """What kernels know the product by tiles by; NONE where BLAS is as fast."""
    return strided_address(by_tiles, dtype) if win(dtype) else NONE


@shared
def product(tiles, A, B, C):
    """C = A B."""
    if in_whole_strips(tiles, C.shape[1]) and A.size * C.shape[1] > SMALL:
        multiply_rows(tiles, A, B, C)
    else:
        products.product(A, B, C)


@shared
def add_product(tiles, A, B, C):
    """C += Aᵀ B."""
    rows, columns = C.shape
    if in_whole_strips(tiles, columns) and A.size * columns > SMALL:
        numbers, strips = view(A, 0, (A.size,)), whole_strips(C)
        for k in range(0, A.shape[0], DEPTH):
            some = view(B, k * columns, (smaller(DEPTH, A.shape[0] - k), columns))
            multiply_transposed(
                tiles, numbers, k * rows, rows, rows, whole_strips(some), strips, True
            )
    else:
        products.add_product(A, B, C)


@shared
def product_transposed(tiles, A, B, T, C):
    """C = A Bᵀ."""
    if in_whole_strips(tiles, C.shape[1]):
        multiply_rows(tiles, A, T, C)
    else:
        products.product_transposed(A, B, C)


@allocating
def turned(tiles, B, numbers, start):
    """Bᵀ, which lies from `start` on; filled if tiles are to take it."""
    rows, columns = B.shape
    T = view(numbers, start, (columns, rows))
    if in_whole_strips(tiles, rows):
        for first in range(0, rows, LANES):
            for j in range(columns):
                for i in range(first, first + LANES):
                    T[j, i] = B[i, j]
    return T


@called
def in_whole_strips(tiles, columns):
    return tiles != NONE and columns % LANES == 0


@shared
def multiply_rows(tiles, A, B, C):
    """C = A B by tiles."""
    rows, depth = A.shape
    numbers = view(A, 0, (A.size,))
    multiply(tiles, numbers, 0, depth, rows, whole_strips(B), whole_strips(C), False)


@inlined
def whole_strips(matrix):
    """The strips of a matrix that lies row after row."""
    rows, columns = matrix.shape
    return as_strips(matrix, 0, columns, rows, columns // LANES)
