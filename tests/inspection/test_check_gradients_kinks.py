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


def verdict_at_zero(bend, curvature=0.0, off=0.0):
    """For inputs of 0, where the slope changes by `bend` (1 far around) and grows by `curvature`,
    and the derivative says `off` too much.
    """
    layer = Pointwise(
        lambda x: x + bend / 2 * np.abs(x) + curvature / 2 * x**2,
        lambda x: 1 + bend / 2 * np.sign(x) + curvature * x + off * (x == 0),
    )
    ae = tae.Autoencoder([layer], [tae.Dense(5)])
    report = tae.check_gradients(ae, np.zeros((1, 5)), np.full((1, 5), 100.0))
    (row,) = (row for row in report.rows if row.name == "input")
    assert row.kinks in (0, row.checks)
    assert (row.kinks > 0) == (row.verdict == "inconclusive")
    return row.verdict


def test_slopes_a_thousandth_apart_may_be_a_kinks():
    """Though the derivative, halfway between them, agrees."""
    assert verdict_at_zero(bend=5e-4) == "passed"
    assert verdict_at_zero(bend=5e-3) == "inconclusive"


def test_a_kink_is_no_small_part_of_what_curvature_bends():
    """The slopes at the ends of a step of 1e-5 are 1e-2 apart by curvature alone."""
    assert verdict_at_zero(bend=2e-4, curvature=1e3) == "passed"
    assert verdict_at_zero(bend=1e-3, curvature=1e3) == "inconclusive"


def test_a_kink_excuses_what_it_can_explain():
    """No derivative that is off by much more than the slopes are apart."""
    assert verdict_at_zero(bend=1e-2, off=0.5) == "failed"
    assert verdict_at_zero(bend=1e-2, off=0.1) == "inconclusive"


def test_at_most_points_around_a_kink_the_derivative_must_be_right():
    """A derivative that is right on one side only: right at 0, 1, 2 or 3 of three points there."""
    layer = Pointwise(np.abs, lambda x: np.where(x > 0, 2.0, -1.0))
    ae = tae.Autoencoder([layer], [tae.Dense(5)])
    report = tae.check_gradients(ae, np.zeros((40, 5)), samples(40, seed=1))
    (row,) = (row for row in report.rows if row.name == "input")
    assert row.verdict == "failed"
    assert 0.35 * row.checks < row.kinks < 0.65 * row.checks  # two points or three, not one of them
