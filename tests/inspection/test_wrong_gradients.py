"""`check_gradients`: wrong gradients fail by name; kinks are no excuse."""

import math

import numpy as np
import pytest

import tinyae as tae
from tests.support.gradcheck_models import Affine, Pointwise, big, named, samples, small, spoil
from tinyae.datasets import mnist_mini
from tinyae.inspection.check_gradients import Check, Subject
from tinyae.progress.live_line import LiveLine
from tinyae.training.compiled import CompiledTrainer


@pytest.mark.parametrize("wrong", ["s", "b"])
def test_a_wrong_gradient_of_a_custom_layer(wrong):
    right = tae.Autoencoder([tae.Dense(3), Affine()], [tae.Dense(5)])
    assert tae.check_gradients(right, samples()).passed
    ae = tae.Autoencoder([tae.Dense(3), Affine(**{wrong: 1.01})], [tae.Dense(5)])
    report = tae.check_gradients(ae, samples())
    assert report.verdict == "failed"
    assert not report.passed
    assert named(report, "failed") == [f"encoder[1].{wrong}"]
    (row,) = [row for row in report.rows if row.verdict == "failed"]
    assert row.eager_error == pytest.approx(0.01 / 1.01, rel=0.01)
    assert math.isnan(row.compiled_error)
    assert str(report).endswith(f"failed: encoder[1].{wrong}")


def test_a_wrong_gradient_for_the_input():
    ae = tae.Autoencoder([Affine(dx=1.01)], [tae.Dense(5)])
    assert named(tae.check_gradients(ae, samples()), "failed") == ["input"]


def test_a_wrong_gradient_handed_down_fails_in_all_that_comes_before():
    ae = tae.Autoencoder([tae.Dense(3), Affine(dx=1.01)], [tae.Dense(5)])
    report = tae.check_gradients(ae, samples())
    assert named(report, "failed") == ["encoder[0].kernel", "encoder[0].bias", "input"]


@pytest.mark.parametrize("position", range(8))
def test_a_wrong_compiled_gradient(monkeypatch, position):
    sizes = [20, 4, 8, 2, 8, 4, 20, 5]
    start = sum(sizes[:position])
    spoil(monkeypatch, slice(start, start + sizes[position]), 1.01)
    report = tae.check_gradients(small("relu", "sigmoid", loss="bce"), samples())
    (row,) = [row for row in report.rows if row.verdict == "failed"]
    assert row.name == report.rows[position].name
    assert row.eager_error <= 1e-6
    assert row.compiled_error == pytest.approx(0.01 / 1.01, rel=0.01)


def test_a_wrong_compiled_gradient_for_the_input(monkeypatch):
    compute = CompiledTrainer.input_gradient
    monkeypatch.setattr(
        CompiledTrainer, "input_gradient", lambda trainer, rows: 1.01 * compute(trainer, rows)
    )
    assert named(tae.check_gradients(small(), samples()), "failed") == ["input"]


def test_one_wrong_number_in_fifty_thousand(monkeypatch):
    """Random directions see it too."""
    (x, _), _ = mnist_mini()
    ae = big(loss="bce", input_shape=784, dtype="float64")
    _, gradient = ae.loss_and_gradient(x[:8])
    spoil(monkeypatch, np.argmax(np.abs(gradient[: 784 * 64])), 1.1)
    assert named(tae.check_gradients(ae, x[:8]), "failed") == ["encoder[0].kernel"]


def test_eager_and_compiled_loss_must_agree(monkeypatch):
    """To 1e-12 of the scale that rounding errors are relative to."""
    run, ae, x = CompiledTrainer.run, small(input_shape=5), samples()
    scale = Check(Subject(ae, x, None), 1e-6, LiveLine(0, elsewhere=0)).here.scale
    for off, failed in ((4e-13, []), (3e-12, ["loss"])):
        monkeypatch.setattr(
            CompiledTrainer, "run", lambda *given, off=off: run(*given) + off * scale / 2
        )
        assert named(tae.check_gradients(ae, x), "failed") == failed


@pytest.mark.parametrize("factor", [1.01, -1.0, 0.0])
@pytest.mark.parametrize("name", ["kernel", "bias"])
def test_kinks_do_not_hide_a_wrong_gradient(monkeypatch, factor, name):
    """Neither next to a wrong one, the kernel's, nor where that itself is on a kink."""
    x = samples()
    x[2] = 0
    ae = tae.Autoencoder([tae.Dense(4, "relu")], [tae.Dense(5, "leaky_relu")])
    spoil(monkeypatch, slice(0, 20) if name == "kernel" else slice(20, 24), factor)
    report = tae.check_gradients(ae, x, samples(seed=1))
    assert named(report, "failed") == [f"encoder[0].{name}"]
    assert "inconclusive" in [row.verdict for row in report.rows]


def test_a_small_gradient_is_checked_as_strictly():
    """One that noise would cover at the shortest steps."""
    for factor, failed in ((1, []), (1.01, ["encoder[0].kernel", "encoder[0].bias", "input"])):
        layer = Pointwise(lambda x: 1e-5 * x, lambda x, factor=factor: 1e-5 * factor)
        ae = tae.Autoencoder([tae.Dense(3), layer], [tae.Dense(5)])
        assert named(tae.check_gradients(ae, samples()), "failed") == failed


@pytest.mark.parametrize("factor", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_fails_where_it_is(factor):
    """And hides no other that is wrong."""
    for b, others in ((1.0, []), (1.01, ["encoder[1].b"])):
        ae = tae.Autoencoder([tae.Dense(3), Affine(s=factor, b=b)], [tae.Dense(5)])
        assert named(tae.check_gradients(ae, samples()), "failed") == ["encoder[1].s", *others]


def test_wrong_at_one_point_only_is_wrong():
    """A smooth function whose derivative is forgotten at 0 is no kink."""
    layer = Pointwise(np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (x != 0))
    x = samples()
    x[2] = 0
    report = tae.check_gradients(tae.Autoencoder([layer], [tae.Dense(5)]), x, samples(seed=1))
    assert named(report, "failed") == ["input"]


def test_an_output_that_is_not_finite_close_by_fails():
    layer = Pointwise(lambda x: np.where(x < 0, np.nan, x), lambda x: 1.0)
    x = samples()
    x[0, 0] = 0
    report = tae.check_gradients(tae.Autoencoder([layer], [tae.Dense(5)]), x)
    assert "input" in named(report, "failed")
    assert "inf" in str(report)
