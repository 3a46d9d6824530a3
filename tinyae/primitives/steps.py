"""What layers compute at inference, in primitive steps: what every exporter writes.

A step takes a batch h, of vectors (n, features) or images (n, height, width, channels), and gives
the next. Weights are named as in their layer, and `weight_of` gives them.
"""

from typing import Any, NamedTuple, get_args

import numpy as np

from ..checks.overridden import describes
from ..maths.activations import ActivationFunction

Pair = tuple[int, int]


class Product(NamedTuple):
    """h W, over the last axis."""

    weight: str


class Bias(NamedTuple):
    """h + b, along the last axis."""

    weight: str


class Scale(NamedTuple):
    """h · s, number by number; s has the shape of a sample."""

    weight: str


class Rescale(NamedTuple):
    """scale h + offset, number by number."""

    scale: float
    offset: float


class Apply(NamedTuple):
    """f(h), number by number."""

    activation: ActivationFunction


class Head(NamedTuple):
    """The first so many numbers along the last axis."""

    size: int


class Largest(NamedTuple):
    """The k largest numbers along the last axis, of equal ones the first; 0 in place of others."""

    k: int


class Reshape(NamedTuple):
    """Each sample in another shape, its numbers in C order."""

    shape: tuple[int, ...]


class Pad(NamedTuple):
    """Images with so many rows and columns (before, after) around them, of 0 or of −∞."""

    rows: Pair
    columns: Pair
    value: float = 0.0


class Crop(NamedTuple):
    """Of each image so many rows and columns (first, count)."""

    rows: Pair
    columns: Pair


class WindowProduct(NamedTuple):
    """y[i, j] = Σ h[i s + u, j s + v] W[u, v] over all windows inside the image: a convolution.

    W has shape (rows, columns, channels in, channels out).
    """

    weight: str
    strides: Pair


class WindowProductTransposed(NamedTuple):
    """y[i s + u, j s + v] += h[i, j] W[u, v]ᵀ: y has (size − 1) s + window rows and columns.

    W has shape (rows, columns, channels out, channels in).
    """

    weight: str
    strides: Pair


class MaxPool(NamedTuple):
    """The largest pixel of each window inside the image, channel by channel."""

    size: Pair
    strides: Pair


class AveragePool(NamedTuple):
    """The mean of the image's own pixels in each window of it with that padding around it."""

    size: Pair
    strides: Pair
    rows: Pair
    columns: Pair


class Repeat(NamedTuple):
    """Every pixel so many times, down and to the right."""

    rows: int
    columns: int


Step = (
    Product
    | Bias
    | Scale
    | Rescale
    | Apply
    | Head
    | Largest
    | Reshape
    | Pad
    | Crop
    | WindowProduct
    | WindowProductTransposed
    | MaxPool
    | AveragePool
    | Repeat
)
PRIMITIVES: tuple[type, ...] = get_args(Step)


def biased(weights: bool, activation: ActivationFunction) -> list[Step]:
    """The end of many layers: + b, where there is one, and f."""
    bias: list[Step] = [Bias("bias")] if weights else []
    return bias if activation.forward is None else [*bias, Apply(activation)]


def taken(layer: Any, writer: str) -> list[tuple[Step, np.ndarray | None]]:
    """A layer's steps, each with its weight if it has one; the activation "linear" is none.

    A layer that does not say them is refused in the name of who writes it.
    """
    if not describes(layer, "steps"):
        raise refusal(writer, layer, f"{type(layer).__name__} does not say which steps it takes")
    given = layer.steps()
    if (wrong := _mistake(given, weight_names(layer))) is not None:
        raise refusal(writer, layer, wrong)
    given = [each for each in given if not isinstance(each, Apply) or each.activation.forward]
    names = [getattr(step, "weight", None) for step in given]
    weights = (None if name is None else weight_of(layer, name) for name in names)
    return list(zip(given, weights, strict=True))


def weight_names(layer: Any) -> list[str]:
    """The weights that a layer's steps may name."""
    return [*getattr(layer, "step_weights", layer.weights)]


def weight_of(layer: Any, name: str) -> np.ndarray:
    """A weight in the shape in which the layer's steps take it."""
    weight: np.ndarray = getattr(layer, "step_weight", layer.weights.__getitem__)(name)
    return weight


def refusal(writer: str, layer: Any, why: str) -> ValueError:
    """The error for a layer that cannot be written."""
    return ValueError(f"{writer} cannot write {layer.label}: {why}")


def _mistake(given: object, weights: list[str]) -> str | None:
    """What is wrong with what a layer's `steps()` gave, if anything is."""
    if not isinstance(given, list | tuple):
        return f"its steps() must give a list of steps, but gave {given!r}"
    for step in given:
        if type(step) not in PRIMITIVES:
            return f"its steps() gave {step!r}, which is none of tinyae.primitives.steps"
        if isinstance(step, Apply) and not isinstance(step.activation, ActivationFunction):
            return f"its steps() gave {step!r}, whose activation is no ActivationFunction"
        if "weight" in step._fields and step.weight not in weights:
            return f"its steps name the weight {step.weight!r}, but it has {weights}"
    return None
