"""Initial weights: fans, limits and variances as in Keras, truncation, determinism."""

import math

import numpy as np
import pytest

import tinyae as tae
from tinyae.maths import initializers
from tinyae.maths.initializers import NAMES, RandomNormal, get

# shape: (fan_in, fan_out), by Keras's rule
FANS = {
    (90_000,): (90_000, 90_000),
    (300, 400): (300, 400),
    (400, 300): (400, 300),
    (3, 5, 60, 80): (900, 1200),
}
VARIANCES = {
    "glorot_uniform": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "glorot_normal": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he_uniform": lambda fan_in, fan_out: 2 / fan_in,
    "he_normal": lambda fan_in, fan_out: 2 / fan_in,
}


def draw(name, shape, seed=0):
    return get(name)(shape, np.random.default_rng(seed))


@pytest.mark.parametrize("shape", FANS)
@pytest.mark.parametrize("name", VARIANCES)
def test_variance_mean_and_limit(name, shape):
    values = draw(name, shape)
    variance = VARIANCES[name](*FANS[shape])
    sigma = math.sqrt(variance)
    assert values.shape == shape
    assert values.var() == pytest.approx(variance, rel=0.03)
    assert abs(values.mean()) < 5 * sigma / math.sqrt(values.size)
    # a uniform variable's limit is √3 σ; a normal cut at two of its own is σ / 0.8796 · 2
    limit = math.sqrt(3) * sigma if "uniform" in name else 2 * sigma / 0.87962566103423978
    assert 0.99 * limit < np.abs(values).max() <= limit * (1 + 1e-12)


@pytest.mark.parametrize("name", ["glorot_normal", "he_normal"])
def test_normal_ones_are_bell_shaped_and_cut_not_clipped(name):
    values = draw(name, (400, 400))
    limit = np.abs(values).max()
    inner = np.mean(np.abs(values) < limit / 2)
    assert inner == pytest.approx(0.682689 / 0.954500, abs=0.005)  # P(|z|<1) / P(|z|<2)
    assert np.mean(np.abs(values) > 0.999 * limit) < 0.001


def test_uniform_ones_are_flat():
    counts, _ = np.histogram(draw("he_uniform", (400, 400)), bins=10)
    assert counts.min() > 0.96 * counts.max()


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name):
    first, same, other = draw(name, (7, 5), 1), draw(name, (7, 5), 1), draw(name, (7, 5), 2)
    np.testing.assert_array_equal(first, same)
    assert (name == "zeros") == np.array_equal(first, other)
    assert first.dtype == np.float64


def test_zeros():
    np.testing.assert_array_equal(draw("zeros", (3, 2)), np.zeros((3, 2)))


@pytest.mark.parametrize("shape", [(), (1,), (1, 1), (1, 1, 1, 1)])
@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_shapes(name, shape):
    assert draw(name, shape).shape == shape


def test_random_normal_is_not_truncated():
    values = RandomNormal(0.05)((400, 400), np.random.default_rng(0))
    assert values.std() == pytest.approx(0.05, rel=0.01)
    assert abs(values.mean()) < 5 * 0.05 / 400
    assert np.mean(np.abs(values) > 0.1) == pytest.approx(0.0455, abs=0.003)
    assert RandomNormal().stddev == 0.05
    assert not RandomNormal(0.0)((3,), np.random.default_rng(0)).any()


def test_settings_and_names():
    assert repr(RandomNormal(0.25)) == "RandomNormal(0.25)"
    for wrong in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match="stddev must be zero or positive and finite"):
            RandomNormal(wrong)
    for wrong in ("glorot", None, 3):
        with pytest.raises(ValueError, match="initializer must be one of glorot_normal, glorot_u"):
            get(wrong)


@pytest.mark.parametrize("name", NAMES)
def test_the_documented_table_has_every_name(name):
    assert f"\n{name} " in initializers.__doc__


def test_a_dense_layer_uses_them():
    layer = tae.Dense(300, kernel_initializer="he_normal", bias_initializer=RandomNormal(2.0))
    tae.Sequential([layer]).build((200,), seed=3)
    assert layer.weights["kernel"].var() == pytest.approx(2 / 200, rel=0.03)
    assert layer.weights["bias"].std() == pytest.approx(2, rel=0.1)
    default = tae.Dense(300)
    tae.Sequential([default]).build((200,))
    limit = math.sqrt(6 / 500)
    assert 0.99 * limit < np.abs(default.weights["kernel"]).max() <= np.float32(limit)
    assert not default.weights["bias"].any()


def test_an_initializer_of_the_wrong_shape_is_refused():
    layer = tae.Dense(3, kernel_initializer=lambda shape, rng: np.zeros(shape[::-1]))
    message = r"Dense: the initializer of kernel must give shape \(4, 3\), but gave \(3, 4\)"
    with pytest.raises(ValueError, match=message):
        tae.Sequential([layer]).build((4,))
