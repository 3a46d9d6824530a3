"""Exponential and logarithm in a form that the compiler vectorises.

In float32 they are polynomials in branch-free code, about twenty times faster in a loop than the
C library's scalar functions and within two units in the last place; in float64, where gradients
are checked, they are NumPy's.
"""

import numpy as np
from numba import types

from .jit import by_type


def _expm1_float32(x):
    # x = n ln 2 + r with |r| <= ln 2 / 2, so e^x − 1 = 2^n (e^r − 1) + (2^n − 1)
    low = np.float32(-87)  # below, e^x is denormal
    x = low if x < low else x  # unlike max, keeps NaN
    n = np.rint(x * np.float32(1.4426950408889634))
    # ln 2 in two parts: n times the first is exact
    r = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1 / 5040)  # Taylor's series of (e^r − 1 − r) / r²
    p = p * r + np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(1 / 2)
    # 2^n by writing n into the exponent's bits
    scale = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return scale * (p * r * r + r) + (scale - np.float32(1))


def _exp_float32(x):
    # The same, but 1 is added before the scale: small numbers keep their relative accuracy
    low = np.float32(-88)  # where n = −127 makes the scale 0
    x = low if x < low else x
    n = np.rint(x * np.float32(1.4426950408889634))
    r = x - n * np.float32(0.693359375) + n * np.float32(2.12194440e-4)
    p = np.float32(1 / 5040)
    p = p * r + np.float32(1 / 720)
    p = p * r + np.float32(1 / 120)
    p = p * r + np.float32(1 / 24)
    p = p * r + np.float32(1 / 6)
    p = p * r + np.float32(1 / 2)
    scale = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
    return scale * ((p * r * r + r) + np.float32(1))


def _log1p_float32(x):
    # log(1 + x) = 2 artanh(s) with s = x / (2 + x) <= 1/3
    s = x / (np.float32(2) + x)
    t = s * s
    p = np.float32(1 / 13)
    p = p * t + np.float32(1 / 11)
    p = p * t + np.float32(1 / 9)
    p = p * t + np.float32(1 / 7)
    p = p * t + np.float32(1 / 5)
    p = p * t + np.float32(1 / 3)
    return np.float32(2) * (s + s * t * p)


def _exp(x):
    return _exp_float32 if x == types.float32 else lambda x: np.exp(x)


def _expm1(x):
    return _expm1_float32 if x == types.float32 else lambda x: np.expm1(x)


def _log1p(x):
    return _log1p_float32 if x == types.float32 else lambda x: np.log1p(x)


@by_type(_exp)
def exp(x):
    """e^x, for x <= 0."""
    return np.exp(x)


@by_type(_expm1)
def expm1(x):
    """e^x − 1, for x <= 0."""
    return np.expm1(x)


@by_type(_log1p)
def log1p(x):
    """log(1 + x), for 0 <= x <= 1."""
    return np.log1p(x)
