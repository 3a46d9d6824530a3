"""What layers of codes compute, in plain NumPy: the shortest way to say it."""

import numpy as np


def largest(h, k):
    """The k largest numbers along the last axis, of equal ones the first; 0 in place of others."""
    places = np.argsort(-h, axis=-1, kind="stable")[..., :k]
    y = np.zeros_like(h)
    np.put_along_axis(y, places, np.take_along_axis(h, places, -1), -1)
    return y
