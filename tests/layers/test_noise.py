"""Dropout and Gaussian noise: what they draw, when they are active, that they are repeatable."""

import copy
import functools
import math

import numpy as np
import pytest

import tinyae as tae
from tinyae.engine import tuning
from tinyae.layers.noise import element_bits, row_key, standard_normal
from tinyae.network import backprop
from tinyae.system.numba_parts import DISABLED
from tinyae.training.compiled import make_trainer


def noisy(layer, x, step=0, first=0):
    layer = copy.copy(layer)
    vars(layer).pop("output_shape", None)  # as if it had not been built, in another dtype perhaps
    vars(layer)["dtype"] = x.dtype
    layer.build(x.shape[1:])
    return layer.forward(x, training=True, step=step, first=first)[0]


@pytest.mark.parametrize("layer", [tae.Dropout(0.4), tae.GaussianNoise(0.4)], ids=repr)
def test_active_in_training_only(layer):
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    layer.build((5,))
    y, cache = layer.forward(x)
    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(layer.backward(x, cache), x)
    assert not np.array_equal(noisy(layer, x), x)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_keeps_the_mean(rate):
    layer, x = tae.Dropout(rate), np.ones((100, 1000), np.float32)
    y = noisy(layer, x)
    kept = y > 0
    # 100,000 draws: five standard deviations
    assert kept.mean() == pytest.approx(1 - rate, abs=5 * math.sqrt(rate * (1 - rate) / x.size))
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)


def test_dropout_gives_the_gradient_to_what_it_kept():
    layer, x = tae.Dropout(0.3), np.ones((20, 30), np.float32)
    layer.build((30,))
    y, cache = layer.forward(x, training=True, step=7, first=5)
    np.testing.assert_array_equal(layer.backward(x, cache), y)


def test_gaussian_noise_is_standard_normal():
    n = 1_000_000
    noise = noisy(tae.GaussianNoise(1.0), np.zeros((1000, 1000), np.float32)).ravel()
    noise = noise.astype(float)
    moments = [1, 0, 1, 0, 3, 0, 15]  # of N(0, 1); their estimates' variances follow from twice k
    for k in range(1, 5):
        spread = math.sqrt((math.prod(range(1, 2 * k, 2)) - moments[k] ** 2) / n)
        assert np.mean(noise**k) == pytest.approx(moments[k], abs=5 * spread)
    inside = [0.6826894921, 0.9544997361, 0.9973002039]
    for sigma, share in enumerate(inside, 1):
        spread = math.sqrt(share * (1 - share) / n)
        assert np.mean(np.abs(noise) < sigma) == pytest.approx(share, abs=5 * spread)
    assert 4.4 < np.abs(noise).max() < 5.6


def test_inverse_normal_distribution_is_accurate():
    # each noise value against the bits it was made from, by the error function
    with np.errstate(over="ignore"):
        row = row_key(0, 0, 0)
        for j in range(2000):
            bits = element_bits(row, j)
            share = ((int(bits) >> 8) + 0.5) / 2**24
            z = float(standard_normal(bits))
            assert 0.5 * math.erfc(-z / math.sqrt(2)) == pytest.approx(share, rel=2e-5)


# Of (key, step, position): the row's bits; those of its elements 0, 1 and 1000; and their noise
DRAWN = {
    (0, 0, 0): (0, [0, 2462723854, 2313033512], [-5.419983, 0.18503098, 0.096769124]),
    (0, 0, 1): (
        *(1364076727, [804215951, 2237357399, 459317140]),
        [-0.88809013, 0.052476276, -1.24295],
    ),
    (0, 1, 0): (
        *(804215951, [1461123477, 2329521019, 3889424079]),
        [-0.41193292, 0.10644135, 1.3140011],
    ),
    (1, 0, 0): (
        *(215606638, [1558626407, 2227867446, 165713514]),
        [-0.35072857, 0.04693092, -1.7673692],
    ),
    (2**62 + 12345, 1000, 31): (
        *(1954184040, [3074378277, 1290770377, 1072544768]),
        [0.57043743, -0.52287424, -0.67536694],
    ),
    (2**63 - 1, 2**31, 2**20): (
        *(303835746, [3697569454, 4070918990, 3393139786]),
        [1.0844053, 1.6242117, 0.8065145],
    ),
}


@pytest.mark.parametrize("place", DRAWN)
def test_what_is_drawn_for_a_place_stays_the_same(place):
    """From release to release: a seed is to mean the same model."""
    row, bits, noise = DRAWN[place]
    with np.errstate(over="ignore"):
        assert int(row_key(*place)) == row
        found = [element_bits(np.uint32(row), j) for j in (0, 1, 1000)]
        assert [int(each) for each in found] == bits
        found = np.array([standard_normal(np.uint32(each)) for each in bits], np.float32)
    # without the JIT products are rounded before they are added
    np.testing.assert_array_max_ulp(found, np.float32(noise), maxulp=4 if DISABLED else 1)


