"""A model's layers and loss as they train: a final sigmoid or softmax is left to its loss."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..checks.operands import pair, returned
from ..checks.overridden import is_compiled
from ..family.contractive import with_directions
from ..family.rescaled import keeps_numbers
from ..family.tied import complete
from ..layers.building import twin
from ..layers.layer import Layer
from ..maths import activations
from ..maths.loss import AnyLoss, Loss, fused_with, means_its_own, says_elements
from ..maths.penalties import Penalty


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
        compiled = all(map(is_compiled, self.layers)) and complete(self.layers)
        return self.kernel_loss is not None and compiled


def training_chain(layers: Sequence[Layer], loss: AnyLoss) -> Chain:
    """The layers and loss as they train, with the derivatives that a penalty is of."""
    return loss_chain(with_directions(layers), loss)


def loss_chain(layers: Sequence[Layer], loss: AnyLoss) -> Chain:
    """The layers and loss, with a final activation and its loss fused.

    The activation is looked for through Flatten and Reshape. Its layer is replaced by a linear twin
    that shares the weights, and the penalties on a sigmoid's output by those on sigmoid(z).
    """
    chain = list(layers)
    position = len(chain) - 1
    while position > 0 and keeps_numbers(chain[position]):
        position -= 1
    if means_its_own(loss):
        return Chain(chain, OwnLoss(loss), None)
    assert isinstance(loss, Loss)
    activation = fused_with(loss)
    if activation is None or not _may_be_left_out(activation, chain[position:]):
        return Chain(chain, loss, None)
    chain[position] = twin(chain[position], activation="linear")
    for place in range(position, len(chain)):
        penalty = chain[place].activity_regularizer
        if penalty is not None:
            chain[place] = twin(chain[place], activity_regularizer=OfSigmoid(penalty))
    return Chain(chain, loss.from_logits(), position)


def _may_be_left_out(activation: str, end: Sequence[Layer]) -> bool:
    """Whether the first of these layers ends in that activation, and the loss can compute it.

    What changes the numbers along the last axis would take other ones for a softmax's.
    """
    penalties = [each.activity_regularizer for each in end if each.activity_regularizer is not None]
    known = activation == "sigmoid" and all(each.of_sigmoid is not None for each in penalties)
    if activations.get(activation).rows and end[0].output_shape[-1:] != end[-1].output_shape[-1:]:
        return False
    kernels = end[0].kernels if is_compiled(end[0]) else None
    has = kernels is not None and "activation" in kernels.fields  # not only a label of that name
    return has and (known or not penalties) and getattr(end[0], "activation", "") == activation


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

    @property
    def says_elements(self) -> bool:
        """Whether it can say what each element's share is."""
        return says_elements(self.loss)

    def elements(self, output: np.ndarray, target: np.ndarray) -> np.ndarray:
        """Each element's share, of the shape of `output`."""
        name = f"what {type(self.loss).__name__}.elements gives"
        given = self.loss.elements(output.copy(), target.copy())  # type: ignore[attr-defined]
        return returned(given, name, output.shape, output.dtype)


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
