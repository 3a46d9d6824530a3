"""Convolution and its transpose: both forms, against loops and finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyae as tae
from tests.support.naive_images import conv2d, conv2d_transpose
from tests.support.steps_in_numpy import assert_same, run_steps
from tinyae.layers import convolution
from tinyae.layers.record import as_type

sizes = st.integers(1, 9)
taps = st.integers(1, 7)
strides = st.integers(1, 3)
channels = st.integers(1, 5)


@st.composite
def cases(draw):
    """A layer of either kind, and images that it takes."""
    kind = draw(st.sampled_from([tae.Conv2D, tae.Conv2DTranspose]))
    padding = draw(st.sampled_from(["same", "valid"]))
    window = (draw(taps), draw(taps))
    image = [draw(sizes), draw(sizes)]
    if padding == "valid" and kind is tae.Conv2D:
        image = [max(pair) for pair in zip(image, window, strict=True)]
    layer = kind(
        draw(channels),
        window,
        strides=(draw(strides), draw(strides)),
        padding=padding,
        use_bias=draw(st.booleans()),
        bias_initializer=tae.RandomNormal(1.0),
    )
    shape = (*image, draw(channels))
    chain = tae.Sequential([layer])
    chain.build(shape, "float64", seed=draw(st.integers(0, 100)))
    rng = np.random.default_rng(draw(st.integers(0, 100)))
    return layer, rng.normal(size=(draw(st.integers(1, 3)), *shape))


def reference(layer, x):
    function = conv2d_transpose if layer.transposed else conv2d
    b = layer.weights.get("bias", np.zeros(layer.filters))
    return function(x, layer.weights["kernel"], b, layer.strides, layer.padding)


def assert_forward_equals_loops(layer, x):
    y, _ = layer.forward(x)
    expected = reference(layer, x)
    assert y.shape[1:] == layer.output_shape
    assert_same(y, expected)
    assert_same(run_steps(layer, x), expected)  # the plain readings


def assert_backward_is_the_transpose(layer, x):
    # The layer is linear in x, in W and in b, so its gradients follow from the loops alone:
    # <dy, y(x + e) − y(x)> = <dx, e> for every e.
    rng = np.random.default_rng(0)
    y, cache = layer.forward(x)
    dy = rng.normal(size=y.shape)
    dx = layer.backward(dy, cache)
    e = rng.normal(size=x.shape)
    b = layer.weights.get("bias", np.zeros(layer.filters))
    moved = reference(layer, e) - b
    assert np.vdot(dx, e) == pytest.approx(np.vdot(dy, moved), rel=1e-10, abs=1e-10)

    W = layer.weights["kernel"]
    before, E = W.copy(), rng.normal(size=W.shape)
    W[...] = E
    moved = reference(layer, x) - b
    W[...] = before
    found = np.vdot(layer.gradients["kernel"], E)
    assert found == pytest.approx(np.vdot(dy, moved), rel=1e-10, abs=1e-10)
    if layer.use_bias:
        np.testing.assert_allclose(layer.gradients["bias"], dy.sum(axis=(0, 1, 2)), atol=1e-12)


@given(cases())
def test_forward_equals_loops(case):
    assert_forward_equals_loops(*case)


@given(cases())
def test_backward_is_the_transpose_of_forward(case):
    assert_backward_is_the_transpose(*case)


@pytest.mark.parametrize("kind", [tae.Conv2D, tae.Conv2DTranspose])
@pytest.mark.parametrize(("inputs", "filters"), [(1, 2), (2, 1)])
def test_more_windows_than_are_taken_at_a_time(kind, inputs, filters):
    layer = kind(filters, 7, padding="same", bias_initializer=tae.RandomNormal(1.0))
    tae.Sequential([layer]).build((19, 21, inputs), "float64")
    x = np.random.default_rng(0).normal(size=(3, 19, 21, inputs))
    assert x[..., 0].size > convolution.BLOCK // 7**2
    assert_forward_equals_loops(layer, x)
    assert_backward_is_the_transpose(layer, x)


@given(cases())
def test_gradient_of_each_weight_alone(case):
    layer, x = case
    y, cache = layer.forward(x)
    dy = np.random.default_rng(0).normal(size=y.shape)
    layer.backward(dy, cache)
    W, dW = layer.weights["kernel"], layer.gradients["kernel"]
    b = layer.weights.get("bias", np.zeros(layer.filters))
    before = W.copy()
    for index in np.random.default_rng(1).permutation(W.size)[:3]:
        place = np.unravel_index(index, W.shape)
        W[...] = 0
        W[place] = 1
        one = np.vdot(dy, reference(layer, x) - b)
        assert dW[place] == pytest.approx(one, rel=1e-10, abs=1e-10)
    W[...] = before


def record(layer, input_shape):
    """The record of the layer, built alone for images of that shape."""
    layer.build(input_shape)
    return as_type(layer.record()[0], layer.kernels.record)


@pytest.mark.parametrize("kind", [tae.Conv2D, tae.Conv2DTranspose])
@pytest.mark.parametrize(("inputs", "filters"), [(1, 4), (4, 1), (3, 3)])
def test_the_side_with_fewer_channels_is_copied(kind, inputs, filters):
    layer = kind(filters, 3, padding="same")
    op = record(layer, (5, 5, inputs))
    assert bool(op.scatter) == (inputs > filters)
    assert bool(op.flipped) == (bool(op.scatter) != layer.transposed)


@pytest.mark.parametrize(("kind", "scatter"), [(tae.Conv2D, False), (tae.Conv2DTranspose, True)])
def test_strides_keep_the_natural_form(kind, scatter):
    for inputs, filters in ((1, 4), (4, 1)):
        layer = kind(filters, 3, strides=2)
        assert bool(record(layer, (5, 5, inputs)).scatter) == scatter


@pytest.mark.parametrize("kind", [tae.Conv2D, tae.Conv2DTranspose])
@pytest.mark.parametrize("filters", [1, 4])
def test_gathering_and_scattering_agree(kind, filters, monkeypatch):
    # whichever form the channels choose, the other one gives the same
    results = []
    for flip in (False, True):
        layer = kind(filters, (3, 2), padding="same", activation="tanh")
        if flip:

            def other(chosen=layer.record_fields, window=layer.kernel_size):
                fields = chosen()
                return fields | {
                    "scatter": not fields["scatter"],
                    "flipped": not fields["flipped"],
                    "pad_top": window[0] - 1 - fields["pad_top"],
                    "pad_left": window[1] - 1 - fields["pad_left"],
                }

            monkeypatch.setitem(vars(layer), "record_fields", other)
        tae.Sequential([layer]).build((6, 5, 2), "float64", seed=3)
        x = np.random.default_rng(0).normal(size=(3, 6, 5, 2))
        y, cache = layer.forward(x)
        dx = layer.backward(np.cos(y), cache)
        results.append([y, dx, layer.gradients["kernel"].copy(), layer.gradients["bias"].copy()])
    for one, two in zip(*results, strict=True):
        np.testing.assert_allclose(one, two, rtol=0, atol=1e-13)


def test_sizes_are_keras():
    # (kind, size, window, stride, padding) -> output size, as Keras computes it
    table = [
        (tae.Conv2D, 28, 7, 1, "same", 28),
        (tae.Conv2D, 28, 2, 1, "same", 28),
        (tae.Conv2D, 7, 3, 2, "same", 4),
        (tae.Conv2D, 7, 3, 2, "valid", 3),
        (tae.Conv2D, 8, 3, 2, "valid", 3),
        (tae.Conv2D, 5, 1, 3, "same", 2),
        (tae.Conv2DTranspose, 7, 3, 2, "same", 14),
        (tae.Conv2DTranspose, 7, 3, 2, "valid", 15),
        (tae.Conv2DTranspose, 7, 2, 3, "valid", 21),
        (tae.Conv2DTranspose, 4, 5, 1, "valid", 8),
    ]
    for kind, size, window, stride, padding, expected in table:
        shape = kind(2, window, strides=stride, padding=padding).build((size, size, 1))
        assert shape == (expected, expected, 2)


def test_even_windows_have_the_odd_zero_behind():
    layer = tae.Conv2D(1, 2, padding="same", use_bias=False)
    layer.build((2, 2, 1))
    layer.weights["kernel"][...] = [[[[1]], [[10]]], [[[100]], [[1000]]]]
    y, _ = layer.forward(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]))
    assert y[0, :, :, 0].tolist() == [[4321, 402], [43, 4]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tae.Conv2D(0, 3), "filters must be a whole number of at least 1, but got 0"),
        (lambda: tae.Conv2D(1, (3, 0)), "kernel_size must be a positive integer or a pair"),
        (lambda: tae.Conv2D(1, (3, 3, 3)), "kernel_size"),
        (lambda: tae.Conv2D(1, 3, strides=0), "strides"),
        (lambda: tae.Conv2D(1, 3, padding="full"), 'padding must be "valid" or "same"'),
        (lambda: tae.Conv2D(1, 3, activation="soft"), "activation must be one of"),
        (lambda: tae.Conv2D(1, 3).build((28 * 28,)), r"Conv2D expects input of shape \(n, height"),
        (lambda: tae.Conv2D(1, 5).build((4, 9, 1)), "window's size, 5, but got 4"),
    ],
)
def test_refusals_name_the_argument(make, message):
    with pytest.raises(ValueError, match=message):
        make()
