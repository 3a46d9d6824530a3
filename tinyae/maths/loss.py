"""The contract of a loss: a kernel for the engine, and what models, files and exports ask of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numba import types
from numpy.typing import ArrayLike

from ..checks.arguments import not_negative
from ..checks.arrays import admit
from ..checks.floating_point import converted, quiet
from ..checks.operands import batch, changeable, operand
from ..machine.calls import NONE, by_address
from ..machine.jit import called, inlined
from ..machine.views import view
from . import activations
from .formula import Formula
from .with_kernel import WithKernel

loss_address, call_loss = by_address(
    "y, x, settings, scale, dy, sums",
    lambda real: types.void(
        *(real[:, ::1], real[:, ::1], types.float64[::1], types.float64),
        *(real[:, ::1], types.float64[::1]),
    ),
)

_weighing_address, _call_weighing = by_address(
    "w, dy, sums", lambda real: types.void(real[:, ::1], real[:, ::1], types.float64[::1])
)


@inlined
def weighted_loss(loss, y, x, w, scale, dy, sums):
    """Every sample's sum into sums (n,), and the gradient times scale into dy, both weighted.

    The weights w are (n, 1) or those of all elements, (n, size), for which sums needs room; without
    any, w is (0, 0). What has weight zero counts nothing, whatever its loss is. `loss` are the
    addresses of its kernel and of what weights it, and its settings.
    """
    kernel, weighing, settings = loss
    if w.shape[1] > 1:  # all elements as samples of their own
        elements = (y.size, 1)
        numbers = (view(y, 0, elements), view(x, 0, elements), settings, scale)
        call_loss(kernel, (*numbers, view(dy, 0, elements), sums))
    else:
        call_loss(kernel, (y, x, settings, scale, dy, sums))
    if weighing != NONE:
        _call_weighing(weighing, (w, dy, sums))


@called
def _weigh(w, dy, sums):
    for i in range(w.shape[0]):
        total = 0.0
        for j in range(w.shape[1]):
            if w[i, j] != 0:
                total += w[i, j] * sums[i * w.shape[1] + j]
        sums[i] = total
        for j in range(dy.shape[1]):
            weight = w[i, j % w.shape[1]]
            dy[i, j] = weight * dy[i, j] if weight != 0 else weight


def weighing_address(weight: object | None, dtype: np.dtype) -> int:
    """Of what applies weights, or NONE where there are none."""
    return NONE if weight is None else _weighing_address(_weigh, dtype)


@runtime_checkable
class AnyLoss(Protocol):
    """What a model needs of a loss."""

    def value_and_gradient(self, output: np.ndarray, target: np.ndarray) -> tuple[float, Any]:
        """The mean loss of a batch, and its gradient for `output`, of the same shape."""
        ...


class Part(NamedTuple):
    """Some columns of the output, along its last axis, and what measures them."""

    columns: tuple[int, ...] | None  # None: all of them
    loss: Loss  # of what the model's layers give
    activation: str | None  # by which these become what the model gives


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
    activation : str or None
        The activation that the loss is computed together with where outputs end in it, by the loss
        that `from_logits` gives. A subclass must say so itself.

    See Also
    --------
    kernel : Compiles its kernel.
    check_gradients : Whether its gradient is right.
    MSE : One of the losses that are there.

    Examples
    --------
    >>> import numpy as np, tinyae as tae
    >>> @tae.kernel
    ... def cauchy_kernel(y, x, settings, scale, dy, sums):
    ...     width = settings[0]
    ...     for i in range(y.shape[0]):
    ...         sums[i] = 0.0
    ...         for j in range(y.shape[1]):
    ...             d = (y[i, j] - x[i, j]) / width
    ...             sums[i] += np.log(1 + d * d)
    ...             dy[i, j] = scale * 2 * d / (1 + d * d) / width
    >>> def cauchy(y, x, width):
    ...     return np.log(1 + ((y - x) / width) ** 2)
    >>> class Cauchy(tae.Loss):
    ...     kernel = cauchy_kernel
    ...     numpy = cauchy
    ...
    ...     def __init__(self, width=1.0):
    ...         self.width = width
    ...
    ...     def settings(self):
    ...         return np.array([self.width])
    >>> value, gradient = Cauchy(2.0).value_and_gradient([[3.0, 1.0]], [[1.0, 1.0]])
    >>> round(value, 6), gradient
    (0.346574, array([[0.25, 0.  ]]))
    >>> Cauchy.numpy(np.array([3.0, 1.0]), 1.0, 2.0).round(6)
    array([0.693147, 0.      ])

    Once a model with it is saved, ``tae.load(path, custom={"Cauchy": Cauchy})`` brings it back.
    """

    formula: ClassVar[Formula] = Formula("loss(y, t), t the target", "dy = the loss's gradient")
    numpy: ClassVar[Callable | None] = None
    bounds: ClassVar[tuple[float, float] | None] = None
    separable: Any = True
    activation: ClassVar[str | None] = None

    def from_logits(self) -> Loss:
        """The loss as one of what goes into `activation`."""
        raise NotImplementedError(f"{type(self).__name__} must define from_logits")

    def numbers_for(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """What the kernel gets as settings, for outputs of `shape` and `dtype`, of a sample."""
        return self.kernel_numbers()

    def parts(self, shape: tuple[int, ...]) -> list[Part]:
        """What is measured by which loss, for outputs of that shape of a sample."""
        return [Part(None, self, None)]

    def __repr__(self) -> str:
        if getattr(type(self), "kernel", None) is None:
            return super().__repr__()
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
            The loss.
        gradient : array, shape of `output`
            Its gradient: float32 if `output` is, else float64.
        """
        y, x = self._operands(output, target)
        gradient, sums = self._run(y, x, 1 / y.size)
        return float(sums.sum()) / y.size, gradient

    @quiet
    def sums(self, output, target, scale=1.0, gradient=None) -> np.ndarray:
        """Each sample's sum over its elements for `output` and `target`, shape (n,), float64.

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

    @quiet
    def elements(self, output: ArrayLike, target: ArrayLike) -> np.ndarray:
        """Each element's share, of the shape of `output` and `target`: their mean is the loss."""
        y, x = self._operands(output, target)
        return self._elements(y, x)

    def _elements(self, y: np.ndarray, x: np.ndarray) -> np.ndarray:
        """By the kernel, with every element as a sample of its own."""
        sums, alone = np.empty(y.size), (-1, 1)
        numbers = self.numbers_for(y.shape[1:], y.dtype)
        room = np.empty((y.size, 1), y.dtype)
        self.kernel(y.reshape(alone), x.reshape(alone), numbers, 1.0, room, sums)
        return converted(sums, y.dtype).reshape(y.shape)

    def check_targets(self, target: np.ndarray, name: str) -> None:
        """Refuse an admitted `target`, the argument `name`, that a part does not allow."""

    def check_weight(self, weight: np.ndarray) -> None:
        """Refuse an admitted `weight` that a part does not allow."""

    def _operands(self, output: ArrayLike, target: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        y = batch(output, "output")
        x = admit(target, "target", y.shape[1:], y.dtype, self.bounds)
        self.check_targets(x, "target")
        return y, operand(x, "target", y.shape, y.dtype)

    def _run(self, y: np.ndarray, x: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray]:
        dy, sums, rows = np.empty_like(y), np.empty(len(y)), (len(y), -1)
        samples = y.reshape(rows), x.reshape(rows)
        numbers = self.numbers_for(y.shape[1:], y.dtype)
        self.kernel(*samples, numbers, scale, dy.reshape(rows), sums)
        return dy, sums


def means_its_own(loss: AnyLoss) -> bool:
    """Whether a loss computes in a way of its own, and not by a kernel."""
    cls = type(loss)
    names = ("value_and_gradient", "sums")
    return any(getattr(cls, name, None) is not getattr(Loss, name) for name in names)


def fused_with(loss: AnyLoss) -> str | None:
    """The activation that the loss is computed together with; a subclass may mean another."""
    return None if means_its_own(loss) else vars(type(loss)).get("activation")


def says_elements(loss: AnyLoss) -> bool:
    """Whether `elements` says what the loss computes, and is not inherited beside it."""
    classes = reversed([*enumerate(type(loss).__mro__)])
    found = {name: i for i, each in classes for name in vars(each)}  # where each is first defined
    return "elements" in found and found["elements"] <= found["value_and_gradient"]


def check_weighted(loss: AnyLoss, weight: np.ndarray | None) -> None:
    """Refuse weights of elements for a loss that is not known to be a sum over them."""
    if weight is None:
        return
    separable = says_elements(loss) and getattr(loss, "separable", True)
    if weight.ndim > 1 and not separable:
        raise ValueError(
            f"sample_weight must be a weight for each sample, of shape ({len(weight)},), since "
            f"{type(loss).__name__} is not known to be a sum over elements; its shape is "
            f"{weight.shape}"
        )
    if isinstance(loss, Loss):
        loss.check_weight(weight)


def check_for(loss: AnyLoss, shape: tuple[int, ...]) -> None:
    """Refuse a loss that is not for outputs of that shape of a sample."""
    if isinstance(loss, Loss):
        loss.parts(shape)


def check_targets(loss: AnyLoss, target: np.ndarray, name: str) -> None:
    """Refuse admitted targets that a loss does not allow, beyond its bounds."""
    if isinstance(loss, Loss):
        loss.check_targets(target, name)


def read(loss: AnyLoss, output: np.ndarray) -> np.ndarray:
    """What a model gives, written over what its layers give: parts of a loss may take logits."""
    for part in loss.parts(output.shape[1:]) if isinstance(loss, Loss) else ():
        if part.activation is not None:
            columns = list(part.columns or ())
            function: Any = activations.get(part.activation).numpy
            output[..., columns] = function(output[..., columns])
    return output
