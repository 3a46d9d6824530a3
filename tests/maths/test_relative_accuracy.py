"""Sigmoid, and BCE from logits, are right to the last digits of their own size, however small."""

import numpy as np
import pytest

from tinyae.maths import plain
from tinyae.maths.activations import KNOWN
from tinyae.maths.losses import BCEFromLogits

ULPS = 4
PLAIN_ULPS = 8
# Down to where the sigmoid is the smallest normal number
LEAST = {"float32": -87.3, "float64": -708.0}
dtypes = pytest.mark.parametrize("dtype", LEAST)


def logits(dtype):
    drawn = np.random.default_rng(0).normal(size=4000) * 5
    return np.concatenate([np.linspace(LEAST[dtype], 60, 20_000), drawn]).astype(dtype)


def precise(z):
    return 1 / (1 + np.exp(-z.astype(np.longdouble)))


def ulps(found, true, size, dtype):
    """The largest distance in units in the last place of numbers of that size."""
    least = np.finfo(dtype).tiny
    unit = np.spacing(np.maximum(np.abs(size), least).astype(dtype)).astype(np.longdouble)
    return float((np.abs(found.astype(np.longdouble) - true) / unit).max())


@dtypes
def test_sigmoid(dtype):
    z, true = logits(dtype), precise(logits(dtype))
    y = z.copy()
    KNOWN["sigmoid"].forward(y, np.zeros_like(z))
    assert ulps(y, true, true, dtype) <= ULPS
    assert ulps(plain.sigmoid(z), true, true, dtype) <= PLAIN_ULPS


@dtypes
def test_sigmoid_far_out(dtype):
    z = np.array([-np.inf, -1e4, 1e4, np.inf, np.nan], dtype)
    KNOWN["sigmoid"].forward(z, np.zeros_like(z))
    np.testing.assert_array_equal(z, [0, 0, 1, 1, np.nan])


def loss_and_gradient(z, x):
    gradient = np.empty((z.size, 1), z.dtype)
    sums = BCEFromLogits().sums(z[:, np.newaxis], np.full((z.size, 1), x, z.dtype), 1.0, gradient)
    return sums, gradient[:, 0]


@dtypes
@pytest.mark.parametrize("x", [0, 1])
def test_loss_and_gradient_of_targets_0_and_1(x, dtype):
    z = logits(dtype)
    side = (z if x == 0 else -z).astype(np.longdouble)  # the loss is log(1 + e^side)
    loss = np.maximum(side, 0) + np.log1p(np.exp(-np.abs(side)))
    gradient = 1 / (1 + np.exp(-side)) * (1 if x == 0 else -1)
    sums, found = loss_and_gradient(z, x)
    assert ulps(sums, loss, loss, dtype) <= ULPS
    assert ulps(found, gradient, gradient, dtype) <= ULPS
    by_numpy = plain.binary_crossentropy_from_logits(z, z.dtype.type(x))
    assert ulps(by_numpy, loss, loss, dtype) <= PLAIN_ULPS


@dtypes
@pytest.mark.parametrize("x", [1e-3, 0.3, 0.5, 0.999])
def test_loss_and_gradient_of_targets_between(x, dtype):
    z, wide, target = logits(dtype), logits(dtype).astype(np.longdouble), np.dtype(dtype).type(x)
    large = np.maximum(wide, 0) + np.log1p(np.exp(-np.abs(wide)))
    exact = np.longdouble(target)
    loss, gradient = large - wide * exact, precise(z) - exact
    sums, found = loss_and_gradient(z, target)
    assert ulps(sums, loss, np.maximum(large, loss), dtype) <= ULPS
    assert ulps(found, gradient, np.maximum(precise(z), exact), dtype) <= ULPS