def test_a_models_seed_decides_keys_and_masks():
    ae = tae.Autoencoder([tae.Dropout(0.5)], [tae.Flatten()], input_shape=(12,), seed=3)
    assert [layer.key for layer in ae.layers] == [5737856171534892084, 4404663168949438663]
    y, _ = ae.layers[0].forward(np.ones((2, 12)), training=True, step=4)
    kept = [[0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 1, 1], [1, 1, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0]]
    np.testing.assert_array_equal(y, 2 * np.array(kept))


# What a model of seed 11 draws in training for its second layer, by step: what dropout of rate 0.4
# keeps of four samples of six numbers, and the normal numbers of noise for the first and the last
KEPT = {
    0: ["010011", "000010", "011010", "100101"],
    1: ["110111", "111001", "000111", "011011"],
    1000: ["010111", "111101", "010001", "101000"],
}
NORMALS = {
    0: [
        [-0.26853988, 0.533294, -1.1571196, -1.573997, 0.5423831, 1.2331047],
        [1.1075953, -0.40708172, -1.5693363, 0.01605802, -0.83998525, 0.81078875],
    ],
    1: [
        [0.20289764, 1.5177594, -0.60304207, 0.19103417, 1.6238319, 1.1070018],
        [-2.144418, 0.4108889, -0.03675327, -2.4599576, -0.12794729, 0.38447636],
    ],
    1000: [
        [-0.5057567, 0.36627778, -1.3712974, 0.3400767, 0.6348507, 1.0024369],
        [0.7432789, -1.0134938, 1.0515378, -0.84567463, -0.5081202, -1.4769145],
    ],
}


def drawn_by_fit(layer, step, eager, threads, dtype):
    """What the layer makes of ones, four times six, in a step of training.

    It is what the weights behind it become: with a target eyeᵢⱼ, weights of 0 and a learning rate
    of 8 = 4 · 4 / 2 they are, after one step of gradient descent, the layer's output.
    """
    ae = tae.Autoencoder(
        *([tae.Activation("linear"), layer], [tae.Dense(4)], (6,)),
        **{"optimizer": tae.SGD(8.0), "seed": 11, "dtype": dtype, "threads": threads},
    )
    ae.parameters[...] = 0
    ae.progress.step = step
    ae.fit(np.ones((4, 6)), np.eye(4), batch_size=4, shuffle=False, verbose=0, eager=eager)
    return ae.layers[2].weights["kernel"].T


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("eager", "threads"), [(True, 1), (False, 1), (False, 2)], ids=["eager", "1 thread", "2"]
)
@pytest.mark.parametrize("step", KEPT)
def test_what_a_seed_draws_in_training_stays_the_same(step, eager, threads, dtype, monkeypatch):
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    kept = np.array([[*map(int, row)] for row in KEPT[step]])
    dropped = drawn_by_fit(tae.Dropout(0.4), step, eager, threads, dtype)
    assert dropped.tobytes() == (kept * np.dtype(dtype).type(1 / 0.6)).astype(dtype).tobytes()
    noisy = drawn_by_fit(tae.GaussianNoise(0.5), step, eager, threads, dtype)
    expected = np.float32(NORMALS[step]).astype(dtype) / 2 + 1
    np.testing.assert_allclose(noisy[[0, 3]], expected, rtol=0, atol=4e-7)


@pytest.mark.parametrize("layer", [tae.Dropout(0.5), tae.GaussianNoise(1.0)], ids=repr)
def test_neighbours_are_independent(layer):
    x = np.ones((200, 500), np.float32)
    y = noisy(layer, x).astype(float)
    y = (y - y.mean()) / y.std()
    other_step = noisy(layer, x, step=1).astype(float)
    other_step = (other_step - other_step.mean()) / other_step.std()
    vars(layer)["key"] = 12345  # as a model gives it
    other_layer = noisy(layer, x).astype(float)
    other_layer = (other_layer - other_layer.mean()) / other_layer.std()
    vars(layer)["key"] = 0
    pairs = {
        "elements": (y[:, 1:], y[:, :-1]),
        "samples": (y[1:], y[:-1]),
        "steps": (y, other_step),
        "layers": (y, other_layer),
        "shifted": (y[1:, 1:], y[:-1, :-1]),
    }
    for name, (a, b) in pairs.items():
        assert abs(np.mean(a * b)) < 5 / math.sqrt(a.size), name


