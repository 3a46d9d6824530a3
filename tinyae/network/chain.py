"""A model's layers and loss as they train: a sigmoid before BCE is left to the loss."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..checks.operands import pair, returned
from ..layers.building import is_compiled
from ..layers.layer import Layer
from ..maths import plain
from ..maths.formula import Formula
from ..maths.losses import BCE, AnyLoss, Loss, bce_from_logits
from ..maths.penalties import Penalty

COMPUTES = ("value_and_gradient", "sums")  # a subclass that overrides one of them means that


class Chain(NamedTuple):
    """Layers and the loss behind them."""

    layers: list[Layer]
    loss: AnyLoss
    first_logits: int | None  # from this layer on, outputs are z where the model's are sigmoid(z)

    @property
    def kernel_loss(self) -> Loss | None:
        """The loss, if the engine may run its kernel."""
        return self.loss if isinstance(self.loss, Loss) else None

    @property
    def compiled(self) -> bool:
        """Whether every part has kernels."""
        return self.kernel_loss is not None and all(map(is_compiled, self.layers))


def training_chain(layers: Sequence[Layer], loss: AnyLoss) -> Chain:
    """The layers and loss as they train, with a final sigmoid and BCE fused.

    The sigmoid is looked for through Flatten and Reshape. Its layer is replaced by a linear twin
    that shares the weights, and the penalties on its output by those on sigmoid(z).
    """
    chain = list(layers)
    position = len(chain) - 1
    while position > 0 and keeps_numbers(chain[position]):
        position -= 1
    if any(getattr(type(loss), name, None) is not getattr(Loss, name) for name in COMPUTES):
        loss = OwnLoss(loss)
    if type(loss) is not BCE or not _may_leave_sigmoid(chain[position:]):
        return Chain(chain, loss, None)
    chain[position] = _twin(chain[position], activation="linear")
    for place in range(position, len(chain)):
        penalty = chain[place].activity_regularizer
        if penalty is not None:
            chain[place] = _twin(chain[place], activity_regularizer=OfSigmoid(penalty))
    return Chain(chain, BCEFromLogits(), position)


def keeps_numbers(layer: Layer) -> bool:
    """Whether the layer's output is its input, in some shape."""
    return is_compiled(layer) and layer.kernels is not None and layer.kernels.copies


def _may_leave_sigmoid(end: Sequence[Layer]) -> bool:
    """Whether the first of these layers ends in a sigmoid that can be computed with the loss."""
    penalties = [layer.activity_regularizer for layer in end]
    known = all(penalty is None or penalty.of_sigmoid is not None for penalty in penalties)
    kernels = end[0].kernels if is_compiled(end[0]) else None
    has = kernels is not None and "activation" in kernels.fields  # not only a label of that name
    return known and has and getattr(end[0], "activation", "") == "sigmoid"


def _twin(layer: Layer, **changes: object) -> Layer:
    """The same layer, weights included, with other attributes."""
    twin: Layer = object.__new__(type(layer))
    vars(twin).update(vars(layer), **changes)
    return twin


class OwnLoss:
    """A loss that computes in a way of its own: what it returns is checked."""

    def __init__(self, loss: AnyLoss):
        self.loss = loss

    def value_and_gradient(self, output: np.ndarray, target: np.ndarray) -> tuple[float, Any]:
        """As the loss, which may write over what it is given."""
        name = f"{type(self.loss).__name__}.value_and_gradient"
        given = self.loss.value_and_gradient(output.copy(), target.copy())
        value, d = pair(given, name, "(loss, gradient)")
        value = returned(value, f"the loss from {name}", (), np.float64)
        return float(value), returned(d, f"the gradient from {name}", output.shape, output.dtype)


class BCEFromLogits(Loss):
    """Binary cross-entropy of sigmoid(z), computed from z: exact where the sigmoid saturates."""

    kernel = bce_from_logits
    formula = Formula(
        "mean of −t log y − (1 − t) log(1 − y), y = sigmoid(z), t the target",
        "dz = (y − t) / size",
    )
    numpy = plain.binary_crossentropy_from_logits
    bounds = (0.0, 1.0)


class OfSigmoid(Penalty):
    """A penalty on sigmoid(z), as a penalty on z."""

    def __init__(self, of: Penalty):
        self._of = of

    @property
    def kernel(self) -> Callable:  # type: ignore[override]
        assert self._of.of_sigmoid is not None
        return self._of.of_sigmoid

    def settings(self) -> np.ndarray:
        return self._of.kernel_numbers()

    def __repr__(self) -> str:
        return repr(self._of)
