"""Activity penalties: λ₁ Σ|a| + λ₂ Σa² over a layer's output, divided by the mini-batch's samples.

The division is by the samples of the whole mini-batch, so λ means the same at every batch size.
(Keras 2 of 2017 and Keras 3 until 2026 summed over the batch: their 1e-5 at batch 256 is 2.56e-3
here.) A penalty is added to the loss and reported apart from the reconstruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from numba import types
from numpy.typing import ArrayLike

from ..checks.arguments import nearest, not_negative, shown
from ..checks.operands import batch, operand
from ..machine.calls import by_address
from ..machine.jit import kernel
from .activations import sigmoid_of
from .with_kernel import WithKernel, refuse_own


@kernel
def penalty(a, settings, scale, da, sums):
    """λ₁ Σ|a| + λ₂ Σa² of each sample; da += its gradient times scale, unless da is empty."""
    absolute, squared = a.dtype.type(settings[0]), a.dtype.type(settings[1])
    factor = a.dtype.type(scale)
    zero, one, two = a.dtype.type(0), a.dtype.type(1), a.dtype.type(2)
    for i in range(a.shape[0]):
        total = zero
        for j in range(a.shape[1]):
            value = a[i, j]
            total += absolute * abs(value) + squared * value * value
            if da.size:
                sign = (one if value > zero else zero) - (one if value < zero else zero)
                da[i, j] += factor * (absolute * sign + two * squared * value)
        sums[i] = total


@kernel
def penalty_of_sigmoid(z, settings, scale, dz, sums):
    """The same of a = sigmoid(z); dz += the gradient for z, which carries the sigmoid's slope."""
    absolute, squared = z.dtype.type(settings[0]), z.dtype.type(settings[1])
    factor = z.dtype.type(scale)
    zero, one, two = z.dtype.type(0), z.dtype.type(1), z.dtype.type(2)
    for i in range(z.shape[0]):
        total = zero
        for j in range(z.shape[1]):
            value = sigmoid_of(z[i, j])
            total += absolute * abs(value) + squared * value * value
            if dz.size:
                slope = absolute + two * squared * value
                dz[i, j] += factor * slope * (value * (one - value))
        sums[i] = total


# For the engine

SETTINGS = 4  # how many numbers a penalty may have

penalty_address, call_penalty = by_address(
    "a, settings, scale, da, sums",
    lambda real: types.void(
        *(real[:, ::1], types.float64[::1], types.float64, real[:, ::1], types.float64[::1])
    ),
)


class Penalty(WithKernel):
    """An activity penalty with kernels, and at most `SETTINGS` numbers for them.

    Attributes
    ----------
    kernel : kernel ``(a, settings, scale, da, sums)``
        For a layer's output a of shape (n, size): each sample's penalty into sums (n,); its
        gradient times `scale` is added to da, unless da is empty.
    of_sigmoid : kernel, optional
        The same for z where the output is sigmoid(z), with the gradient for z: for a sigmoid that
        is computed together with the loss.
    """

    of_sigmoid: ClassVar[Callable | None] = None

    def add(self, a: ArrayLike, da: ArrayLike) -> tuple[float, np.ndarray]:
        """The mean over samples of the penalty on a, and da with its gradient added."""
        a = batch(a, "a")
        da = operand(da, "da", a.shape, a.dtype).copy()
        n, sums = len(a), np.empty(len(a))
        self.kernel(a.reshape(n, -1), self.kernel_numbers(), 1.0 / n, da.reshape(n, -1), sums)
        return float(sums.sum()) / n, da


