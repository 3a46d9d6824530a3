"""Losses: how far the output y is from the target x, and where the gradient starts.

====  ==========================================  =========================================
name  mean over every element of                  gradient for y
====  ==========================================  =========================================
MSE   (y − x)²                                    2 (y − x) / size
BCE   −x log y − (1 − x) log(1 − y)               (y − x) / (y (1 − y)) / size
====  ==========================================  =========================================

BCE clips y to [1e-7, 1 − 1e-7], with zero gradient where it does. Where y is a sigmoid's output the
model asks for BCE from the logits z instead, max(z, 0) − z x + log(1 + e^−|z|), which needs no
clipping and whose gradient for z is (y − x) / size: the sigmoid's slope has cancelled.

A loss of your own is any object with ``value_and_gradient(output, target) -> (float, d_output)``.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numba import types
from numpy.typing import ArrayLike

from ..checks.arguments import look_up, not_negative
from ..checks.arrays import admit
from ..checks.floating_point import quiet
from ..checks.operands import batch, changeable, operand
from ..machine.calls import by_address
from ..machine.elementary import exp, log1p
from ..machine.jit import inlined, kernel
from ..machine.views import view
from . import plain
from .formula import Formula
from .plain import CLIP
from .with_kernel import WithKernel

# Each kernel takes y, x and dy of shape (n, size) and the loss's own numbers, writes every sample's
# sum over its elements into sums (n,), and the gradient times `scale` into dy.


@kernel
def mse(y, x, settings, scale, dy, sums):
    """Σ (y − x)² of each sample; dy ← 2 (y − x) scale."""
    twice = y.dtype.type(2 * scale)
    for i in range(y.shape[0]):
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            d = y[i, j] - x[i, j]
            total += d * d
            dy[i, j] = twice * d
        sums[i] = total


@kernel
def bce(y, x, settings, scale, dy, sums):
    """Σ −x log p − (1 − x) log(1 − p), p = y clipped; dy ← (p − x) / (p (1 − p)) scale."""
    one, zero, factor = y.dtype.type(1), y.dtype.type(0), y.dtype.type(scale)
    low = y.dtype.type(CLIP)
    high = one - low
    for i in range(y.shape[0]):
        total = zero
        for j in range(y.shape[1]):
            p = low if y[i, j] < low else high if y[i, j] > high else y[i, j]
            total -= x[i, j] * np.log(p) + (one - x[i, j]) * np.log(one - p)
            inside = low <= y[i, j] <= high
            dy[i, j] = factor * (p - x[i, j]) / (p * (one - p)) if inside else zero
        sums[i] = total


@kernel
def bce_from_logits(z, x, settings, scale, dz, sums):
    """Σ max(z, 0) − z x + log(1 + e^−|z|) of each sample; dz ← (sigmoid(z) − x) scale.

    Nothing is subtracted that nearly cancels: with u = 1 − x and v = x where z is positive, else
    the other way round, and e = e^−|z|, the loss is |z| u + log(1 + e), and its gradient has the
    size of (u − v e) / (1 + e) and the sign of z.
    """
    one, zero, factor = z.dtype.type(1), z.dtype.type(0), z.dtype.type(scale)
    for i in range(z.shape[0]):
        total = zero
        for j in range(z.shape[1]):
            t, no = x[i, j], one - x[i, j]
            e, positive = exp(-abs(z[i, j])), z[i, j] >= zero
            u, v = (no, t) if positive else (t, no)
            total += abs(z[i, j]) * u + log1p(e)
            dz[i, j] = (factor if positive else -factor) * (u - v * e) / (one + e)
        sums[i] = total


# For the engine, and for losses of your own

loss_address, call_loss = by_address(
    "y, x, settings, scale, dy, sums",
    lambda real: types.void(
        *(real[:, ::1], real[:, ::1], types.float64[::1], types.float64),
        *(real[:, ::1], types.float64[::1]),
    ),
)


@inlined
def weighted_loss(loss, y, x, w, settings, scale, dy, sums):
    """Every sample's sum into sums (n,), and the gradient times scale into dy, both weighted.

    The weights w are (n, 1) or those of all elements, (n, size), for which sums needs room; without
    any, w is (0, 0). What has weight zero counts nothing, whatever its loss is.
    """
    if w.shape[1] > 1:  # all elements as samples of their own
        elements = (y.size, 1)
        numbers = (view(y, 0, elements), view(x, 0, elements), settings, scale)
        call_loss(loss, (*numbers, view(dy, 0, elements), sums))
    else:
        call_loss(loss, (y, x, settings, scale, dy, sums))
    for i in range(w.shape[0]):
        total = 0.0
        for j in range(w.shape[1]):
            if w[i, j] != 0:
                total += w[i, j] * sums[i * w.shape[1] + j]
        sums[i] = total
        for j in range(dy.shape[1]):
            weight = w[i, j % w.shape[1]]
            dy[i, j] = weight * dy[i, j] if weight != 0 else weight


@runtime_checkable
class AnyLoss(Protocol):
    """What a model needs of a loss."""

    def value_and_gradient(self, output: np.ndarray, target: np.ndarray) -> tuple[float, Any]:
        """The mean loss of a batch, and its gradient for `output`, of the same shape."""
        ...


class Loss(WithKernel):
    """A loss with a kernel, which the compiled engine calls: the mean over every element.

    A loss of your own subclasses this. If it has numbers of its own, `settings` is to be overridden
    and gives them as a float64 array, which the kernel gets. A loss that keeps its constructor's
    arguments under their own names, or has a ``get_config()`` that gives them, can be saved.

    Attributes
    ----------
    kernel : kernel ``(y, x, settings, scale, dy, sums)``
        For outputs y and targets x of shape (n, size): each sample's sum over its elements into
        sums (n,), and its gradient times `scale` into dy.
    formula : Formula
        With y for the output and t for the target: for `tinyae.trace`.
    numpy : callable ``(y, x, *settings) -> array``, optional
        Each element's loss in plain NumPy, which `export_numpy` copies out: a plain function,
        without ``self``, defined outside the class.
    bounds : (float, float) or None
        The range that targets must keep to.
    separable : bool, default True
        Whether a sample's sum is one over elements that know nothing of each other. Then the kernel
        may also be given all elements as samples of size 1, in their order, and each element may
        have a weight.

    Examples
    --------
    >>> import tinyae as tae
    >>> @tae.kernel
    ... def huber_kernel(y, x, settings, scale, dy, sums):
    ...     delta = settings[0]
    ...     for i in range(y.shape[0]):
    ...         sums[i] = 0.0
    ...         for j in range(y.shape[1]):
    ...             d = y[i, j] - x[i, j]
    ...             inside = min(max(d, -delta), delta)
    ...             sums[i] += inside * (d - inside / 2)
    ...             dy[i, j] = scale * inside
    >>> def huber(y, x, delta):
    ...     inside = np.clip(y - x, -delta, delta)
    ...     return inside * (y - x - inside / 2)
    >>> class Huber(tae.Loss):
    ...     kernel = huber_kernel
    ...     numpy = huber
    ...
    ...     def __init__(self, delta=1.0):
    ...         self.delta = delta
    ...
    ...     def settings(self):
    ...         return np.array([self.delta])
    >>> Huber(0.5).value_and_gradient(np.array([[3.0, 1.25]]), np.array([[1.0, 1.0]]))
    (0.453125, array([[0.25 , 0.125]]))
    >>> Huber.numpy(np.array([3.0, 1.25]), 1.0, 0.5)
    array([0.875  , 0.03125])

    Once a model with it is saved, ``tae.load(path, custom={"Huber": Huber})`` brings it back.
    """

    formula: ClassVar[Formula] = Formula("loss(y, t), t the target", "dy = the loss's gradient")
    numpy: ClassVar[Callable | None] = None
    bounds: ClassVar[tuple[float, float] | None] = None
    separable: ClassVar[bool] = True

    def __repr__(self) -> str:
        numbers = ", ".join(f"{number:g}" for number in self.kernel_numbers())
        return f"{type(self).__name__}({numbers})"

    @quiet
    def value_and_gradient(self, output: ArrayLike, target: ArrayLike) -> tuple[float, np.ndarray]:
        """The mean over every element, and its gradient for `output`.

        Parameters
        ----------
        output, target : array, shape (n, ...)
            What the model gave and what it should have given.

        Returns
        -------
        value : float
        gradient : array, shape of `output`; float32 if that is, else float64
        """
        y, x = self._operands(output, target)
        gradient, sums = self._run(y, x, 1 / y.size)
        return float(sums.sum()) / y.size, gradient

    @quiet
    def sums(self, output, target, scale=1.0, gradient=None) -> np.ndarray:
        """Each sample's sum over its elements, shape (n,), float64.

        The gradient for these sums times `scale` is written into `gradient`, if that is given.
        """
        y, x = self._operands(output, target)
        scale = not_negative("scale", scale)
        if gradient is not None:
            changeable(gradient, "gradient", y.shape, y.dtype)
        dy, sums = self._run(y, x, scale)
        if gradient is not None:
            gradient[...] = dy
        return sums

    def _operands(self, output: ArrayLike, target: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        y = batch(output, "output")
        x = admit(target, "target", y.shape[1:], y.dtype, self.bounds)
        return y, operand(x, "target", y.shape, y.dtype)

    def _run(self, y: np.ndarray, x: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
        dy, sums, rows = np.empty_like(y), np.empty(len(y)), (len(y), -1)
        samples = y.reshape(rows), x.reshape(rows)
        self.kernel(*samples, self.kernel_numbers(), scale, dy.reshape(rows), sums)
        return dy, sums


class MSE(Loss):
    """Mean squared error: the mean over every element of (y − x)².

    >>> import numpy as np
    >>> MSE().value_and_gradient(np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]]))
    (2.0, array([[0., 2.]]))
    """

    kernel = mse
    formula = Formula("mean of (y − t)², t the target", "dy = 2 (y − t) / size")
    numpy = plain.squared_error


class BCE(Loss):
    """Binary cross-entropy: the mean over every element of −x log y − (1 − x) log(1 − y).

    Targets lie in [0, 1]. Behind a sigmoid a model computes it from the logits; on its own it
    clips y to [1e-7, 1 − 1e-7], with zero gradient where it clips.
    """

    kernel = bce
    formula = Formula(
        "mean of −t log y − (1 − t) log(1 − y), t the target", "dy = (y − t) / (y (1 − y)) / size"
    )
    numpy = plain.binary_crossentropy
    bounds = (0.0, 1.0)


NAMES = {
    "mse": MSE,
    "mean_squared_error": MSE,
    "bce": BCE,
    "binary_crossentropy": BCE,
}


def get(loss: str | AnyLoss) -> AnyLoss:
    """The loss of that name, or the given object if it behaves like one."""
    if isinstance(loss, AnyLoss) and not isinstance(loss, type):
        if isinstance(loss, Loss) and type(loss).value_and_gradient is Loss.value_and_gradient:
            loss.kernel_numbers()  # refuses a loss without a kernel
        return loss
    return look_up("loss", loss, NAMES)()
