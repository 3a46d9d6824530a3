"""The k largest: exactly k, of equal ones the first, and gradients through them only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyae as tae
from tests.support import naive


def built(k, shape, dtype="float64"):
    layer = tae.TopK(k)
    vars(layer)["dtype"] = np.dtype(dtype)
    layer.build(shape)
    return layer


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 30), st.data())
def test_it_is_the_definition_and_gradients_go_where_numbers_went(width, data):
    k = data.draw(st.integers(1, width))
    few = st.sampled_from([-2.0, -1.0, 0.0, 0.5, 3.0])  # so that many are equal
    x = np.array(
        data.draw(st.lists(st.lists(few, min_size=width, max_size=width), min_size=1, max_size=4))
    )
    x = x.reshape(-1, width)
    layer = built(k, (width,))
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, naive.largest(x, k))
    dx = layer.backward(np.ones_like(y), cache)
    np.testing.assert_array_equal(dx.sum(axis=1), np.full(len(x), k))  # also for kept zeros
    np.testing.assert_array_equal(y, x * dx)
    np.testing.assert_array_equal(layer.forward(x, training=True)[0], y)


def test_many_units():
    x = np.random.default_rng(0).normal(size=(7, 4096)).astype("float32")
    y, _ = built(32, (4096,), "float32").forward(x)
    assert ((y != 0).sum(axis=1) == 32).all()
    np.testing.assert_array_equal(y, naive.largest(x, 32))


def test_what_is_no_number_is_not_hidden():
    y, _ = built(1, (3,)).forward([[np.nan, 1, 2], [1, np.nan, 2]])
    assert np.isnan(y).any(axis=1).all()


def test_gradients_and_kinks():
    ae = tae.Autoencoder([tae.Dense(9), tae.TopK(3)], [tae.Dense(6)], input_shape=(6,), seed=1)
    x = np.random.default_rng(0).random((8, 6))
    assert tae.check_gradients(ae, x).passed
    kernel = ae.layers[0].weights["kernel"]
    kernel[:, 1:] = kernel[:, :1]  # every number is as large as its neighbour
    report = tae.check_gradients(ae, x)
    kinks = {row.name: row.kinks for row in report.rows}
    assert kinks["encoder[0].kernel"] > 0
    assert report.verdict == "inconclusive", report


def test_too_many_are_refused():
    with pytest.raises(ValueError, match=r"encoder\[1\] TopK keeps k=4 numbers along the"):
        tae.Autoencoder([tae.Dense(3), tae.TopK(4)], [tae.Dense(6)], input_shape=(6,))
    for wrong in (0, -1, 2.5, True, None, "3"):
        with pytest.raises(ValueError, match="k must be"):
            tae.TopK(wrong)


def test_units_that_are_never_among_them_are_dead():
    ae = tae.Autoencoder([tae.Dense(9), tae.TopK(2)], [tae.Dense(6)], input_shape=(6,))
    ae.layers[0].weights["bias"][[2, 5]] = -100
    report = tae.latent_diagnostics(ae.encode(np.random.default_rng(0).random((200, 6))))
    assert {2, 5} <= set(report.dead)
    assert all(report.units[unit].zeros == 1 for unit in report.dead)


def test_formula_and_repr():
    assert repr(tae.TopK(3)) == "TopK(3)"
    assert tae.TopK(3).formula().forward == "y = x where it is one of the 3 largest, else 0"
