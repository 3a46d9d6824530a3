"""Matrices in strips, and their products by tiles, as NumPy has them."""

import numpy as np
import pytest

from tinyae.machine.jit import kernel
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import strips, tiles
from tinyae.tiles.strips import LANES

ADDRESS = tiles.product_address(tiles.product, np.dtype(np.float32))
SIZES = (1, 2, 5, 15, 16, 17, 31, 33, 64, 70)


@kernel
def fill(matrix, start, pitch, columns, out, first, rows):
    strips.to_strips(matrix, start, pitch, columns, out, first, rows)


@kernel
def empty(out, first, rows, matrix, start, pitch, columns):
    strips.from_strips(out, first, rows, matrix, start, pitch, columns)


@kernel
def turn(matrix, start, pitch, rows, columns, out):
    strips.transposed_to_strips(matrix, start, pitch, rows, columns, out)


@kernel
def multiply(address, A, first, B, C, add):
    tiles.multiply(address, A, first, B, C, add)


@kernel
def multiply_transposed(address, A, first, columns, B, C):
    tiles.multiply_transposed(address, A, first, columns, B, C)


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
def test_strips_hold_some_rows_of_some_columns(columns):
    matrix, out = numbers(6, columns + 3), np.full_like(cut(numbers(9, columns)), np.nan)
    flat, pitch = matrix.reshape(-1), columns + 3
    fill(flat, pitch + 2, pitch, columns, out, 4, 5)
    np.testing.assert_array_equal(out[:, 4:], cut(matrix[1:, 2 : columns + 2]))
    assert np.isnan(out[:, :4]).all()
    back = numbers(6, columns + 3, seed=1)
    expected = back.copy()
    expected[1:, 2 : columns + 2] = matrix[1:, 2 : columns + 2]
    empty(out, 4, 5, back.reshape(-1), pitch + 2, pitch, columns)
    np.testing.assert_array_equal(back, expected)


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("columns", SIZES)
def test_strips_hold_a_matrix_turned(rows, columns):
    matrix, pitch = numbers(rows + 1, columns + 2), columns + 2
    out = np.full_like(cut(numbers(columns, rows)), np.nan)
    turn(matrix.reshape(-1), pitch + 2, pitch, rows, columns, out)
    np.testing.assert_array_equal(out, cut(matrix[1:, 2:].T))


def assert_product(found, A, B):
    """Right but for the rounding of each sum."""
    bound = 1e-6 * (np.abs(A).astype(np.float64) @ np.abs(B).astype(np.float64))
    assert (np.abs(found - A.astype(np.float64) @ B) <= bound).all()


@pytest.mark.parametrize("rows", range(1, 24 if DISABLED else 71))
def test_products_by_tiles_are_products(rows):
    """Of every number of rows; the other sizes are drawn."""
    depth, columns = np.random.default_rng(rows).integers(1, 71, 2)
    A, B = numbers(rows, depth), numbers(depth, columns)
    out = np.full_like(cut(numbers(rows, columns)), np.nan)
    multiply(ADDRESS, cut(A, np.nan), 0, cut(B), out, False)
    assert_product(pasted(out, columns), A, B)
    again = out.copy()
    joined = np.concatenate([cut(numbers(rows, 32)), cut(A, np.nan)])  # from the third strip on
    multiply(ADDRESS, joined, 2, cut(B), again, True)
    np.testing.assert_allclose(again, 2 * out, rtol=1e-4, atol=1e-4)
    turned = np.full_like(cut(numbers(rows, columns)), np.nan)
    joined = np.concatenate([cut(numbers(depth, 16)), cut(A.T, np.nan)])
    multiply_transposed(ADDRESS, joined, 1, rows, cut(B), turned)
    assert_product(pasted(turned, columns), A, B)


def test_a_sum_is_the_same_however_a_product_is_cut():
    A, B = cut(numbers(50, 200)), cut(numbers(200, 150))
    whole, parts = (np.zeros((B.shape[0], 50, LANES), np.float32) for _ in range(2))
    multiply(ADDRESS, A, 0, B, whole, False)
    for first, last in ((0, 1), (1, 6), (6, 8), (8, 10)):
        for k in (0, 64, 128, 192):  # the depth in pieces
            piece = np.ascontiguousarray(B[first:last, k : k + 64])
            multiply(ADDRESS, A, k // LANES, piece, parts[first:last], k > 0)
    if DISABLED:  # NumPy sums in an order of its own
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-4)
    else:
        assert parts.tobytes() == whole.tobytes()
