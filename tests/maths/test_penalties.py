"""Activity penalties: the formula, its gradient, and its scale in a model."""

import numpy as np
import pytest

import tinyae as tae
from tests.support import naive
from tinyae.maths import penalties
from tinyae.maths.penalties import L1, L1L2, L2, Penalty
from tinyae.network.chain import OfSigmoid

PAIRS = [(0.3, 0.0), (0.0, 0.7), (0.3, 0.7)]


def penalty(a, l1, l2, scale, of_sigmoid, da):
    """The kernel's value over all rows."""
    part, sums = L1L2(l1, l2), np.full(len(a), np.nan)
    kernel = part.of_sigmoid if of_sigmoid else part.kernel
    kernel(a, part.settings(), scale, da, sums)
    return sums.sum()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("l1", "l2"), PAIRS)
def test_value_and_gradient(l1, l2, dtype):
    a = np.random.default_rng(0).normal(size=(5, 4)).astype(dtype)
    da = np.ones_like(a)
    total = penalty(a, l1, l2, 1 / 5, False, da)
    assert total / 5 == pytest.approx(naive.penalty(a, l1, l2), rel=1e-6)
    expected = 1 + (l1 * np.sign(a.astype(float)) + 2 * l2 * a) / 5
    np.testing.assert_allclose(da, expected, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize(("l1", "l2"), PAIRS)
@pytest.mark.parametrize("of_sigmoid", [False, True])
def test_gradient_by_finite_differences(l1, l2, of_sigmoid):
    a = np.random.default_rng(1).normal(size=(3, 4))
    da = np.zeros_like(a)
    penalty(a, l1, l2, 1 / 3, of_sigmoid, da)
    none = np.empty((0, 4))
    numeric = naive.numeric_gradient(lambda: penalty(a, l1, l2, 1.0, of_sigmoid, none) / 3, a)
    np.testing.assert_allclose(da, numeric, rtol=1e-7, atol=1e-9)


def test_of_sigmoid_is_the_penalty_on_the_sigmoid():
    z = np.random.default_rng(2).normal(size=(3, 4))
    none = np.empty((0, 4))
    expected = naive.penalty(naive.sigmoid(z), 0.3, 0.7)
    assert penalty(z, 0.3, 0.7, 1.0, True, none) / 3 == pytest.approx(expected, rel=1e-13)
    value, dz = OfSigmoid(L1L2(0.3, 0.7)).add(z, np.zeros_like(z))
    assert value == pytest.approx(expected, rel=1e-13)
    numeric = naive.numeric_gradient(lambda: naive.penalty(naive.sigmoid(z), 0.3, 0.7), z)
    np.testing.assert_allclose(dz, numeric, rtol=1e-7, atol=1e-9)


def test_it_is_added_to_the_gradient_of_images_in_any_layout():
    a, da = np.random.default_rng(4).normal(size=(2, 3, 4, 5, 2))
    before = a.copy(), da.copy()
    expected = da + (0.3 * np.sign(a) + 1.4 * a) / 3
    for layout in (np.asfortranarray, lambda part: np.repeat(part, 2, axis=1)[:, ::2]):
        value, added = L1L2(0.3, 0.7).add(layout(a), layout(da))
        assert value == pytest.approx(naive.penalty(a, 0.3, 0.7), rel=1e-13)
        np.testing.assert_allclose(added, expected, rtol=1e-13)
    np.testing.assert_array_equal((a, da), before)


def test_the_slope_of_l1_at_zero_is_zero():
    da = np.zeros((1, 2))
    assert penalty(np.array([[0.0, -0.0]]), 1.0, 0.0, 1.0, False, da) == 0
    np.testing.assert_array_equal(da, 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_shows_in_the_value(dtype):
    a = np.ones((2, 20), dtype)
    a[1, 13] = np.nan
    for l1, l2 in PAIRS:
        for of_sigmoid in (False, True):
            assert np.isnan(penalty(a, l1, l2, 1.0, of_sigmoid, np.zeros_like(a)))


@pytest.mark.parametrize("batch", [1, 4, 12])
def test_a_model_divides_by_the_samples_and_reports_it_apart(batch):
    """One number for every batch size: the mean over samples of the sum over the output."""
    code = tae.Dense(3, "tanh", activity_regularizer=L1L2(0.2, 0.4))
    ae = tae.Autoencoder([code], [tae.Dense(4)], dtype="float64", input_shape=(4,))
    x = np.random.default_rng(3).random((12, 4))[:batch]
    figures = ae.evaluate(x)
    assert figures["penalty"] == pytest.approx(naive.penalty(ae.encode(x), 0.2, 0.4), rel=1e-12)
    assert figures["reconstruction"] == pytest.approx(((ae.reconstruct(x) - x) ** 2).mean())
    assert figures["loss"] == pytest.approx(figures["penalty"] + figures["reconstruction"])
    assert ae.loss_and_gradient(x)[0] == pytest.approx(figures["loss"], rel=1e-12)


@tae.kernel
def fourth_power(a, settings, scale, da, sums):
    for i in range(a.shape[0]):
        sums[i] = 0.0
        for j in range(a.shape[1]):
            sums[i] += a[i, j] ** 4
            if da.size:
                da[i, j] += scale * 4 * a[i, j] ** 3


class FourthPower(Penalty):
    """A penalty of one's own, with these numbers, which mean nothing."""

    kernel = staticmethod(fourth_power)

    def __init__(self, *numbers):
        self.numbers = numbers

    def settings(self):
        return np.array(self.numbers, float)


@pytest.mark.parametrize("numbers", [(), (0.0,), (1.0, 2.0)])
def test_a_penalty_of_ones_own_counts_whatever_its_numbers(numbers):
    """Behind a sigmoid before BCE too, which the loss cannot take over then."""
    penalty = FourthPower(*numbers)
    ae = tae.Autoencoder(
        [tae.Dense(3, activity_regularizer=penalty)],
        [tae.Dense(4, "sigmoid", activity_regularizer=penalty)],
        *((4,), "bce"),
        dtype="float64",
    )
    x = np.random.default_rng(3).random((5, 4))
    expected = (ae.encode(x) ** 4).sum() / 5 + (ae.reconstruct(x) ** 4).sum() / 5
    assert ae.evaluate(x)["penalty"] == pytest.approx(expected, rel=1e-12)
    report = tae.check_gradients(ae, x)
    assert report.passed, str(report)


def test_a_penalty_has_four_numbers_at_most():
    def model(*numbers):
        return tae.Autoencoder(
            [tae.Dense(3, activity_regularizer=FourthPower(*numbers))], [tae.Dense(4)], (4,)
        )

    x = np.ones((2, 4))
    assert model(1, 2, 3, 4).evaluate(x)["penalty"] > 0
    with pytest.raises(ValueError, match="has 5 numbers; 4 is the most"):
        model(1, 2, 3, 4, 5).evaluate(x)


def test_settings():
    assert (L1().l1, L1().l2) == (0.01, 0)
    assert (L2().l1, L2().l2) == (0, 0.01)
    assert (L1L2().l1, L1L2().l2) == (0, 0)
    assert repr(L1L2(0.5, 2)) == "L1L2(l1=0.5, l2=2)"
    assert (repr(L1(1e-5)), repr(L2(3))) == ("L1(1e-05)", "L2(3)")
    for wrong in (-1e-9, np.inf, np.nan):
        with pytest.raises(ValueError, match="l1 must be zero or positive and finite, but got"):
            L1(wrong)
        with pytest.raises(ValueError, match="l2 must be zero or positive and finite, but got"):
            L1L2(l2=wrong)


def test_only_penalties_are_taken():
    given = L1(0.1)
    assert penalties.check("activity_regularizer", given) is given
    assert penalties.check("activity_regularizer", None) is None
    for wrong in ("l1", 0.1, L1):
        with pytest.raises(ValueError, match="activity_regularizer must be an L1, L2 or L1L2"):
            tae.Dense(3, activity_regularizer=wrong)
