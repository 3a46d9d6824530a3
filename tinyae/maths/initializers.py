"""Initial weights: functions ``(shape, rng) -> array``, drawn in float64.

==============  ==========================================================
glorot_uniform  uniform within ±√(6 / (fan_in + fan_out))
glorot_normal   truncated normal of variance 2 / (fan_in + fan_out)
he_uniform      uniform within ±√(6 / fan_in)
he_normal       truncated normal of variance 2 / fan_in
zeros           0
RandomNormal    normal of the given standard deviation and mean, not truncated
==============  ==========================================================

A weight of shape (kh, kw, a, b) has fan_in = kh kw a and fan_out = kh kw b, one of shape (k, a, b)
k a and k b, one of shape (a, b) a and b: Keras's rule, transposed convolutions included.

References
----------
Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.
He, Zhang, Ren and Sun, Delving deep into rectifiers, 2015.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..checks.arguments import finite_number, look_up, not_negative, sizes
from ..checks.arrays import numbers
from ..checks.attributes import Checked
from ..checks.floating_point import converted

Initializer = Callable[[tuple[int, ...], np.random.Generator], np.ndarray]

# A standard normal cut at ±2 has this standard deviation.
_TRUNCATED_STDDEV = 0.87962566103423978


def _fans(shape: tuple[int, ...]) -> tuple[float, float]:
    shape = sizes("shape", shape, least=0)
    if len(shape) < 2:
        size = float(math.prod(shape))
        return size, size
    receptive_field = math.prod(shape[:-2])
    return float(receptive_field * shape[-2]), float(receptive_field * shape[-1])


def _check_generator(rng: object) -> None:
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy.random.Generator, but got {rng!r}")


def _truncated_normal(
    shape: tuple[int, ...], rng: np.random.Generator, stddev: float
) -> np.ndarray:
    _check_generator(rng)
    draws = rng.standard_normal(shape)
    while (outside := np.abs(draws) > 2).any():
        draws[outside] = rng.standard_normal(int(outside.sum()))
    return draws * (stddev / _TRUNCATED_STDDEV)


def _uniform(shape: tuple[int, ...], rng: np.random.Generator, limit: float) -> np.ndarray:
    _check_generator(rng)
    return rng.uniform(-limit, limit, shape)


def glorot_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform within ±√(6 / (fan_in + fan_out))."""
    return _uniform(shape, rng, math.sqrt(6 / sum(_fans(shape))))


def glorot_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal of variance 2 / (fan_in + fan_out), truncated at two standard deviations."""
    return _truncated_normal(shape, rng, math.sqrt(2 / sum(_fans(shape))))


def he_uniform(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Uniform within ±√(6 / fan_in)."""
    return _uniform(shape, rng, math.sqrt(6 / _fans(shape)[0]))


def he_normal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Normal of variance 2 / fan_in, truncated at two standard deviations."""
    return _truncated_normal(shape, rng, math.sqrt(2 / _fans(shape)[0]))


def zeros(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Zeros."""
    return np.zeros(sizes("shape", shape, least=0))


class RandomNormal(Checked):
    """Normal of the given standard deviation and mean, not truncated.

    Keras's has the mean first: there ``RandomNormal(0.1)`` is of mean 0.1, here of deviation 0.1.

    Parameters
    ----------
    stddev : float, default 0.05
        The standard deviation.
    mean : float, default 0.0
        The mean.

    See Also
    --------
    Dense : Takes it as `kernel_initializer`.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> W = tae.RandomNormal(0.1)((300, 200), np.random.default_rng(0))
    >>> W.shape, round(float(W.std()), 2)
    ((300, 200), 0.1)
    """

    closed = True
    checks: ClassVar = {"stddev": not_negative, "mean": finite_number}

    def __init__(self, stddev: float = 0.05, mean: float = 0.0):
        self.stddev, self.mean = stddev, mean

    def __call__(self, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
        _check_generator(rng)
        draws = self.stddev * rng.standard_normal(sizes("shape", shape, least=0))
        return draws + self.mean if self.mean else draws

    def __repr__(self) -> str:
        return f"RandomNormal({self.stddev:g}{f', mean={self.mean:g}' if self.mean else ''})"


NAMES: dict[str, Initializer] = {
    function.__name__: function
    for function in (glorot_uniform, glorot_normal, he_uniform, he_normal, zeros)
}


def get(initializer: str | Initializer, name: str = "initializer") -> Initializer:
    """The initializer of that name, or the given function ``(shape, rng) -> array``."""
    if callable(initializer) and not isinstance(initializer, type):
        return initializer
    return look_up(name, initializer, NAMES)


def check(name: str, initializer: Any) -> str | Initializer:
    """What a layer keeps: the name of one that is known, else the function itself."""
    found = get(initializer, name)
    return found.__name__ if isinstance(initializer, str) else found


def initial(
    initializer: str | Initializer, label: str, shape: tuple[int, ...], dtype: np.dtype, rng: Any
) -> np.ndarray:
    """What an initializer gives for a weight, refused if it is nothing to start with."""
    values = numbers(get(initializer)(shape, rng), f"what {label} gives")
    if values.shape != shape:
        raise ValueError(f"{label} must give shape {shape}, but gave {values.shape}")
    if not (np.abs(values) <= np.finfo(dtype).max).all():
        raise ValueError(f"{label} must give finite numbers of {dtype}, but gave others")
    return converted(values, dtype)