class L1L2(Penalty):
    """The activity penalty λ₁ Σ|a| + λ₂ Σa², per sample.

    Parameters
    ----------
    l1, l2 : float, default 0
        The weights λ₁ and λ₂, zero or positive.

    See Also
    --------
    L1 : The first term alone.
    L2 : The second term alone.

    Examples
    --------
    >>> import tinyae as tae
    >>> layer = tae.Dense(2, kernel_regularizer=tae.L1L2(l1=0.01, l2=0.1))
    >>> layer.kernel_regularizer
    L1L2(l1=0.01, l2=0.1)
    """

    kernel = penalty
    of_sigmoid = penalty_of_sigmoid
    checks: ClassVar = {"l1": not_negative, "l2": not_negative}

    def __init__(self, l1: float = 0.0, l2: float = 0.0):
        self.l1, self.l2 = l1, l2

    def settings(self) -> np.ndarray:
        return np.array([self.l1, self.l2])

    def __repr__(self) -> str:
        return f"L1L2(l1={self.l1:g}, l2={self.l2:g})"


class L1(L1L2):
    """The activity penalty λ₁ Σ|a|, per sample: it drives activations to zero.

    Parameters
    ----------
    l1 : float, default 0.01
        The weight λ₁, zero or positive.

    See Also
    --------
    L2 : Makes numbers small, but not zero.
    TopK : Exactly so many numbers above zero.

    Notes
    -----
    The sum over a mini-batch is divided by its size, so that λ₁ means the same at every size.
    Keras 1 and tf.keras divide, too; Keras 2 of 2017 and Keras 3 until 2026 do not: a λ₁ of
    theirs is to be multiplied by its batch size. Their 1e-5 with mini-batches of 256 is
    L1(2.56e-3) here.

    Examples
    --------
    >>> import tinyae as tae
    >>> code = tae.Dense(2, "relu", activity_regularizer=tae.L1(0.1))
    >>> ae = tae.Autoencoder([code], [tae.Dense(4)], input_shape=(4,))
    >>> ae.evaluate([[0.0, 0.0, 0.0, 0.0]])
    {'loss': 0.0, 'reconstruction': 0.0, 'penalty': 0.0}
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
        The weight λ₂, zero or positive.

    See Also
    --------
    L1 : Makes numbers zero.
    L1L2 : Both together.

    Examples
    --------
    >>> import tinyae as tae
    >>> layer = tae.Dense(2, activity_regularizer=tae.L2(0.1))
    >>> layer.activity_regularizer
    L2(0.1)
    """

    def __init__(self, l2: float = 0.01):
        super().__init__(l2=l2)

    def __repr__(self) -> str:
        return f"L2({self.l2:g})"


def of_kernel(layer: Any) -> Penalty | None:
    """The penalty on the layer's kernel while it is trained, if there is one."""
    penalty = check("kernel_regularizer", vars(layer).get("kernel_regularizer"))
    if penalty is not None and "kernel" not in layer.weights:
        raise ValueError(
            f"{layer.label} has a kernel_regularizer, but no weight 'kernel', only "
            f"{', '.join(layer.weights)}"
        )
    return penalty


def kernel_penalty(layer: Any) -> tuple[float, np.ndarray]:
    """That penalty, and its gradient for the kernel."""
    penalty, kernel = of_kernel(layer), layer.weights["kernel"][np.newaxis]
    assert penalty is not None
    value, gradient = penalty.add(kernel, np.zeros_like(kernel))
    return value, gradient[0]


def kernel_penalties(layers: Iterable[Any]) -> float:
    """The sum of the penalties on the kernels of the layers that are trained."""
    penalised = [each for each in layers if each.trainable and of_kernel(each) is not None]
    return sum(kernel_penalty(layer)[0] for layer in penalised)


def check(name: str, regularizer: Any) -> Penalty | None:
    """The given penalty, refused if it is of another kind."""
    if isinstance(regularizer, Penalty):
        regularizer.kernel_numbers()
        refuse_own(regularizer, Penalty, "add")
    if regularizer is None or isinstance(regularizer, Penalty):
        return regularizer
    raise ValueError(
        f"{name} must be an L1, L2 or L1L2 object, or None, but got {shown(regularizer)}"
        f"{nearest(regularizer, (), name)}"
    )
