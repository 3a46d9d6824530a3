"""The shape of a sample between steps, for programs in which sizes are written out.

What does not fit is refused before anything is written: a program in C would go beyond its arrays.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..checks.arguments import sizes
from ..checks.arrays import shape_text
from ..layers import steps
from ..layers.layer import Layer
from ..layers.steps import Pair, Step

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


def same_if(fits: bool, shape: Shape) -> Shape:
    """The shape, where the step fits it."""
    if not fits:
        raise ValueError(shape)
    return shape


def with_weight(step: Any, shape: Shape, weight: np.ndarray) -> Shape:
    """Number by number, the weight repeated as NumPy does."""
    return same_if(np.broadcast_shapes(shape, weight.shape) == shape, shape)


def product(step: steps.Product, shape: Shape, W: np.ndarray) -> Shape:
    inputs, units = W.shape
    return (*same_if(inputs == shape[-1], shape)[:-1], units)


def bias(step: steps.Bias, shape: Shape, weight: np.ndarray) -> Shape:
    return same_if(np.broadcast_shapes(shape[-1:], weight.shape) == shape[-1:], shape)


def pad(step: steps.Pad, shape: Shape, weight: None) -> Shape:
    rows, columns, channels = shape
    fits = min(step.rows + step.columns) >= 0
    return same_if(fits, (rows + sum(step.rows), columns + sum(step.columns), channels))


def crop(step: steps.Crop, shape: Shape, weight: None) -> Shape:
    first, counts = zip(step.rows, step.columns, strict=True)
    ends = (sum(step.rows), sum(step.columns))
    fits = min(first) >= 0 and ends[0] <= shape[0] and ends[1] <= shape[1]
    return (*same_if(fits, counts), shape[2])


def windows(shape: Shape, size: Pair, strides: Pair) -> Shape:
    """How many windows lie inside an image, down and to the right."""
    rows, columns, _ = shape
    sides = zip((rows, columns), sizes("size", size), sizes("strides", strides), strict=True)
    return tuple((side - window) // stride + 1 for side, window, stride in sides)


def window_product(step: steps.WindowProduct, shape: Shape, W: np.ndarray) -> Shape:
    *size, channels, filters = W.shape
    counts = windows(shape, (size[0], size[1]), step.strides)
    return (*same_if(channels == shape[2], counts), filters)


def window_product_transposed(
    step: steps.WindowProductTransposed, shape: Shape, W: np.ndarray
) -> Shape:
    *size, filters, channels = W.shape
    sides = zip(shape[:2], sizes("strides", step.strides), size, strict=True)
    after = tuple((side - 1) * stride + window for side, stride, window in sides)
    return (*same_if(channels == shape[2], after), filters)


def average_pool(step: steps.AveragePool, shape: Shape, weight: None) -> Shape:
    padded = pad(steps.Pad(step.rows, step.columns), shape, None)
    return (*windows(padded, step.size, step.strides), shape[2])


def repeat(step: steps.Repeat, shape: Shape, weight: None) -> Shape:
    rows, columns, channels = shape
    return rows * step.rows, columns * step.columns, channels


# One for each primitive step: from the shape of a sample to the next
SHAPES: dict[type[Step], Callable[[Any, Shape, Any], Shape]] = {
    steps.Product: product,
    steps.Bias: bias,
    steps.Scale: with_weight,
    steps.Apply: lambda step, shape, weight: shape,
    steps.Reshape: lambda step, shape, weight: same_if(
        math.prod(step.shape) == math.prod(shape), step.shape
    ),
    steps.Pad: pad,
    steps.Crop: crop,
    steps.WindowProduct: window_product,
    steps.WindowProductTransposed: window_product_transposed,
    steps.MaxPool: lambda step, shape, weight: (*windows(shape, *step), shape[2]),
    steps.AveragePool: average_pool,
    steps.Repeat: repeat,
}
