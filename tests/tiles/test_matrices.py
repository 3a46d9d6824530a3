"""Products of matrices that lie row after row, and which of them are by tiles."""

import numpy as np
import pytest

from tests.support.jit import needs_jit
from tinyae.machine.calls import NONE
from tinyae.machine.jit import called, kernel
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import matrices, tiles

ADDRESS = tiles.strided_address(tiles.product, np.dtype(np.float32))
KINDS = ("product", "add_product", "product_transposed")


@called
def marked(A, a, row, step, group, rows, B, C, r, add):
    """In place of the product by tiles."""
    for q in range(C.shape[0]):
        for i in range(C.shape[1]):
            for j in range(C.shape[2]):
                C[q, i, j] = 7


@kernel
def product(address, A, B, C):
    matrices.product(address, A, B, C)


@kernel
def add_product(address, A, B, C):
    matrices.add_product(address, A, B, C)


@kernel
def product_transposed(address, A, B, room, C):
    T = matrices.turned(address, B, room, 3)
    matrices.product_transposed(address, A, B, T, C)


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def made(kind, rows, depth, columns, address, dtype=np.float32):
    """C of that shape, the sum over `depth` products each; and the same in float64."""
    shapes = {
        "product": ((rows, depth), (depth, columns)),
        "add_product": ((depth, rows), (depth, columns)),
        "product_transposed": ((rows, depth), (columns, depth)),
    }
    A, B = (numbers(*shape, seed=seed).astype(dtype) for seed, shape in enumerate(shapes[kind]))
    C = numbers(rows, columns, seed=2).astype(dtype)
    before = C.astype(np.float64) * (kind == "add_product")
    if kind == "product":
        product(address, A, B, C)
    elif kind == "add_product":
        add_product(address, A, B, C)
    else:
        product_transposed(address, A, B, np.full(B.size + 3, np.nan, dtype), C)
    left = A.T if kind == "add_product" else A
    right = B.T if kind == "product_transposed" else B
    return C, before + left.astype(np.float64) @ right


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("address", [ADDRESS, NONE], ids=["tiles", "BLAS"])
@pytest.mark.parametrize("rows", [1, 5, 49, *range(331, 331 if DISABLED else 342)])
def test_products_are_products(kind, address, rows):
    """For every number of rows at the end of a tile; the other sizes are drawn."""
    depth, strips = np.random.default_rng(rows).integers((60, 3), (140, 9))
    for columns in (16 * strips, 16 * strips - 5):
        found, expected = made(kind, rows, depth, columns, address)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def by_tiles(kind, *sizes):
    address = tiles.strided_address(marked, np.dtype(np.float32))
    return (made(kind, *sizes, address)[0] == 7).all()


@pytest.mark.parametrize("kind", KINDS)
def test_large_products_of_whole_strips_are_by_tiles(kind):
    assert by_tiles(kind, 256, 64, 64)
    assert not by_tiles(kind, 256, 64, 65)


def test_small_products_are_by_blas_but_for_a_turned_factor():
    small = 100, 100, 96
    assert [by_tiles(kind, *small) for kind in KINDS] == [False, False, True]


@pytest.mark.parametrize("kind", KINDS)
def test_float64_is_by_blas(kind):
    assert matrices.tiles_for(np.dtype(np.float64)) == NONE
    found, expected = made(kind, 256, 64, 64, NONE, np.float64)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@needs_jit
def test_a_processor_with_fewer_registers_multiplies_by_blas(monkeypatch):
    monkeypatch.setattr(tiles, "processor_has", lambda feature: feature == tiles.NEED)
    assert matrices.tiles_for(np.dtype(np.float32)) == ADDRESS
    monkeypatch.setattr(tiles, "processor_has", lambda feature: False)
    assert matrices.tiles_for(np.dtype(np.float32)) == NONE
