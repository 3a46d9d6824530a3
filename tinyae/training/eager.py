"""Optimizer steps layer by layer in Python: for parts without kernels, and to look inside.

The step itself is `network.backprop`. Here stand what belongs to training but not to the lesson:
penalties, and layers that are frozen.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..family.penalised import PenalisedLayer
from ..feeding.batches import Stretch
from ..feeding.weighting import Weighted
from ..layers.layer import Layer
from ..maths import constraints
from ..maths.clipping import clip
from ..maths.optimizers import Optimizer
from ..maths.penalties import kernel_penalty, of_kernel
from ..network.backprop import backpropagate
from ..network.chain import Chain
from ..system.interruption import Interruption


class StandIn:
    """Stands in a layer's place in a step; all that is not overridden is the layer's own."""

    def __init__(self, layer: Any):
        self.layer = layer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.layer, name)


class Penalised(StandIn):
    """A layer whose output is penalised: the penalty's gradient joins the one that comes back."""

    penalty = 0.0

    def forward(self, x: np.ndarray, **options: Any) -> tuple[np.ndarray, Any]:
        self.output, cache = self.layer.forward(x, **options)
        return self.output, cache

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        self.penalty, dy = self.layer.activity_regularizer.add(self.output, dy)
        return self.layer.backward(dy, cache)


class Regularised(StandIn):
    """A layer whose kernel is penalised: the penalty's gradient joins the kernel's."""

    penalty = 0.0

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        dx = self.layer.backward(dy, cache)
        self.penalty, gradient = kernel_penalty(self.layer)
        self.layer.gradients["kernel"][...] += gradient
        return dx


class OwnPenalty(StandIn):
    """A layer with a penalty of its own kind: its gradient joins those that the layer gives."""

    penalty = figure = 0.0

    def __init__(self, layer: Any, gain: float):
        super().__init__(layer)
        self.gain = gain

    def forward(self, x: np.ndarray, **options: Any) -> tuple[np.ndarray, Any]:
        self.x, (self.output, cache) = x, self.layer.forward(x, **options)
        return self.output, cache

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        dx = self.layer.backward(dy, cache)
        given = self.x, self.output, dx, self.gain
        self.penalty, self.figure = self.layer.penalise(*given)
        return dx


class Frozen(StandIn):
    """A layer that is not trained: its gradient stays zero."""

    def backward(self, dy: np.ndarray, cache: Any) -> np.ndarray:
        dx = self.layer.backward(dy, cache)
        self.layer.clear_gradients()
        return dx


def stand_in(layer: Any, step: int, outputs: int) -> Any:
    """The layer, or what stands in its place, in a step of a model with so many outputs."""
    penalised = layer.activity_regularizer is not None
    if has_own_penalty(layer):
        layer = OwnPenalty(layer, layer.penalty_gain(step, outputs))
    if not layer.trainable:
        layer = Frozen(layer)
    elif of_kernel(layer) is not None:
        layer = Regularised(layer)
    return Penalised(layer) if penalised else layer


def penalty_of(layer: Any) -> float:
    """What the penalties of a layer, or of what stands in its place, were in the last step."""
    own = layer.penalty if isinstance(layer, Penalised | Regularised | OwnPenalty) else 0.0
    return own + (penalty_of(layer.layer) if isinstance(layer, StandIn) else 0.0)


def figure_of(layer: Any) -> float:
    """What the figure of a layer, or of what stands in its place, was in the last step."""
    own = layer.figure if isinstance(layer, OwnPenalty) else 0.0
    return own + (figure_of(layer.layer) if isinstance(layer, StandIn) else 0.0)


def has_own_penalty(layer: Any) -> bool:
    """Whether it, or what it stands in for, is one of `family.penalised`."""
    return isinstance(layer.layer if isinstance(layer, StandIn) else layer, PenalisedLayer)


def eager_step(
    chain: Chain,
    x: np.ndarray,
    target: np.ndarray,
    training: bool,
    step: int,
    weight: np.ndarray | None = None,
    first: int = 0,
    total: float | None = None,
) -> tuple[tuple[float, float, float], np.ndarray]:
    """One pass forward and back: reconstruction, penalty and figure; and the gradient for x.

    The gradients for the weights are added to those of the layers. Of a part of a mini-batch,
    `first` is the position of its first sample, and `total` what its weights are divided by.
    """
    outputs = math.prod(chain.layers[-1].output_shape)
    layers = [stand_in(layer, step, outputs) for layer in chain.layers]
    loss = chain.loss if weight is None else Weighted(chain.loss, weight, total)
    reconstruction, dx = backpropagate(layers, loss, x, target, training, step, first)
    back = layers[::-1]
    return (reconstruction, sum(map(penalty_of, back)), sum(map(figure_of, back))), dx