@pytest.mark.parametrize("layer", [tae.Dropout(0.5), tae.GaussianNoise(1.0)], ids=repr)
def test_a_sample_is_treated_alike_in_any_cut(layer):
    x = np.random.default_rng(0).normal(size=(9, 4)).astype("float32")
    whole = noisy(layer, x, step=3)
    parts = [noisy(layer, x[a:b], step=3, first=a) for a, b in ((0, 2), (2, 7), (7, 9))]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    wide = noisy(layer, x.astype("float64"), step=3)
    np.testing.assert_allclose(wide, whole, rtol=1e-5, atol=1e-6)


def model(**options):
    layers = [tae.GaussianNoise(0.3), tae.Dense(6, "tanh"), tae.Dropout(0.4), tae.Dense(3)]
    return tae.Autoencoder(layers, [tae.Dense(8)], input_shape=(8,), dtype="float64", **options)


@pytest.mark.skipif(DISABLED, reason="without the JIT there is one thread")
def test_masks_do_not_depend_on_threads_or_chunks(monkeypatch):
    x = np.random.default_rng(1).normal(size=(50, 8))
    plain = model(threads=1)
    plain.fit(x, epochs=3, batch_size=20, verbose=0)
    monkeypatch.setattr(tuning, "CHUNK_BYTES", 1500)
    monkeypatch.setattr(tuning, "THREAD_OPERATIONS", 1)
    cut = model(threads=3)
    assert make_trainer(cut, 20).threads == 3
    assert make_trainer(cut, 20).capacity < 20 // 3
    cut.fit(x, epochs=3, batch_size=20, verbose=0)
    np.testing.assert_allclose(cut.parameters, plain.parameters, rtol=0, atol=1e-12)


def test_every_step_and_every_layer_has_masks_of_its_own():
    ae = model()
    x = np.random.default_rng(1).normal(size=(5, 8))
    keys = [layer.key for layer in ae.layers]
    assert len(set(keys)) == len(keys)
    first = ae.loss_and_gradient(x, training=True)[0]
    assert ae.loss_and_gradient(x, training=True)[0] == first  # the same step
    assert ae.loss_and_gradient(x)[0] == pytest.approx(ae.evaluate(x)["loss"], rel=1e-14)
    assert ae.evaluate(x)["loss"] != first
    ae.progress.step += 1
    assert ae.loss_and_gradient(x, training=True)[0] != first
    other = model(seed=1)
    other.parameters[...] = ae.parameters
    ae.progress.step = 0
    assert other.loss_and_gradient(x, training=True)[0] != first


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_dropout_refuses_a_rate_outside(rate):
    with pytest.raises(ValueError, match="rate must be at least 0 and below 1"):
        tae.Dropout(rate)


@pytest.mark.parametrize("stddev", [-1.0, float("inf"), float("nan")])
def test_noise_refuses_a_deviation_that_is_none(stddev):
    with pytest.raises(ValueError, match="stddev must be zero or positive and finite"):
        tae.GaussianNoise(stddev)


class Summed:
    """A loss whose value tells outputs apart."""

    def value_and_gradient(self, output, target):
        return float(np.sum(output * target)), target


NOISE = tae.Sequential([tae.Dropout(0.5), tae.GaussianNoise(1.0)])
NOISE.build((40,), "float64")
AT_A_STEP = {
    "Layer.forward": lambda x, **at: NOISE.layers[1].forward(x, **at)[0],
    "Sequential.forward": lambda x, **at: NOISE.forward(x, **at)[0],
    "backprop.forward": lambda x, **at: backprop.forward(NOISE.layers, x, **at)[0],
}


@pytest.mark.parametrize("call", AT_A_STEP.values(), ids=AT_A_STEP)
def test_who_says_nothing_of_training_or_the_step_means_inference_and_the_first(call):
    x = np.random.default_rng(0).random((3, 40))
    np.testing.assert_array_equal(call(x), x)
    drawn = call(x, training=True)
    np.testing.assert_array_equal(drawn, call(x, training=True, step=0, first=0))
    for other in ({"step": 1}, {"first": 1}):
        assert (drawn != call(x, training=True, **other)).any()


def test_backpropagation_is_of_inference_and_the_first_step_unless_told():
    x, target = np.random.default_rng(0).random((2, 3, 40))
    value = functools.partial(backprop.backpropagate, NOISE.layers, Summed(), x, target)
    assert value()[0] == value(training=False)[0] == np.sum(x * target)
    assert value(training=True)[0] == value(training=True, step=0)[0] != value(True, 1)[0]
