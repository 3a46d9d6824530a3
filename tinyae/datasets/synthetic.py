"""Made data: points in the plane whose structure is known and can be drawn."""

from __future__ import annotations

import numpy as np

from ..checks.arguments import not_negative, whole
from ..checks.hints import hinting


@hinting
def two_gaussians(n: int = 1000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated Gaussian clouds side by side.

    With a and b independent standard normal numbers, a point is::

        (m1 + a,  m2 + 0.9 a + sqrt(1 - 0.9²) b)

    so both coordinates have variance 1 and their covariance is 0.9. The mean (m1, m2) is
    (-1.1, 0.1) for the first cloud and (1.1, -0.1) for the second.

    Parameters
    ----------
    n : int
        How many points each cloud has.
    seed : int
        The same seed gives the same points.

    Returns
    -------
    x : ndarray, shape (2n, 2), float32
        The points, not shuffled: first all of the first cloud, then all of the second.
    labels : ndarray, shape (2n,), int64
        0 for the first cloud, 1 for the second.

    Raises
    ------
    ValueError
        If `n` is not a positive integer or `seed` not an integer from 0.

    See Also
    --------
    sine_curve : Points that no straight line follows.

    Examples
    --------
    >>> import tinyae as tae
    >>> x, labels = tae.datasets.two_gaussians(3)
    >>> x.shape, labels
    ((6, 2), array([0, 0, 0, 1, 1, 1]))
    """
    whole("n", n, least=1)
    whole("seed", seed, least=0)
    means = np.array([[-1.1, 0.1], [1.1, -0.1]])
    a, b = np.random.default_rng(seed).standard_normal((2, 2, n))
    x = means[:, np.newaxis, :] + np.stack([a, 0.9 * a + np.sqrt(1 - 0.9**2) * b], axis=-1)
    return x.reshape(2 * n, 2).astype(np.float32), np.repeat(np.arange(2, dtype=np.int64), n)


@hinting
def sine_curve(n: int = 1000, noise: float = 0.06, seed: int = 0) -> np.ndarray:
    """Noisy points along one swing of the sine: a line that no straight projection can follow.

    With t evenly spaced from -2.2 to 2.2, both ends included, and a, b independent standard
    normal numbers, a point is ``(t + noise a, sin t + noise b)``.

    Parameters
    ----------
    n : int
        How many points.
    noise : float
        The standard deviation of the noise on each coordinate.
    seed : int
        The same seed gives the same points.

    Returns
    -------
    ndarray, shape (n, 2), float32
        The points, in the order of t.

    Raises
    ------
    ValueError
        If `n` is not a positive integer, `noise` not a finite number from 0, or `seed` not an
        integer from 0.

    See Also
    --------
    two_gaussians : Points along a straight line.

    Examples
    --------
    >>> import tinyae as tae
    >>> tae.datasets.sine_curve(3, noise=0)
    array([[-2.2      , -0.8084964],
           [ 0.       ,  0.       ],
           [ 2.2      ,  0.8084964]], dtype=float32)
    """
    whole("n", n, least=1)
    whole("seed", seed, least=0)
    noise = not_negative("noise", noise)
    t = np.linspace(-2.2, 2.2, n)
    points = np.stack([t, np.sin(t)], axis=1)
    points += noise * np.random.default_rng(seed).standard_normal((n, 2))
    return points.astype(np.float32)
