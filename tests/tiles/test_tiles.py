"""Matrices in strips, and their products by tiles, as NumPy has them."""

import numpy as np
import pytest

from tinyae.machine.jit import kernel
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import strips, tiles
from tinyae.tiles.strips import LANES

ADDRESS = tiles.strided_address(tiles.product, np.dtype(np.float32))
SIZES = (1, 2, 5, 15, 16, 17, 31, 33, 64, 70)


@kernel
def from_strips(parts, matrix, start, pitch, rows, columns):
    strips.from_strips(parts, matrix, start, pitch, rows, columns)


@kernel
def transposed_to_strips(parts, matrix, start, pitch, rows, columns):
    strips.transposed_to_strips(parts, matrix, start, pitch, rows, columns)


@kernel
def transposed_from_strips(parts, matrix, start, pitch, rows, columns):
    strips.transposed_from_strips(parts, matrix, start, pitch, rows, columns)


@kernel
def see(matrix, start, pitch, rows, count):
    return strips.as_strips(matrix, start, pitch, rows, count)


@kernel
def multiply(address, A, a, pitch, rows, B, C, add):
    tiles.multiply(address, A, a, pitch, rows, B, C, add)


@kernel
def multiply_transposed(address, A, a, pitch, columns, B, C, add):
    tiles.multiply_transposed(address, A, a, pitch, columns, B, C, add)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def cut(matrix, beyond=0.0):
    """The matrix in strips, by definition."""
    rows, columns = matrix.shape
    wide = np.full((rows, -(-columns // LANES) * LANES), beyond, np.float32)
    wide[:, :columns] = matrix
    return np.ascontiguousarray(wide.reshape(rows, -1, LANES).transpose(1, 0, 2))


def pasted(parts, columns):
    """What `cut` has cut."""
    return parts.transpose(1, 0, 2).reshape(parts.shape[1], -1)[:, :columns]


@pytest.mark.parametrize("columns", SIZES)
def test_rows_of_strips_become_rows_of_a_matrix(columns):
    matrix, pitch = numbers(9, columns), columns + 3
    back = numbers(6, pitch, seed=1)
    expected = back.copy()
    expected[1:, 2 : columns + 2] = matrix[:5]
    from_strips(cut(matrix), back.reshape(-1), pitch + 2, pitch, 5, columns)
    np.testing.assert_array_equal(back, expected)


def test_strips_are_seen_where_a_matrix_lies():
    matrix = numbers(6, 100)
    seen = see(matrix, 207, 100, 4, 5)
    np.testing.assert_array_equal(seen, cut(matrix[2:, 7:87]))
    seen[3, 1] = 0
    assert not matrix[3, 55:71].any()


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("columns", SIZES)
def test_strips_hold_a_matrix_turned(rows, columns):
    matrix, pitch = numbers(rows + 1, columns + 2), columns + 2
    out = np.full_like(cut(numbers(columns, rows)), np.nan)
    place = pitch + 2, pitch, rows, columns
    transposed_to_strips(out, matrix.reshape(-1), *place)
    np.testing.assert_array_equal(out, cut(matrix[1:, 2:].T))
    back = np.full_like(matrix, 7)
    transposed_from_strips(out, back.reshape(-1), *place)
    np.testing.assert_array_equal(back[1:, 2:], matrix[1:, 2:])
    assert (back[0] == 7).all()
    assert (back[:, :2] == 7).all()


def assert_product(found, A, B):
    """Right but for the rounding of each sum."""
    bound = 1e-6 * (np.abs(A).astype(np.float64) @ np.abs(B).astype(np.float64))
    assert (np.abs(found - A.astype(np.float64) @ B) <= bound).all()


@pytest.mark.parametrize("rows", range(1, 24 if DISABLED else 71))
def test_products_by_tiles_are_products(rows):
    """Of every number of rows; the other sizes are drawn."""
    depth, columns = np.random.default_rng(rows).integers(1, 71, 2)
    A, B = numbers(rows, depth), numbers(depth, columns)
    wide, pitch = np.full((rows + 1, depth + 3), np.nan, np.float32), depth + 3
    wide[1:, 2:-1] = A
    out = np.full_like(cut(numbers(rows, columns)), np.nan)
    multiply(ADDRESS, wide.reshape(-1), pitch + 2, pitch, rows, cut(B), out, False)
    assert_product(pasted(out, columns), A, B)
    again = out.copy()
    multiply(ADDRESS, wide.reshape(-1), pitch + 2, pitch, rows, cut(B), again, True)
    np.testing.assert_allclose(again, 2 * out, rtol=1e-4, atol=1e-4)
    wide, pitch = np.full((depth, rows + 3), np.nan, np.float32), rows + 3
    wide[:, 2:-1] = A.T
    turned = np.full_like(out, np.nan)
    multiply_transposed(ADDRESS, wide.reshape(-1), 2, pitch, rows, cut(B), turned, False)
    assert_product(pasted(turned, columns), A, B)


def test_a_sum_is_the_same_however_a_product_is_cut():
    A, B = numbers(50, 200).reshape(-1), cut(numbers(200, 150))
    whole, parts = (np.zeros((B.shape[0], 50, LANES), np.float32) for _ in range(2))
    multiply(ADDRESS, A, 0, 200, 50, B, whole, False)
    for first, last in ((0, 1), (1, 6), (6, 8), (8, 10)):
        for k in (0, 64, 128, 192):  # the depth in pieces
            piece = np.ascontiguousarray(B[first:last, k : k + 64])
            multiply(ADDRESS, A, k, 200, 50, piece, parts[first:last], k > 0)
    if DISABLED:  # NumPy sums in an order of its own
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-4)
    else:
        assert parts.tobytes() == whole.tobytes()
