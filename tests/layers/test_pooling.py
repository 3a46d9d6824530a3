"""Pooling and upsampling, against loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tests.support.naive_images import max_pooling_gradient, pooling, upsampling
from tests.support.steps_in_numpy import assert_same, run_steps

sides = st.integers(1, 8)
windows = st.integers(1, 4)


@st.composite
def pooled(draw):
    """Window, strides, padding and images that fit them; few values, so that maxima are shared."""
    padding = draw(st.sampled_from(["same", "valid"]))
    window = (draw(windows), draw(windows))
    strides = (draw(windows), draw(windows))
    height, width = draw(sides), draw(sides)
    if padding == "valid":
        height, width = max(height, window[0]), max(width, window[1])
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    x = rng.integers(-3, 3, (2, height, width, draw(st.integers(1, 3)))).astype(float)
    return window, strides, padding, x


def built(layer, x):
    tae.Sequential([layer]).build(x.shape[1:], "float64")
    return layer


@given(pooled())
def test_max_pooling(case):
    window, strides, padding, x = case
    layer = built(tae.MaxPooling2D(window, strides, padding), x)
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, pooling(x, window, strides, padding, np.max))
    np.testing.assert_array_equal(run_steps(layer, x), y)  # the plain readings
    dy = np.random.default_rng(0).normal(size=y.shape)
    expected = max_pooling_gradient(x, window, strides, padding, dy)
    np.testing.assert_allclose(layer.backward(dy, cache), expected, atol=1e-14)


@given(pooled())
def test_average_pooling(case):
    window, strides, padding, x = case
    layer = built(tae.AveragePooling2D(window, strides, padding), x)
    y, cache = layer.forward(x)
    np.testing.assert_allclose(y, pooling(x, window, strides, padding, np.mean), atol=1e-14)
    assert_same(run_steps(layer, x), y)
    dy, e = (np.random.default_rng(seed).normal(size=s) for seed, s in ((0, y.shape), (1, x.shape)))
    moved = pooling(e, window, strides, padding, np.mean)
    assert np.vdot(layer.backward(dy, cache), e) == pytest.approx(np.vdot(dy, moved), abs=1e-12)


@given(sides, sides, st.integers(1, 3), windows, windows)
def test_upsampling(height, width, channels, rows, columns):
    x = np.random.default_rng(0).normal(size=(2, height, width, channels))
    layer = built(tae.UpSampling2D((rows, columns)), x)
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, upsampling(x, (rows, columns)))
    np.testing.assert_array_equal(run_steps(layer, x), y)
    dy, e = (np.random.default_rng(seed).normal(size=s) for seed, s in ((0, y.shape), (1, x.shape)))
    moved = np.vdot(dy, upsampling(e, (rows, columns)))
    assert np.vdot(layer.backward(dy, cache), e) == pytest.approx(moved, abs=1e-12)


def test_of_equal_maxima_the_first_gets_the_gradient():
    layer = built(tae.MaxPooling2D(), x := np.zeros((1, 2, 2, 1)))
    y, cache = layer.forward(x)
    assert layer.backward(np.ones_like(y), cache)[0, :, :, 0].tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_max_pooling_lets_nan_through(size):
    layer = built(tae.MaxPooling2D(size), x := np.zeros((1, size, size, 1)))
    for place in np.ndindex(size, size):
        x[:] = 1
        x[0, place[0], place[1], 0] = np.nan
        assert np.isnan(layer.forward(x)[0]).all()


def test_strides_default_to_the_window():
    assert tae.MaxPooling2D((3, 2)).build((9, 8, 4)) == (3, 4, 4)
    assert tae.MaxPooling2D(2, padding="same").build((7, 7, 1)) == (4, 4, 1)
    assert tae.MaxPooling2D(2).build((7, 7, 1)) == (3, 3, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tae.MaxPooling2D(0), "pool_size must be a positive integer"),
        (lambda: tae.AveragePooling2D(2, strides=(1, -1)), "strides must be"),
        (lambda: tae.MaxPooling2D(2, padding="full"), "padding"),
        (lambda: tae.UpSampling2D(1.5), "size must be"),
        (lambda: tae.MaxPooling2D(3).build((2, 5, 1)), "window's size, 3, but got 2"),
        (lambda: tae.UpSampling2D().build((4, 4)), "UpSampling2D expects input of shape"),
    ],
)
def test_refusals_name_the_argument(make, message):
    with pytest.raises(ValueError, match=message):
        make()
