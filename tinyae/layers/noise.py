"""Layers that are active in training only: dropout and Gaussian noise.

Their random numbers are a hash of where they are used: (the model's seed and the layer, the
optimizer's step, the sample's position in the mini-batch, the element). So they need no state, are
the same however a mini-batch is cut into chunks and threads, and the backward pass makes them again
instead of keeping them.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..checks.arguments import not_negative, optional_limits, share
from ..machine.elementary import log1p
from ..machine.jit import called, inlined, kernel
from ..machine.views import copy
from ..maths.formula import Formula
from ..maths.penalties import Penalty
from .kernels import NOT_TRAINING, Kernels
from .layer import Layer

GOLDEN = 0x9E3779B9  # 2³² divided by the golden ratio: its multiples differ in all bits


@kernel
def mix(h):
    """Spread a 32-bit number over all its bits (the finalizer of MurmurHash3, Appleby 2011)."""
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@kernel
def row_key(key, step, position):
    """32 bits for one sample: of the layer's key (63 bits), the step and the position."""
    low = np.int64(0xFFFFFFFF)
    h = mix(np.uint32(key & low))
    h = mix(np.uint32(h ^ np.uint32(key >> 32)))
    h = mix(np.uint32(h ^ np.uint32(step & low)))
    return mix(np.uint32(h ^ np.uint32(position & low)))


@kernel
def element_bits(row, j):
    """32 bits for element j of a sample."""
    return mix(np.uint32(row ^ np.uint32(np.uint32(j) * np.uint32(GOLDEN))))


@kernel
def standard_normal(bits):
    """A standard normal number from 32 random bits: √2 erfinv(u) for u uniform in (−1, 1).

    float32, from 24 of the bits, so within ±5.4. erfinv is Giles's approximation in single
    precision (Approximating the erfinv function, GPU Computing Gems, 2010), whose logarithm is
    taken here of v = 1 − u² = m 2^e by its series.
    """
    half = np.float32(0.5)
    share = (np.float32(bits >> np.uint32(8)) + half) * np.float32(2.0**-24)  # in (0, 1)
    u = np.float32(2) * share - np.float32(1)
    v = np.float32(4) * share * (np.float32(1) - share)
    pattern = np.float32(v).view(np.int32)
    exponent = np.float32((pattern >> np.int32(23)) - np.int32(127))
    mantissa = np.int32((pattern & np.int32(0x7FFFFF)) | np.int32(0x3F800000)).view(np.float32)
    w = -(exponent * np.float32(0.6931471805599453) + log1p(mantissa - np.float32(1)))
    a = w - np.float32(2.5)
    near = np.float32(2.81022636e-08)
    near = near * a + np.float32(3.43273939e-07)
    near = near * a + np.float32(-3.5233877e-06)
    near = near * a + np.float32(-4.39150654e-06)
    near = near * a + np.float32(0.00021858087)
    near = near * a + np.float32(-0.00125372503)
    near = near * a + np.float32(-0.00417768164)
    near = near * a + np.float32(0.246640727)
    near = near * a + np.float32(1.50140941)
    b = np.sqrt(max(w, np.float32(0))) - np.float32(3)
    far = np.float32(-0.000200214257)
    far = far * b + np.float32(0.000100950558)
    far = far * b + np.float32(0.00134934322)
    far = far * b + np.float32(-0.00367342844)
    far = far * b + np.float32(0.00573950773)
    far = far * b + np.float32(-0.0076224613)
    far = far * b + np.float32(0.00943887047)
    far = far * b + np.float32(1.00167406)
    far = far * b + np.float32(2.83297682)
    return np.float32(1.4142135623730951) * u * (near if w < np.float32(5) else far)


@inlined
def dropped(op, x, y, step, first):
    """y = scale x with probability 1 − rate, else 0; copies where step is NOT_TRAINING.

    x, y (n, size); `first` is the position in the mini-batch of row 0. The map is linear with a
    fixed mask, so the backward pass is the same call with dy and dx.
    """
    if step == NOT_TRAINING:
        copy(x, y)
        return
    zero, scale = x.dtype.type(0), x.dtype.type(op.scale)
    threshold = np.uint32(op.rate * 2.0**32)
    for i in range(x.shape[0]):
        row = row_key(op.key, step, first + i)
        for j in range(x.shape[1]):
            y[i, j] = scale * x[i, j] if element_bits(row, j) >= threshold else zero


