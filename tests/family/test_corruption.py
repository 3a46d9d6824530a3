"""Damage to learn from: what it draws, when, and what gets a gradient."""

import functools
import math

import numpy as np
import pytest

import tinyae as tae

KINDS = {
    "clip": functools.partial(tae.GaussianNoise, 0.5, clip=(0.0, 1.0)),
    "salt": functools.partial(tae.SaltAndPepper, 0.3),
    "mask": functools.partial(tae.Masking, 0.3),
}
each_kind = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)


def drawn(layer, x, step=0, first=0):
    """What the layer makes of x in training, and the gradient for x of ones."""
    layer.build(x.shape[1:])
    y, cache = layer.forward(x, training=True, step=step, first=first)
    return y, layer.backward(np.ones_like(y), cache)


def near(share, expected, draws):
    """Within five standard deviations of that many draws."""
    return abs(share - expected) < 5 * math.sqrt(expected * (1 - expected) / draws)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.9])
def test_salt_and_pepper_are_as_many_and_get_no_gradient(rate):
    x = np.full((100, 1000), 0.5, np.float32)
    y, dx = drawn(tae.SaltAndPepper(rate, low=-2, high=3), x)
    for value, share in ((-2, rate / 2), (3, rate / 2), (0.5, 1 - rate)):
        assert near(np.mean(y == value), share, x.size) or share == np.mean(y == value)
    np.testing.assert_array_equal(dx, y == 0.5)
    assert set(np.unique(y)) <= {-2, 0.5, 3}


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.9])
def test_masking_leaves_the_rest_as_it_is(rate):
    x = np.full((100, 1000), 0.7, np.float32)
    y, dx = drawn(tae.Masking(rate), x)
    assert near(np.mean(y == 0), rate, x.size) or rate == np.mean(y == 0)
    np.testing.assert_array_equal(dx, y == x)
    np.testing.assert_array_equal(y[y != 0], x[y != 0])


def test_masking_takes_what_dropout_takes():
    x = np.ones((20, 30), np.float32)
    masked, dropped = drawn(tae.Masking(0.4), x)[0], drawn(tae.Dropout(0.4), x)[0]
    np.testing.assert_array_equal(masked, dropped > 0)


def test_clipped_noise_is_noise_clipped():
    x = np.random.default_rng(0).random((50, 40), np.float32)
    plain, _ = drawn(tae.GaussianNoise(0.5), x)
    y, dx = drawn(tae.GaussianNoise(0.5, clip=(0.25, 0.75)), x)
    np.testing.assert_array_equal(y, np.clip(plain, np.float32(0.25), np.float32(0.75)))
    np.testing.assert_array_equal(dx, (plain > 0.25) & (plain < 0.75))
    assert 0.2 < dx.mean() < 0.8


def test_clipping_keeps_what_is_not_a_number():
    y, _ = drawn(tae.GaussianNoise(0.5, clip=(0, 1)), np.full((2, 3), np.nan, np.float32))
    assert np.isnan(y).all()


@each_kind
def test_nothing_is_damaged_outside_training(make):
    layer, x = make(), np.random.default_rng(0).normal(0, 3, (4, 5)).astype("float32")
    layer.build((5,))
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(layer.backward(x, cache), x)


@each_kind
def test_a_sample_is_damaged_alike_in_any_cut_and_anew_in_each_step(make):
    x = np.random.default_rng(0).random((9, 40), np.float32)
    whole = drawn(make(), x, step=3)[0]
    parts = [drawn(make(), x[a:b], step=3, first=a)[0] for a, b in ((0, 2), (2, 7), (7, 9))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert (drawn(make(), x, step=4)[0] != whole).any()
    assert (whole[1:] != whole[:-1]).any()


@each_kind
def test_gradients_of_a_step_are_right(make):
    layers = [tae.Dense(6, "sigmoid"), make(), tae.Dense(3, "tanh")]
    ae = tae.Autoencoder(layers, [tae.Dense(5)])
    report = tae.check_gradients(ae, np.random.default_rng(1).random((7, 5)))
    assert report.passed, report


@each_kind
def test_what_is_drawn_for_a_seed_stays_the_same(make):
    """From release to release."""
    x = np.tile(np.float32([0.2, 0.4, 0.6, 0.8]), (1, 2))
    expected = {
        "GaussianNoise": [0.478669, 0.083642, 0.130518, 0.54984, 0, 0.456718, 0, 0.579569],
        "SaltAndPepper": [0.2, 1, 1, 0.8, 0, 0.4, 0, 0.8],
        "Masking": [0.2, 0, 0, 0.8, 0, 0.4, 0, 0.8],
    }
    layer = make()
    vars(layer)["key"] = 12345
    y, _ = drawn(layer, x, step=5, first=1)
    np.testing.assert_allclose(y[0], expected[type(layer).__name__], rtol=0, atol=1e-6)


@pytest.mark.parametrize("clip", [(1, 0), (0, 0), 1, (0, 1, 2), (0, math.inf), "01", (None, 1)])
def test_limits_that_are_none_are_refused(clip):
    with pytest.raises(ValueError, match="clip must be two finite numbers, the smaller first"):
        tae.GaussianNoise(0.5, clip=clip)


def test_how_they_are_shown():
    texts = [repr(make()) for make in KINDS.values()]
    noise, salt = "GaussianNoise(0.5, clip=(0, 1))", "SaltAndPepper(0.3, low=0, high=1)"
    assert texts == [noise, salt, "Masking(0.3)"]
    assert tae.GaussianNoise(0.5, (0, 1)).formula().forward == (
        "y = x + 0.5 · N(0, 1), kept from 0 to 1"
    )
