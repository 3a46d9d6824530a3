"""The kernel decorator: the arithmetic that it compiles for is NumPy's."""

import numpy as np
import pytest

from tinyae.machine import jit


@jit.kernel
def kinds(x, counts):
    """Count the NaNs, the infinities and the other numbers of x."""
    for i in range(x.size):
        if np.isnan(x[i]):
            counts[0] += 1
        elif np.isinf(x[i]):
            counts[1] += 1
        else:
            counts[2] += 1


@jit.kernel
def quotients(x, y, z):
    for i in range(x.size):
        z[i] = x[i] / y[i]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernels_tell_nan_and_infinity_from_numbers(dtype):
    """Fast-math may assume that there are none, and then training could not see it diverge."""
    x, counts = np.array([1, np.nan, np.inf, -np.inf, 0, np.nan], dtype), np.zeros(3, int)
    kinds(x, counts)
    assert counts.tolist() == [2, 2, 2]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # NumPy's, where nothing is compiled
def test_division_by_zero_raises_nothing():
    x, y = np.array([1.0, -1.0, 0.0]), np.zeros(3)
    quotients(x, y, z := np.empty(3))
    np.testing.assert_array_equal(z, [np.inf, -np.inf, np.nan])
