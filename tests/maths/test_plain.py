"""Activations and losses in plain NumPy, which exports are made of, against their kernels."""

import inspect

import numpy as np
import pytest

from tests.support.steps_in_numpy import assert_same
from tinyae.maths import plain
from tinyae.maths.activations import KNOWN, activation_forward, addresses
from tinyae.maths.losses import (
    BCE,
    MAE,
    MSE,
    BCEFromLogits,
    CategoricalCrossentropy,
    CategoricalCrossentropyFromLogits,
    Huber,
)

ACTIVATIONS = {name: known for name, known in KNOWN.items() if known.forward is not None}
LOSSES = [MSE, MAE, Huber, BCE, BCEFromLogits]
LOSSES += [CategoricalCrossentropy, CategoricalCrossentropyFromLogits]


def test_all_of_them_are_held_to_a_kernel():
    written = {function for _, function in inspect.getmembers(plain, inspect.isfunction)}
    assert {*(known.numpy for known in ACTIVATIONS.values()), *(loss.numpy for loss in LOSSES)} == (
        written
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, dtype):
    z = np.concatenate([np.linspace(-200, 200, 801), np.linspace(-1, 1, 101), [0.0, -0.0]])
    z = z.astype(dtype).reshape(-1, 4)
    y = z.copy()
    activation_forward(np.empty(0, dtype), addresses(name, y.dtype)["activation"], y)
    found = KNOWN[name].numpy(z)
    assert found.dtype == dtype
    if dtype == "float64":
        assert_same(found, y)
    np.testing.assert_allclose(found, y, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.random(200), [0.0, 1.0, 0.5]])
    y = np.concatenate([rng.random(200), [1.0, 0.0, 1e-9]])
    if loss not in (BCE, CategoricalCrossentropy):
        y = np.concatenate([20 * rng.standard_normal(200), [500.0, -500.0, 0.0]])
    y, x = y[:201].reshape(-1, 3), x[2:].reshape(-1, 3)
    numbers = loss().numbers_for((3,), y.dtype)
    assert_same(loss.numpy(y, x, *numbers).sum(axis=1), loss().sums(y, x))
    assert_same(loss().elements(y, x), loss.numpy(y, x, *numbers))
