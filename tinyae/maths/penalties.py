"""Activity penalties: λ₁ Σ|a| + λ₂ Σa² over a layer's output, divided by the mini-batch's samples.

The division is by the samples of the whole mini-batch, so λ means the same at every batch size.
(Keras before 2.2 summed over the batch: its 1e-5 at batch 256 is 2.56e-3 here.) A penalty is
added to the loss and reported apart from the reconstruction.
"""

import math

import numpy as np
from numba import types

from ..machine.calls import by_address
from ..machine.jit import kernel
from .activations import sigmoid_of


@kernel
def penalty(a, l1, l2, scale, from_logits, da, sums):
    """λ₁ Σ|a| + λ₂ Σa² of each sample; da += its gradient times scale, unless da is empty.

    With `from_logits` the array holds z where the layer's output is sigmoid(z), and da is the
    gradient for z: it carries the sigmoid's slope.
    """
    absolute, squared = a.dtype.type(l1), a.dtype.type(l2)
    factor = a.dtype.type(scale)
    zero, one, two = a.dtype.type(0), a.dtype.type(1), a.dtype.type(2)
    for i in range(a.shape[0]):
        total = zero
        for j in range(a.shape[1]):
            value = sigmoid_of(a[i, j]) if from_logits else a[i, j]
            total += absolute * abs(value) + squared * value * value
            if da.size:
                sign = (one if value > zero else zero) - (one if value < zero else zero)
                slope = absolute * sign + two * squared * value
                da[i, j] += factor * slope * (value * (one - value) if from_logits else one)
        sums[i] = total


_address, call_penalty = by_address(
    lambda real: types.void(
        *(real[:, ::1], *[types.float64] * 3, types.boolean, real[:, ::1], types.float64[::1])
    )
)


def penalty_address(dtype: np.dtype) -> int:
    """What `call_penalty` calls."""
    return _address(penalty, dtype)


class L1L2:
    """The activity penalty λ₁ Σ|a| + λ₂ Σa², per sample.

    Parameters
    ----------
    l1, l2 : float, default 0
        λ₁ and λ₂, zero or positive.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        for name, value in (("l1", l1), ("l2", l2)):
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be zero or positive and finite, but got {value!r}")
        self.l1, self.l2 = float(l1), float(l2)

    def __repr__(self) -> str:
        return f"L1L2(l1={self.l1:g}, l2={self.l2:g})"


class L1(L1L2):
    """The activity penalty λ₁ Σ|a|, per sample: it drives activations to zero.

    Parameters
    ----------
    l1 : float, default 0.01
        λ₁, zero or positive.
    """

    def __init__(self, l1: float = 0.01):
        super().__init__(l1=l1)

    def __repr__(self) -> str:
        return f"L1({self.l1:g})"


class L2(L1L2):
    """The activity penalty λ₂ Σa², per sample: the weight of a normal prior on activations.

    Parameters
    ----------
    l2 : float, default 0.01
        λ₂, zero or positive.
    """

    def __init__(self, l2: float = 0.01):
        super().__init__(l2=l2)

    def __repr__(self) -> str:
        return f"L2({self.l2:g})"


def get(regularizer: L1L2 | None) -> L1L2 | None:
    """The given penalty, refused if it is of another kind."""
    if regularizer is None or isinstance(regularizer, L1L2):
        return regularizer
    raise ValueError(
        f"activity_regularizer must be an L1, L2 or L1L2 object, or None, but got {regularizer!r}"
    )
