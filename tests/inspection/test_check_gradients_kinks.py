"""Where a function has no gradient, the check says so, and says nothing else."""

import numpy as np
import pytest

import tinyae as tae
from tests.support.gradcheck_models import Pointwise, named, samples


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
def test_units_exactly_at_zero_are_kinks(activation, seed):
    """An all-zero sample and zero biases: every unit of every layer is on its kink."""
    x = samples()
    x[2] = 0
    ae = tae.Autoencoder(
        [tae.Dense(4, activation), tae.Dense(3, activation)],
        [tae.Dense(20, activation), tae.Dense(5, activation)],
        seed=seed,
    )
    report = tae.check_gradients(ae, x, samples(seed=1))
    assert report.verdict == "inconclusive", report
    assert not report.passed
    kinks = {row.name: row.kinks for row in report.rows}
    for name, row in zip(kinks, report.rows, strict=True):
        if name.endswith("bias"):
            assert row.kinks >= 0.9 * row.checks  # all that anything visible follows from
            assert row.verdict == "inconclusive"
        elif name.endswith("kernel"):  # has nothing to do with that sample
            assert row.kinks == 0
            assert row.verdict == "passed"
    assert kinks["input"] == 5  # those of the zero sample
    assert "inconclusive" in str(report).splitlines()[-1]


@pytest.mark.large
def test_equal_maxima_are_kinks():
    """In a blank image every window's numbers are equal."""
    ae = tae.Autoencoder(
        [tae.Conv2D(4, 3, padding="same", activation="elu"), tae.MaxPooling2D(2)],
        [tae.UpSampling2D(2), tae.Conv2D(1, 3, padding="same")],
    )
    x = np.zeros((2, 40, 40, 1))
    report = tae.check_gradients(ae, x, samples(3200, 1).reshape(x.shape))
    kinks = {row.name: (row.kinks, row.checks) for row in report.rows}
    assert kinks.pop("input") == (20, 20)
    assert {kink for kink, _ in kinks.values()} == {0}
    assert named(report, "inconclusive") == ["input"]
    assert report.verdict == "inconclusive"


def test_an_l1_penalty_on_a_zero_is_a_kink():
    ae = tae.Autoencoder(
        [tae.Dense(2, kernel_initializer="zeros", activity_regularizer=tae.L1(0.5))],
        [tae.Dense(5)],
    )
    report = tae.check_gradients(ae, samples())
    assert named(report, "inconclusive") == ["encoder[0].kernel", "encoder[0].bias"]
    assert report.rows[0].kinks == 10


def test_clipped_outputs_are_smooth_where_they_are_clipped():
    """Outside [0, 1] and, at first in this model, exactly 0: the bounds lie right beside."""
    x = samples()
    x[2] = 0
    ae = tae.Autoencoder([tae.Dense(3)], [tae.Dense(5)], loss="bce")
    outside = ae.reconstruct(x)
    assert (outside < 0).any()
    assert tae.check_gradients(ae, x).passed


def test_an_output_on_the_bound_of_clipping_is_a_kink():
    def bound(shape, rng):
        return np.full(shape, 1e-7)

    ae = tae.Autoencoder(
        [tae.Dense(3)],
        [tae.Dense(5, kernel_initializer="zeros", bias_initializer=bound)],
        loss="bce",
        dtype="float64",
    )
    report = tae.check_gradients(ae, samples())
    assert "decoder[0].bias" in named(report, "inconclusive"), report


def test_few_kinks_are_forgiven():
    ae = tae.Autoencoder([Pointwise(np.abs, np.sign)], [tae.Dense(5)])
    x = samples(20)
    x[7, 3] = 0
    report = tae.check_gradients(ae, x, samples(20, seed=1))
    kinks = {row.name: row.kinks for row in report.rows}
    assert kinks.pop("input") == 1  # of 100
    assert set(kinks.values()) == {0}
    assert report.passed
    assert str(report).endswith("passed, kinks: 1")
    x[7:9] = 0  # 10 of 100
    assert tae.check_gradients(ae, x, samples(20, seed=1)).verdict == "inconclusive"


# What is checked, and what is left alone
