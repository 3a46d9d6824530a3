"""Slopes by nudging: what the tests hold your gradients against."""

import numpy as np


def slopes(loss, array, h=1e-6):
    """The slope of loss() for each number of `array`, which is nudged in place."""
    found = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + h
        ahead = loss()
        array[place] = kept - h
        behind = loss()
        array[place] = kept
        found[place] = (ahead - behind) / (2 * h)
    return found


def assert_gradient(yours, loss, array, name):
    """Your gradient for `array` has its shape, and is what nudging finds."""
    assert yours is not None, f"{name} is None: is there a return?"
    assert np.shape(yours) == array.shape, (
        f"{name} must have the shape of what it is the gradient of, {array.shape}, "
        f"but has {np.shape(yours)}"
    )
    expected = slopes(loss, array)
    np.testing.assert_allclose(yours, expected, rtol=1e-5, atol=1e-7, err_msg=name)
