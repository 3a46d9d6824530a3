"""Damage that a denoising autoencoder learns to undo, beside Gaussian noise and dropout.

As theirs, the random numbers are a hash of where they are used: see `layers.noise`.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..checks.arguments import finite_number, share
from ..layers.kernels import NOT_TRAINING, Kernels
from ..layers.layer import Layer
from ..layers.noise import Dropout, element_bits, row_key
from ..machine.jit import called
from ..machine.views import copy
from ..maths.formula import Formula
from ..maths.penalties import Penalty


@called
def salt_and_pepper(op, w, x, y, scratch, step, first):
    """y = low or high, each with probability rate / 2, else x; copies if step is NOT_TRAINING."""
    if step == NOT_TRAINING:
        copy(x, y)
        return
    low, high = x.dtype.type(op.low), x.dtype.type(op.high)
    half, whole = np.uint32(op.rate * 2.0**31), np.uint32(op.rate * 2.0**32)
    for i in range(x.shape[0]):
        row = row_key(op.key, step, first + i)
        for j in range(x.shape[1]):
            bits = element_bits(row, j)
            y[i, j] = low if bits < half else (high if bits < whole else x[i, j])


@called
def salt_and_pepper_back(op, w, x, y, dy, dw, dx, scratch, step, first):
    """dx = dy where x was kept, else 0."""
    if dx.size == 0:
        return
    if step == NOT_TRAINING:
        copy(dy, dx)
        return
    zero, whole = x.dtype.type(0), np.uint32(op.rate * 2.0**32)
    for i in range(x.shape[0]):
        row = row_key(op.key, step, first + i)
        for j in range(x.shape[1]):
            dx[i, j] = zero if element_bits(row, j) < whole else dy[i, j]


class SaltAndPepper(Layer):
    """Set each element to `low` or `high` with probability `rate`, to either as often.

    Active in training only; which elements is new at every step.

    Parameters
    ----------
    rate : float
        At least 0 and below 1.
    low, high : float, default 0 and 1
        What an element becomes, on the scale of what comes to the layer: 0 and 1 behind a
        ``Rescaling(1 / 255)``, 0 and 255 before it, where pixels are still 8 bits.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    Masking : All chosen elements become zero.
    GaussianNoise : A little noise on every element.

    References
    ----------
    Vincent et al., Stacked denoising autoencoders, 2010 (section 3.3).

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> layer = tae.SaltAndPepper(0.5)
    >>> layer.build((20,))
    (20,)
    >>> y, cache = layer.forward(np.full((1, 20), 0.25), training=True)
    >>> sorted(set(y[0].tolist()))
    [0.0, 0.25, 1.0]
    """

    random = True
    kernels = Kernels(
        salt_and_pepper, salt_and_pepper_back, {"rate": float, "low": float, "high": float}
    )
    checks: ClassVar = {"rate": share, "low": finite_number, "high": finite_number}
    changeable: ClassVar = Layer.changeable | {"rate", "low", "high"}

    def __init__(
        self,
        rate: float,
        low: float = 0.0,
        high: float = 1.0,
        *,
        activity_regularizer: Penalty | None = None,
    ):
        super().__init__(activity_regularizer=activity_regularizer)
        self.rate, self.low, self.high = rate, low, high

    def record_fields(self):
        return {"rate": self.rate, "low": self.low, "high": self.high}

    def formula(self) -> Formula:
        return Formula(
            f"y = x, or {self.low:g} or {self.high:g} with probability {self.rate / 2:g} each",
            "dx = dy where x was kept, else 0",
        )

    def steps(self):
        return []  # it does nothing outside training


class Masking(Dropout):
    """Set each element to zero with probability `rate`, and leave the rest as it is.

    Active in training only; the mask is new at every step. (`Dropout` divides the rest by 1 − rate,
    which keeps the mean, but makes bright pixels brighter than any pixel is. Keras's layer of this
    name is another: it skips steps of a sequence.)

    Parameters
    ----------
    rate : float
        At least 0 and below 1.
    activity_regularizer : L1, L2, L1L2 or None
        A penalty on the output.

    See Also
    --------
    Dropout : Divides the rest by 1 − rate.
    SaltAndPepper : Chosen elements become either of two numbers.

    References
    ----------
    Vincent et al., Stacked denoising autoencoders, 2010 (section 3.3).

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> layer = tae.Masking(0.5)
    >>> layer.build((20,))
    (20,)
    >>> y, cache = layer.forward(np.full((1, 20), 0.25), training=True)
    >>> sorted(set(y[0].tolist()))
    [0.0, 0.25]
    """

    def record_fields(self):
        return {"rate": self.rate, "scale": 1.0}

    def formula(self) -> Formula:
        return Formula(
            f"y = x, or 0 with probability {self.rate:g}", "dx = dy where x was kept, else 0"
        )