def trained_ranges(layers: Sequence[Layer]) -> np.ndarray:
    """Where in the flat vector the parameters of layers that are not frozen lie, (ranges, 2)."""
    ranges: list[list[int]] = []
    start = 0
    for layer in layers:
        stop = start + layer.parameter_count
        if layer.trainable and stop > start:
            if ranges and ranges[-1][1] == start:
                ranges[-1][1] = stop
            else:
                ranges.append([start, stop])
        start = stop
    return np.array(ranges, np.int64).reshape(-1, 2)


def columns(layers: Sequence[Layer]) -> int:
    """How many numbers a step's losses are: reconstruction, penalty, and figures if any."""
    return 3 if any(getattr(type(each), "has_figure", False) for each in layers) else 2


def trained_arrays(layers: Sequence[Layer]) -> np.ndarray:
    """Where each weight array of layers that are not frozen lies, (arrays, 2)."""
    sizes = [array.size for layer in layers for array in layer.weights.values()]
    trained = [layer.trainable for layer in layers for _ in layer.weights]
    ends = np.cumsum([0, *sizes])
    return np.stack([ends[:-1], ends[1:]], axis=1)[np.array(trained, bool)]


class EagerTrainer:
    """Runs stretches of mini-batches by `eager_step`.

    Parameters
    ----------
    chain : Chain
    parameters, gradient, slots : array
        The model's vectors (p,), (p,) and (2, p); changed in place.
    """

    def __init__(
        self, chain: Chain, parameters: np.ndarray, gradient: np.ndarray, slots: np.ndarray
    ):
        self.chain, self.parameters, self.gradient, self.slots = chain, parameters, gradient, slots
        self.threads, self.columns = 1, columns(chain.layers)
        self.trained, self.arrays = trained_ranges(chain.layers), trained_arrays(chain.layers)
        self.constrained = constraints.places(chain.layers)

    def close(self) -> None:
        """Nothing to end."""

    def run(
        self,
        stretch: Stretch,
        optimizer: Optimizer,
        interruption: Interruption | None = None,
        meanwhile: Callable[[], Any] | None = None,
    ) -> np.ndarray:
        """As `CompiledTrainer.run`, but nothing is done meanwhile: Python is at work itself."""
        interruption = interruption or Interruption()
        losses: list[tuple[float, ...]] = []
        interruption.passes = 2  # the first ends the run with this step, which may take its time
        for start, stop in zip(stretch.bounds[:-1], stretch.bounds[1:], strict=True):
            if interruption.pending:
                break
            step = stretch.first_step + len(losses)
            x, target = stretch.x[start:stop], stretch.target[start:stop]
            weight = None if stretch.weight is None else stretch.weight[start:stop]
            figures, _ = self.step(x, target, True, step, weight)
            losses.append(figures[: self.columns])
            if not math.isfinite(figures[0] + figures[1]):  # this step is not taken
                break
            taken = stretch.optimizer_step + len(losses) - 1
            (numbers,) = optimizer.numbers_by_step(taken, 1)
            clip(optimizer, self.gradient, self.arrays)
            for low, high in self.trained:
                optimizer.kernel(
                    *(self.parameters[low:high], self.gradient[low:high]),
                    *(*self.slots[:, low:high], taken + 1, numbers),
                )
            constraints.constrain(self.parameters, self.constrained)
        interruption.passes = 0
        return np.array(losses).reshape(-1, self.columns)

    def loss_and_gradient(
        self,
        x: np.ndarray,
        target: np.ndarray,
        training: bool,
        step: int,
        weight: np.ndarray | None = None,
    ) -> tuple[float, float, np.ndarray]:
        """Reconstruction, penalty, and the gradient for x; `gradient` has that for the weights."""
        (reconstruction, penalty, _), dx = self.step(x, target, training, step, weight)
        return reconstruction, penalty, dx

    def step(
        self, x: np.ndarray, target: np.ndarray, training: bool, step: int, weight: Any, **part: Any
    ) -> tuple[tuple[float, float, float], np.ndarray]:
        """`eager_step`, and all of `gradient`."""
        self.gradient[...] = 0
        # a copy: a layer may write over its input, which must not change the target
        return eager_step(self.chain, x.copy(), target, training, step, weight, **part)
