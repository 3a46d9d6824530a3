"""Convolutions in float32, whose products may be by tiles, as in float64, whose are not."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.jit import needs_jit
from tinyae.layers.record import as_type
from tinyae.machine.calls import NONE
from tinyae.system.numba_parts import DISABLED
from tinyae.tiles import tiles

CHANNELS = (1, 7, 16, 32, 33, 48, 64)


@pytest.fixture(autouse=True)
def with_the_registers(monkeypatch):
    monkeypatch.setattr(tiles, "processor_has", lambda feature: True)


def built(make, shape, dtype):
    chain = tae.Sequential(make())
    chain.build(shape, dtype, seed=1)
    return chain


def passed(chain, x, dy):
    """y, dx and the weights' gradients, together."""
    y, caches = x, []
    for layer in chain.layers:
        y, cache = layer.forward(y)
        caches.append(cache)
    d = dy
    for layer, cache in zip(chain.layers[::-1], caches[::-1], strict=True):
        d = layer.backward(d, cache)
    return [y, d, *(each for layer in chain.layers for each in layer.gradients.values())]


def assert_as_in_float64(make, shape, n):
    rng = np.random.default_rng(n)
    chains = [built(make, shape, dtype) for dtype in ("float32", "float64")]
    x, dy = rng.normal(size=(n, *shape)), rng.normal(size=(n, *chains[0].output_shape))
    chains[1].parameters[...] = chains[0].parameters
    found, expected = (
        passed(chain, x.astype(chain.dtype), dy.astype(chain.dtype)) for chain in chains
    )
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-5 * max(1, np.abs(b).max()))


@pytest.mark.parametrize("n", range(1, 3 if DISABLED else 21))
def test_results_are_those_of_float64(n):
    """For batches of 1 to 20; images, windows and channels are drawn."""
    rng = np.random.default_rng(n)
    for kind in (tae.Conv2D, tae.Conv2DTranspose):
        shape = (*rng.integers(5, 15, 2), rng.choice(CHANNELS))
        window, strides = rng.integers(1, 6, 2), rng.integers(1, 3, 2)
        filters, padding = rng.choice(CHANNELS), rng.choice(["same", "valid"])
        options = {"strides": tuple(map(int, strides)), "padding": str(padding)}

        def make(kind=kind, filters=filters, window=window, options=options):
            return [kind(int(filters), tuple(map(int, window)), **options)]

        assert_as_in_float64(make, tuple(map(int, shape)), n)


def tiles_of(layer):
    return as_type(layer.record()[0], layer.kernels.record).tiles


def test_float64_knows_of_no_tiles():
    assert tiles_of(built(lambda: [tae.Conv2D(64, 3)], (8, 8, 32), "float64").layers[0]) == NONE


@needs_jit
def test_the_record_knows_the_tiles(monkeypatch):
    layer = built(lambda: [tae.Conv2D(64, 3)], (8, 8, 32), "float32").layers[0]
    assert tiles_of(layer) == tiles.strided_address(tiles.product, np.dtype("float32"))
    monkeypatch.setattr(tiles, "processor_has", lambda feature: False)
    assert tiles_of(layer) == NONE


@pytest.mark.parametrize("n", [3] if DISABLED else [1, 7, 20])
def test_a_model_with_an_upsampling_has_the_gradients_of_float64(n):
    """One op does both in the scatter form, with windows of (2 + 2 − 1)² · 64 numbers."""
    options = {"padding": "same", "activation": "tanh"}
    x = np.random.default_rng(n).random((n, 12, 10, 1))
    single, double = (
        tae.Autoencoder(
            [tae.Conv2D(64, 5, **options), tae.MaxPooling2D(), tae.Conv2D(32, 2, **options)],
            [tae.UpSampling2D(), tae.Conv2D(64, 2, **options), tae.Conv2D(1, 3, **options)],
            (12, 10, 1),
            dtype=dtype,
            threads=2,
        )
        for dtype in ("float32", "float64")
    )
    double.parameters[...] = single.parameters
    _, found = single.loss_and_gradient(x.astype("float32"))
    _, expected = double.loss_and_gradient(x)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
