"""The shape of a sample between steps, for programs in which sizes are written out.

What does not fit is refused before anything is written: a program in C would go beyond its arrays.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..checks.arguments import sizes
from ..checks.arrays import shape_text
from ..layers.layer import Layer
from ..maths import activations
from ..maths.activations import ActivationFunction
from ..maths.loss import Loss
from ..network.network import Network
from ..primitives import steps
from ..primitives.steps import Pair, Step

Shape = tuple[int, ...]


class Placed(NamedTuple):
    """A step, its weight if it has one, and the shapes of a sample before and after it."""

    step: Any
    weight: Any
    before: Shape
    after: Shape


def placed(layer: Layer, writer: str) -> list[Placed]:
    """The steps of a layer in their places; refused in the writer's name if they do not fit."""

    def refusal(why: str) -> ValueError:
        return steps.refusal(writer, layer, why)

    shape, found = layer.input_shape, []
    for step, weight in steps.taken(layer, writer):
        if weight is not None and not np.isfinite(weight).all():
            raise refusal(f"its weight {step.weight!r} holds NaN or infinity")  # type: ignore[union-attr]
        try:
            after = sizes("shape", SHAPES[type(step)](step, shape, weight))
        except (ArithmeticError, TypeError, ValueError) as error:
            of = "" if weight is None else f" with a weight {weight.shape}"
            raise refusal(f"{step}{of} does not fit {shape_text(shape)}") from error
        found.append(Placed(step, weight, shape, after))
        shape = after
    if shape != layer.output_shape:
        expected = shape_text(layer.output_shape)
        raise refusal(f"its steps give {shape_text(shape)}, but its output is {expected}")
    return found


class Read(NamedTuple):
    """f of some columns along the last axis of a model's output, which its loss takes as logits."""

    columns: tuple[int, ...]
    activation: ActivationFunction


def read_at_the_end(model: Network) -> list[Read]:
    """What happens to the decoder's output, as in `tinyae.maths.loss.read`."""
    loss, shape = model.loss, model.decoder.output_shape
    return [
        Read(part.columns, activations.get(part.activation))
        for part in (loss.parts(shape) if isinstance(loss, Loss) else ())
        if part.activation is not None and part.columns is not None
    ]


def same_if(fits: bool, shape: Shape) -> Shape:
    """The shape, where the step fits it."""
    if not fits:
        raise ValueError(shape)
    return shape


def product(step: steps.Product, shape: Shape, W: np.ndarray) -> Shape:
    """Units along the last axis, which has as many numbers as W has rows."""
    inputs, units = W.shape
    return (*same_if(inputs == shape[-1], shape)[:-1], units)


def bias(step: steps.Bias, shape: Shape, b: np.ndarray) -> Shape:
    """NumPy may repeat the weight, but not the sample."""
    return same_if(np.broadcast_shapes(shape[-1:], b.shape) == shape[-1:], shape)


def scale(step: steps.Scale, shape: Shape, s: np.ndarray) -> Shape:
    """The same, as s may be repeated, but not the sample."""
    return same_if(np.broadcast_shapes(shape, s.shape) == shape, shape)


def pad(step: steps.Pad | steps.AveragePool, shape: Shape, weight: None) -> Shape:
    """An image with its border."""
    (top, bottom), (left, right) = step.rows, step.columns
    rows, columns, channels = same_if(min(top, bottom, left, right) >= 0, shape)
    return top + rows + bottom, left + columns + right, channels


def crop(step: steps.Crop, shape: Shape, weight: None) -> Shape:
    """An image without it, of which something is left."""
    (top, rows), (left, columns) = step.rows, step.columns
    fits = min(top, left) >= 0 and top + rows <= shape[0] and left + columns <= shape[1]
    return rows, columns, same_if(fits, shape)[2]


def windows(shape: Shape, size: Pair, strides: Pair) -> Shape:
    """How many windows lie inside an image, down and to the right; and its channels."""
    height, width, channels = shape
    (rows, columns), (down, right) = sizes("size", size), sizes("strides", strides)
    return (height - rows) // down + 1, (width - columns) // right + 1, channels


def window_product(step: steps.WindowProduct, shape: Shape, W: np.ndarray) -> Shape:
    """Filters for each window that lies inside."""
    rows, columns, channels, filters = W.shape
    return (
        *windows(same_if(channels == shape[2], shape), (rows, columns), step.strides)[:2],
        filters,
    )


def window_product_transposed(
    step: steps.WindowProductTransposed, shape: Shape, W: np.ndarray
) -> Shape:
    """Filters for each place that a window spread over the pixels reaches."""
    rows, columns, filters, channels = W.shape
    height, width, _ = same_if(channels == shape[2], shape)
    down, right = sizes("strides", step.strides)
    return (height - 1) * down + rows, (width - 1) * right + columns, filters


def repeat(step: steps.Repeat, shape: Shape, weight: None) -> Shape:
    """Each pixel as a block."""
    rows, columns, channels = shape
    return rows * step.rows, columns * step.columns, channels


# One for each primitive step: from the shape of a sample to the next
SHAPES: dict[type[Step], Callable[[Any, Shape, Any], Shape]] = {
    steps.Product: product,
    steps.Bias: bias,
    steps.Scale: scale,
    steps.Rescale: lambda step, shape, weight: same_if(
        math.isfinite(step.scale) and math.isfinite(step.offset), shape
    ),
    steps.Apply: lambda step, shape, weight: shape,
    steps.Head: lambda step, shape, weight: (
        *same_if(0 < step.size <= shape[-1], shape)[:-1],
        step.size,
    ),
    steps.Largest: lambda step, shape, weight: same_if(0 < step.k <= shape[-1], shape),
    steps.Reshape: lambda step, shape, weight: same_if(
        math.prod(step.shape) == math.prod(shape), step.shape
    ),
    steps.Pad: pad,
    steps.Crop: crop,
    steps.WindowProduct: window_product,
    steps.WindowProductTransposed: window_product_transposed,
    steps.MaxPool: lambda step, shape, weight: windows(shape, *step),
    steps.AveragePool: lambda step, shape, weight: windows(
        pad(step, shape, weight), step.size, step.strides
    ),
    steps.Repeat: repeat,
}
