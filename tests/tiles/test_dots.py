"""Products whose common side lies in the lanes, as NumPy has them."""

import numpy as np
import pytest

from tinyae.machine.jit import kernel
from tinyae.tiles import dots
from tinyae.tiles.strips import LANES


@kernel
def multiply(A, a, height, rows, B, b, columns, strips, sums, C, c):
    dots.dots(A, a, height, rows, B, b, columns, strips, sums, C, c)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("strips", [1, 2, 5])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (4, 4), (2, 9), (7, 3), (8, 12), (13, 5)])
def test_blocks_of_every_form_are_products(rows, columns, strips):
    A, B = numbers(strips, rows, LANES), numbers(strips, columns, LANES, seed=1)
    beyond = np.full(4 * LANES, np.nan, np.float32)  # which blocks at the edge take along
    flat = np.concatenate([[0] * 3, A.reshape(-1), beyond]).astype(np.float32)
    others = np.concatenate([[0] * 5, B.reshape(-1), beyond]).astype(np.float32)
    C, sums = np.full(rows * columns + 4, 7, np.float32), np.empty(LANES, np.float32)
    multiply(flat, 3, rows, rows, others, 5, columns, strips, sums, C, 2)
    expected = np.einsum("vil,vjl->ij", A.astype(float), B)
    np.testing.assert_allclose(C[2:-2].reshape(rows, columns), expected, rtol=1e-5, atol=1e-5)
    assert (C[[0, 1, -2, -1]] == 7).all()


def test_one_strip_may_stand_for_all():
    B, ones = numbers(3, 6, LANES), np.ones(4 * LANES, np.float32)
    flat = np.concatenate([B.reshape(-1), np.zeros(4 * LANES)]).astype(np.float32)
    C = np.empty(6, np.float32)
    multiply(ones, 0, 0, 1, flat, 0, 6, 3, np.empty(LANES, np.float32), C, 0)
    np.testing.assert_allclose(C, B.sum(axis=(0, 2)), rtol=1e-5, atol=1e-5)