@called
def gaussian_noise(op, w, x, y, scratch, step, first):
    """y = x + stddev · N(0, 1), kept in [low, high]; copies where step is NOT_TRAINING."""
    if step == NOT_TRAINING:
        copy(x, y)
        return
    stddev, low, high = x.dtype.type(op.stddev), x.dtype.type(op.low), x.dtype.type(op.high)
    for i in range(x.shape[0]):
        row = row_key(op.key, step, first + i)
        for j in range(x.shape[1]):
            value = x[i, j] + stddev * x.dtype.type(standard_normal(element_bits(row, j)))
            y[i, j] = low if value < low else (high if value > high else value)  # NaN stays


@called
def gaussian_noise_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    """dx = dy, and 0 where y was kept in."""
    if dx.size == 0:
        return
    if step == NOT_TRAINING or op.high - op.low == np.inf:
        copy(dy, dx)
        return
    low, high, zero = x.dtype.type(op.low), x.dtype.type(op.high), x.dtype.type(0)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            dx[i, j] = dy[i, j] if low < y[i, j] < high else zero


@called
def dropout(op, w, x, y, scratch, step, first):
    dropped(op, x, y, step, first)


@called
def dropout_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    if dx.size:
        dropped(op, dy, dx, step, first)


class Dropout(Layer):
    """Set each element to zero with probability `rate`, and divide the rest by 1 − rate.

    Active in training only; the mask is new at every step.

    Parameters
    ----------
    rate : float
        At least 0 and below 1.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    Masking : Leaves the rest as it is.
    GaussianNoise : Adds noise.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> layer = tae.Dropout(0.5)
    >>> layer.build((20,))
    (20,)
    >>> y, cache = layer.forward(np.full((1, 20), 0.25), training=True)
    >>> sorted(set(y[0].tolist()))
    [0.0, 0.5]
    """

    random = True
    kernels = Kernels(dropout, dropout_back, {"rate": float, "scale": float})
    checks: ClassVar = {"rate": share}
    changeable: ClassVar = Layer.changeable | {"rate"}

    def __init__(self, rate: float, *, activity_regularizer: Penalty | None = None):
        super().__init__(activity_regularizer=activity_regularizer)
        self.rate = rate

    def record_fields(self):
        return {"rate": self.rate, "scale": 1 / (1 - self.rate)}

    def formula(self) -> Formula:
        kept = f"{1 - self.rate:g}"
        return Formula(
            f"y = x / {kept}, or 0 with probability {self.rate:g}",
            f"dx = dy / {kept} where x was kept, else 0",
        )

    def steps(self):
        return []  # it does nothing outside training


class GaussianNoise(Layer):
    """Add normal noise of mean 0.

    Active in training only; the noise is new at every step.

    Parameters
    ----------
    stddev : float
        The noise's standard deviation, zero or positive, on the scale of what comes to the layer.
    clip : tuple of two floats, optional
        The least and the most that a number may be with its noise, such as (0, 1) for pixels; one
        beyond becomes the nearer of them, and gets no gradient. Outside training nothing is
        clipped. Default: noise goes as far as it goes.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    SaltAndPepper : Noise on some elements, as large as can be.
    models.denoising : A model that takes noise away.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> layer = tae.GaussianNoise(0.5, clip=(0, 1))
    >>> layer.build((20,))
    (20,)
    >>> y, cache = layer.forward(np.full((1, 20), 0.25), training=True)
    >>> bool(y.min() == 0), bool(y.max() <= 1), len(set(y[0].tolist())) > 2
    (True, True, True)
    """

    random = True
    kernels = Kernels(
        gaussian_noise, gaussian_noise_back, {"stddev": float, "low": float, "high": float}
    )
    checks: ClassVar = {"stddev": not_negative, "clip": optional_limits}
    changeable: ClassVar = Layer.changeable | {"stddev", "clip"}

    def __init__(
        self,
        stddev: float,
        clip: tuple[float, float] | None = None,
        *,
        activity_regularizer: Penalty | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.stddev, self.clip = stddev, clip

    def record_fields(self):
        low, high = self.clip or (-np.inf, np.inf)
        return {"stddev": self.stddev, "low": low, "high": high}

    def formula(self) -> Formula:
        noisy = f"x + {self.stddev:g} · N(0, 1)"
        if self.clip is None:
            return Formula(f"y = {noisy}", "dx = dy")
        low, high = self.clip
        backward = f"dx = dy where {low:g} < y < {high:g}, else 0"
        return Formula(f"y = {noisy}, kept from {low:g} to {high:g}", backward)

    def steps(self):
        return []
